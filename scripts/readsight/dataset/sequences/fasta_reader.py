"""Read sequences of FASTA, plain or gzip, as text. With the standard library alone."""

import re
from collections.abc import Iterator

from readsight.dataset.sequences import alphabet, loci
from readsight.dataset.sequences.format_detection import data
from readsight.dataset.sequences.records import Faults, Records, mostly_ambiguous
from readsight.errors import InputError

WORD = re.compile(r"(?:^|\s)([A-Za-z_][\w.]*)=(\S+)")


def read(path: str, limit: int | None = None) -> Records:
    """All sequences of a file; limit: of its first bytes alone (unpacked), a cut record left out.

    Names end at the first blank; words `key=value` behind them are columns. Raises InputError, with rows and columns, for
    letters that are no bases, for RNA and proteins, and for sequences that are empty or all N.
    """
    content, whole = data(path, limit)
    found, faults = Records(path, whole=whole), Faults(path)
    words: list[dict[str, str]] = []
    for row, title, body in _blocks(content, whole):
        name, _, described = title.partition(" ") if " " in title else title.partition("\t")
        sequence = body.translate(None, alphabet.BLANKS)
        if not name:
            faults.note("name", row, "a sequence has no name behind its '>'; name it")
        if wrong := alphabet.fault(sequence):
            _note(faults, row, name, body, sequence, wrong)
        found.names.append(name)
        found.sequences.append(sequence)
        found.rows.append(row)
        found.loci.append(loci.of_name(name, described, len(sequence)))
        words.append(dict(WORD.findall(described)) if "=" in described else {})
    if not found.sequences:
        faults.note("empty", 1, "holds no sequence; FASTA has a line '>name' and lines of bases")
    if not faults and mostly_ambiguous(found.sequences):
        faults.note("protein", found.rows[0], "its letters are mostly no bases: it looks like a file of proteins; DNA is needed")
    if faults:
        raise InputError(faults)
    columns = dict.fromkeys(key for own in words for key in own)
    found.said = {column: [own.get(column, "") for own in words] for column in columns}
    return found


def _blocks(content: bytes, whole: bool) -> Iterator[tuple[int, str, bytes]]:
    """(row, title, lines of bases) of each record; of a file that was cut, not the last."""
    start = content.index(b">")
    row = content.count(b"\n", 0, start) + 1
    blocks = content[start + 1 :].split(b"\n>")
    for block in blocks if whole else blocks[:-1]:
        title, _, body = block.partition(b"\n")
        yield row, title.decode(errors="replace").strip(), body
        row += block.count(b"\n") + 1


def _note(faults: Faults, row: int, name: str, body: bytes, sequence: bytes, wrong: str) -> None:
    """Say what is wrong with a record, and in which row and column its first odd letter stands."""
    place = alphabet.first_odd(sequence)
    kind = " ".join(wrong.split()[:3]).rstrip(",;")
    if place is None:
        faults.note(kind, row, f"sequence {name!r} {wrong}")
        return
    letter = sequence[place : place + 1]
    for number, line in enumerate(body.split(b"\n"), start=row + 1):
        if letter in line.strip():
            faults.note(kind, number, f"sequence {name!r} {wrong}", str(line.index(letter) + 1))
            return
