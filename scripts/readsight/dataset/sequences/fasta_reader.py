"""Reader of FASTA sequences as text, plain or gzip. Standard library only."""

import re
from collections.abc import Iterator

from readsight.dataset.sequences import alphabet, loci
from readsight.dataset.sequences.format_detection import read_bytes
from readsight.dataset.sequences.records import FileFaults, Records, is_mostly_ambiguous
from readsight.errors import InputError

KEY_VALUE = re.compile(r"(?:^|\s)([A-Za-z_][\w.]*)=(\S+)")


def read_fasta(path: str, limit: int | None = None) -> Records:
    """All sequences of a file. limit: read only this many (unpacked) bytes, without a truncated last record.

    Names end at the first blank; `key=value` pairs after the name become columns. Raises InputError, with rows and columns, for
    invalid letters, RNA, proteins, and sequences that are empty or all N.
    """
    content, is_complete = read_bytes(path, limit)
    records, faults = Records(path, is_complete=is_complete), FileFaults(path)
    annotations: list[dict[str, str]] = []
    for row, title, body in _split_records(content, is_complete):
        name, _, description = title.partition(" ") if " " in title else title.partition("\t")
        sequence = body.translate(None, alphabet.BLANKS)
        if not name:
            faults.add("name", row, "a sequence has no name after '>'; add one")
        if fault := alphabet.describe_fault(sequence):
            _add_fault(faults, row, name, body, sequence, fault)
        records.names.append(name)
        records.sequences.append(sequence)
        records.rows.append(row)
        records.loci.append(loci.parse_locus_name(name, description, len(sequence)))
        annotations.append(dict(KEY_VALUE.findall(description)) if "=" in description else {})
    if not records.sequences:
        faults.add("empty", 1, "contains no sequence; FASTA needs a line '>name' followed by lines of bases")
    if not faults and is_mostly_ambiguous(records.sequences):
        faults.add("protein", records.rows[0], "most letters are not bases: this looks like a protein file; DNA is required")
    if faults:
        raise InputError(faults)
    columns = dict.fromkeys(key for annotation in annotations for key in annotation)
    records.columns = {column: [annotation.get(column, "") for annotation in annotations] for column in columns}
    return records


def _split_records(content: bytes, is_complete: bool) -> Iterator[tuple[int, str, bytes]]:
    """(row, title, lines of bases) of each record; without the last one if the file was truncated."""
    start = content.index(b">")
    row = content.count(b"\n", 0, start) + 1
    blocks = content[start + 1 :].split(b"\n>")
    for block in blocks if is_complete else blocks[:-1]:
        title, _, body = block.partition(b"\n")
        yield row, title.decode(errors="replace").strip(), body
        row += block.count(b"\n") + 1


def _add_fault(faults: FileFaults, row: int, name: str, body: bytes, sequence: bytes, fault: str) -> None:
    """Add a record's fault, with row and column of its first invalid letter."""
    position = alphabet.find_first_odd(sequence)
    kind = " ".join(fault.split()[:3]).rstrip(",;")
    if position is None:
        faults.add(kind, row, f"sequence {name!r} {fault}")
        return
    letter = sequence[position : position + 1]
    for number, line in enumerate(body.split(b"\n"), start=row + 1):
        if letter in line.strip():
            faults.add(kind, number, f"sequence {name!r} {fault}", str(line.index(letter) + 1))
            return
