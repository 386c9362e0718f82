"""Memory-mapped genome codes on disk, from which windows are cut without reading the complete file.

The file of codes has all contigs end to end, one byte per base: 0–3 are A, C, G, T, and 4 is N (any IUPAC ambiguity code); 8 is added
for lower case (soft-masked repeats). A JSON file lists the contigs (name, length, offset); `masked` is false if all bases have the
same case.
"""

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from readsight.errors import InputError
from readsight.formats.contigs import alternative_name
from readsight.formats.fasta import describe_foreign_letters, iterate_pieces, open_source
from readsight.genome.codes import encode

BASE = 7
REPEAT = 8
_ENDS = b"\n\r \t"
_FOREIGN = 255
MAX_SHOWN = 10


def _build_table() -> bytes:
    """Letters to stored codes; 255 for letters that are not bases."""
    table = bytearray([_FOREIGN] * 256)
    for letter in "ACGTRYSWKMBDHVNX":
        code = "ACGT".find(letter)
        table[ord(letter)] = code if code >= 0 else 4
        table[ord(letter.lower())] = table[ord(letter)] | REPEAT
    return bytes(table)


TABLE = _build_table()


def build_genome(fasta: Path, codes: Path, contigs: Path) -> None:
    """Write a FASTA (plain, gzip or bgzip) as codes and a table of contigs, in one pass and constant memory.

    Raises InputError, naming contig and letters, for invalid DNA, and for contigs without name or sequence, or with duplicate names.
    """
    rows: dict[str, int] = {}
    cases = [0, 0]
    try:
        with open_source(fasta) as lines, open(codes, "wb") as output:
            for name, coded in _encode_lines(lines, fasta):
                if coded is None:
                    if name in rows:
                        raise InputError(f"{fasta}: contig {name!r} occurs twice; contig names must be unique")
                    rows[name] = 0
                    continue
                output.write(coded)
                rows[name] += len(coded)
                lower_case = int(np.count_nonzero(np.frombuffer(coded, np.uint8) & REPEAT))
                cases = [cases[0] + len(coded) - lower_case, cases[1] + lower_case]
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"{fasta}: damaged gzip file, perhaps truncated ({error})") from None
    empty = [f"{fasta}: contig {name!r} has no sequence" for name, length in rows.items() if not length]
    if empty or not rows:
        raise InputError(empty or f"{fasta}: empty; a reference genome in FASTA format is required")
    offsets = np.cumsum([0, *rows.values()]).tolist()
    table = [{"name": name, "length": rows[name], "offset": offset} for name, offset in zip(rows, offsets, strict=False)]
    contigs.write_text(json.dumps({"masked": all(cases), "contigs": table}, indent=1) + "\n")


def _encode_lines(lines: BinaryIO, fasta: Path) -> Iterator[tuple[str, bytes | None]]:
    """(name, None) at the start of a contig, then (name, codes) for each of its pieces."""
    current = ""
    for name, bases in iterate_pieces(lines, fasta):
        if name is not None:
            current = name
            yield current, None
        coded = bases.translate(TABLE, _ENDS)
        if _FOREIGN in coded:
            raise InputError(describe_foreign_letters(current, bases, fasta))
        if coded:
            yield current, coded


class Genome:
    """Contigs as codes, end to end.

    raw: (bases,) uint8, as stored: `raw & BASE` are codes, `raw & REPEAT` marks soft-masked bases. names: contigs. lengths: contig →
    bases. sizes, offsets: (contigs,) int64. masked: whether lower case marks repeats.
    """

    def __init__(self, raw: np.ndarray, lengths: Mapping[str, int], masked: bool):
        self.raw = np.asarray(raw)
        self.lengths = dict(lengths)
        self.names = list(self.lengths)
        self.sizes = np.array(list(self.lengths.values()), dtype=np.int64)
        self.offsets = np.cumsum(self.sizes) - self.sizes
        self.masked = masked
        self._positions = {name: i for i, name in enumerate(self.names)}
        self._files: tuple[Path, Path] | None = None

    @classmethod
    def open(cls, codes: Path, contigs: Path) -> "Genome":
        """Genome written by `build_genome`, memory-mapped."""
        description = json.loads(Path(contigs).read_text())
        lengths = {row["name"]: row["length"] for row in description["contigs"]}
        raw = np.memmap(codes, np.uint8, "r")
        if len(raw) != sum(lengths.values()):
            raise InputError(f"{codes}: {len(raw):,} bases, but {contigs} lists {sum(lengths.values()):,}; build both again")
        genome = cls(raw, lengths, description["masked"])
        genome._files = (Path(codes), Path(contigs))
        return genome

    @classmethod
    def from_text(cls, contigs: Mapping[str, str]) -> "Genome":
        """Genome from contigs given as text; lower case is soft-masked."""
        low = [np.char.islower(np.array(list(text))) for text in contigs.values()]
        raw = np.concatenate([encode(t) | (m * np.uint8(REPEAT)) for t, m in zip(contigs.values(), low, strict=True)])
        repeats = np.count_nonzero(raw & REPEAT)
        return cls(raw, {name: len(text) for name, text in contigs.items()}, bool(0 < repeats < len(raw)))

    def __reduce__(self) -> Any:
        """A memory-mapped genome is pickled as its file names, without its bases."""
        if self._files:
            return Genome.open, self._files
        return Genome, (self.raw, self.lengths, self.masked)

    def get_contig(self, name: str) -> np.ndarray:
        """Codes of a complete contig."""
        position = self._positions[name]
        return self.raw[self.offsets[position] : self.offsets[position] + self.sizes[position]] & BASE

    def get_codes(self, name: str, start: int, end: int) -> np.ndarray:
        """Codes of [start, end) of a contig, 0-based, within it."""
        offset = int(self.offsets[self._positions[name]])
        return self.raw[offset + start : offset + end] & BASE

    def index_contigs(self, names: Iterable[str], source: str) -> np.ndarray:
        """Indices of contigs by name, (n,) int64. Raises InputError, with hints on naming styles, for missing contigs.

        source: file that names them, for the message.
        """
        names = list(names)
        missing = [name for name in dict.fromkeys(names) if name not in self._positions]
        if missing:
            raise InputError(describe_missing_contigs(missing, self.names, source))
        return np.fromiter((self._positions[name] for name in names), np.int64, len(names))


def describe_missing_contigs(missing: list[str], known: list[str], source: str, where: str = "the genome") -> list[str]:
    """Faults of a file's contigs that are missing from the genome (or a second file, `where`); one fault if only the naming style differs."""
    renamed = [(name, known_name) for name in missing if (known_name := alternative_name(name)) in known]
    if renamed:
        name, known_name = renamed[0]
        return [f"{source}: contigs are named as {name!r} there but as {known_name!r} in {where}; rename the contigs of one file"]
    contig_list = ", ".join(map(repr, missing[:MAX_SHOWN])) + (
        f" and {len(missing) - MAX_SHOWN} more" * (len(missing) > MAX_SHOWN)
    )
    listed = ", ".join(map(repr, known[:4])) + (", …" * (len(known) > 4))
    return [f"{source}: {where} has no contig {contig_list}; it has {listed}; use files of one genome build"]
