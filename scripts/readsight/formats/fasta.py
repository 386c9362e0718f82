"""Normalisation of a reference genome to a form that all tools accept."""

import gzip
import hashlib
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from readsight.errors import InputError
from readsight.formats.compression import is_gzip

WIDTH = 60
BLOCK = 1 << 22
# Contig names allowed in SAM and VCF.
NAME = re.compile(r"[0-9A-Za-z!#$%&+./:;?@^_|~-][0-9A-Za-z!#$%&*+./:;=?@^_|~-]*")


def _build_translation() -> bytes:
    """Translation table to upper case; IUPAC ambiguity codes and X become N, other characters become `!`."""
    table = bytearray(b"!" * 256)
    for letter in "RYSWKMBDHVNX":
        table[ord(letter)] = table[ord(letter.lower())] = ord("N")
    for letter in "ACGT":
        table[ord(letter)] = table[ord(letter.lower())] = ord(letter)
    return bytes(table)


TRANSLATION = _build_translation()


class Contig:
    """A contig that is being written: offset and length for the index, checksum for the dictionary."""

    def __init__(self, name: str, offset: int):
        self.name = name
        self.offset = offset
        self.length = 0
        self.md5 = hashlib.md5(usedforsecurity=False)
        self.remainder = b""

    def index_line(self) -> str:
        """Line of the .fai, as samtools writes it."""
        width = min(WIDTH, self.length)
        return f"{self.name}\t{self.length}\t{self.offset}\t{width}\t{width + 1}\n"


def normalise(source: Path, fasta: Path, fai: Path, dictionary: Path) -> None:
    """Write a reference with its index and sequence dictionary, in one pass.

    source: FASTA, plain, gzip or bgzip. Descriptions after the contig names are
    dropped. Raises InputError if the file is not a genome.
    """
    contigs: dict[str, Contig] = {}
    try:
        with open_source(source) as lines, open(fasta, "wb") as out:
            current = None
            for name, bases in iterate_pieces(lines, source):
                if name is not None:
                    _finish_contig(current, out, source)
                    if name in contigs:
                        raise InputError(f"{source}: contig {name!r} occurs twice; contig names must be unique")
                    out.write(f">{name}\n".encode())
                    current = contigs[name] = Contig(name, out.tell())
                _write_bases(current, bases, out, source)
            _finish_contig(current, out, source)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"{source}: damaged gzip file, perhaps truncated while it was copied ({error})") from None
    if not contigs:
        raise InputError(f"{source}: empty; a reference genome in FASTA format is needed")
    fai.write_text("".join(c.index_line() for c in contigs.values()))
    sq = "".join(f"@SQ\tSN:{c.name}\tLN:{c.length}\tM5:{c.md5.hexdigest()}\n" for c in contigs.values())
    dictionary.write_text("@HD\tVN:1.6\n" + sq)


def open_source(source: Path) -> BinaryIO:
    return gzip.open(source, "rb") if is_gzip(source) else open(source, "rb")


def iterate_pieces(lines: BinaryIO, source: Path) -> Iterator[tuple[str | None, bytes]]:
    """Yield (name, bases) at the start of a contig and (None, bases) for its continuation; bases include line ends."""
    has_begun = False
    while block := lines.read(BLOCK) + lines.readline():
        head, *records = (b"\n" + block).split(b"\n>")
        if head.strip():
            if not has_begun:
                raise InputError(f"{source}: not FASTA: it does not begin with a line like '>chr1'")
            yield None, head
        for record in records:
            has_begun = True
            title, _, bases = record.partition(b"\n")
            yield _parse_name(title, source), bases


def _parse_name(title: bytes, source: Path) -> str:
    fields = title.decode(errors="replace").split()
    if not fields:
        raise InputError(f"{source}: a contig has no name after its '>'")
    if not NAME.fullmatch(fields[0]):
        raise InputError(f"{source}: contig name {fields[0]!r} has a character that is not allowed in SAM files")
    return fields[0]


def _write_bases(contig: Contig, bases: bytes, out: BinaryIO, source: Path) -> None:
    """Write complete lines; keep the remainder for the next piece."""
    clean = bases.translate(TRANSLATION, b"\n\r \t")
    if b"!" in clean:
        raise InputError(describe_foreign_letters(contig.name, bases, source))
    contig.length += len(clean)
    contig.md5.update(clean)
    clean = contig.remainder + clean
    full_length = len(clean) - len(clean) % WIDTH
    if full_length:
        out.write(b"\n".join([clean[i : i + WIDTH] for i in range(0, full_length, WIDTH)]) + b"\n")
    contig.remainder = clean[full_length:]


def _finish_contig(contig: Contig | None, out: BinaryIO, source: Path) -> None:
    if contig is None:
        return
    if contig.length == 0:
        raise InputError(f"{source}: contig {contig.name!r} has no sequence")
    if contig.remainder:
        out.write(contig.remainder + b"\n")


def describe_foreign_letters(name: str, bases: bytes, source: Path) -> str:
    letters = sorted({chr(b) for b in bases.translate(None, b"\n\r \t") if TRANSLATION[b] == ord("!")})
    letter_list = ", ".join(map(repr, letters[:6]))
    if set("".join(letters).upper()) & set("EFILPQ"):
        return f"{source}: contig {name!r} looks like a protein ({letter_list}); a reference genome of DNA is needed"
    if set("".join(letters).upper()) == {"U"}:
        return f"{source}: contig {name!r} is RNA (it has U); a reference genome of DNA is needed"
    return f"{source}: contig {name!r} holds {letter_list}, which {'is not a base' if len(letters) == 1 else 'are not bases'}"
