"""Reader and writer of motifs in minimal MEME format: https://meme-suite.org/meme/doc/meme-format.html."""

import gzip
import math
import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from readsight.errors import InputError
from readsight.formats.compression import is_gzip

SUM_TOLERANCE = 0.02  # tolerance of row sums, because values are rounded
MAX_FAULTS = 20
_SIZE = re.compile(r"(\w+)=\s*(\S+)")
HEADER = "MEME version 4\n\nALPHABET= ACGT\n\nstrands: + -\n\nBackground letter frequencies\nA 0.25 C 0.25 G 0.25 T 0.25\n"


@dataclass(frozen=True)
class NamedMotif:
    """A motif with its name.

    Attributes
    ----------
    matrix : (width, 4), rows sum to 1.
    alias : second, usually more familiar name; may be empty.
    sites : number of sequences that the matrix was built from, 0 if not known.
    """

    name: str
    matrix: np.ndarray
    alias: str = ""
    sites: int = 0

    def __len__(self) -> int:
        return len(self.matrix)

    @property
    def label(self) -> str:
        """The name, preceded by the alias if there is one."""
        return f"{self.alias} ({self.name})" if self.alias and self.alias != self.name else self.name

    def reverse_complement(self) -> "NamedMotif":
        """The motif on the reverse strand."""
        return replace(self, matrix=self.matrix[::-1, ::-1])


def read(path: Path, empty: bool = False) -> list[NamedMotif]:
    """Motifs of a file (also gzipped), in file order. empty: accept a file without motifs.

    Raises InputError with all faults: line, motif, and what would be right.
    """
    reader = _Reader(str(path))
    for number, line in enumerate(_read_lines(Path(path)), start=1):
        reader.read_line(number, line.rstrip("\r\n"))
    return reader.finish(empty)


def write(path: Path, motifs: Iterable[NamedMotif]) -> None:
    """Write motifs with six digits; `read` reads them back."""
    pieces = [HEADER]
    for motif in motifs:
        pieces.append(f"\nMOTIF {motif.name}{' ' * bool(motif.alias)}{motif.alias}\n")
        pieces.append(f"letter-probability matrix: alength= 4 w= {len(motif)} nsites= {motif.sites} E= 0\n")
        pieces += [" " + " ".join(f"{value:.6f}" for value in row) + "\n" for row in motif.matrix.tolist()]
    Path(path).write_text("".join(pieces), encoding="utf-8")


def _read_lines(path: Path) -> list[str]:
    try:
        raw = path.read_bytes()
        return (gzip.decompress(raw) if is_gzip(path) else raw).decode("utf-8").splitlines()
    except OSError as error:
        reason = "the gzip file is damaged" if isinstance(error, gzip.BadGzipFile) else (error.strerror or str(error))
        raise InputError(f"{path}: {reason}") from None
    except (EOFError, zlib.error, UnicodeDecodeError):
        raise InputError(f"{path}: not text, or a truncated gzip file; give motifs in MEME format") from None


class _Reader:
    """Line-by-line parser that collects motifs and faults."""

    def __init__(self, path: str):
        self.path, self.faults, self.motifs = path, [], []
        self.name, self.alias, self.line = "", "", 0
        self.rows: list[list[float]] | None = None  # None until the motif's matrix begins
        self.width = self.sites = 0
        self.in_matrix = self.is_valid = self.has_version = False
        self.first_lines: dict[str, int] = {}

    def read_line(self, number: int, line: str) -> None:
        fields = line.split()
        if line.startswith("MEME version"):
            self.has_version = True
        elif line.startswith("ALPHABET=") and line.partition("=")[2].strip() not in ("ACGT", "ACGU"):
            self.add_fault(number, f"the alphabet is {line.partition('=')[2].strip()!r}; motifs of DNA have ALPHABET= ACGT")
        elif fields and fields[0] == "MOTIF":
            self.end_motif()
            self.begin_motif(number, fields)
        elif line.startswith("letter-probability matrix"):
            self.begin_matrix(number, line)
        elif self.in_matrix and fields and _parse_number(fields[0]) is not None:
            self.add_row(number, fields)
        elif self.in_matrix and (fields or self.rows):
            if fields and not fields[0].startswith("URL") and len(self.rows or []) < self.width:
                self.add_fault(number, f"motif {self.name}: {line.strip()[:40]!r} is not a row of four numbers")
            self.in_matrix = False

    def begin_motif(self, number: int, fields: list[str]) -> None:
        self.name, self.alias, self.line = (fields[1] if len(fields) > 1 else ""), " ".join(fields[2:]), number
        self.rows, self.width, self.in_matrix, self.is_valid = None, 0, False, True
        if not self.name:
            self.add_fault(number, "a motif has no name; write MOTIF and a name")
            self.name = f"motif of line {number}"
        elif self.name in self.first_lines:
            self.add_fault(number, f"motif {self.name} occurs twice, first in line {self.first_lines[self.name]}")
        self.first_lines.setdefault(self.name, number)

    def begin_matrix(self, number: int, line: str) -> None:
        if not self.name:
            self.add_fault(number, "a matrix precedes any MOTIF line")
        sizes = dict(_SIZE.findall(line))
        if sizes.get("alength", "4") != "4":
            self.add_fault(number, f"motif {self.name}: alength= {sizes['alength']}; matrices of DNA have four columns")
        self.width = int(sizes.get("w", "0")) if sizes.get("w", "0").isdigit() else 0
        self.sites = int(_parse_number(sizes.get("nsites", "0")) or 0)
        self.rows, self.in_matrix = [], True

    def add_row(self, number: int, fields: list[str]) -> None:
        values = [_parse_number(field) for field in fields]
        if len(values) != 4 or None in values:
            self.add_fault(number, f"motif {self.name}: a row must hold four numbers, of A C G T, not {' '.join(fields)[:60]!r}")
        elif min(values) < 0 or abs(sum(values) - 1) > SUM_TOLERANCE:
            excerpt = " ".join(fields)[:60]
            self.add_fault(
                number, f"motif {self.name}: {excerpt!r} sums to {sum(values):.4g}; rows are probabilities and sum to 1"
            )
        self.rows.append(values)

    def end_motif(self) -> None:
        """Finish the motif before this line."""
        if not self.name:
            return
        if not self.rows:
            self.add_fault(self.line, f"motif {self.name} has no matrix (letter-probability matrix: and one row per base)")
        elif self.width and len(self.rows) != self.width:
            self.add_fault(self.line, f"motif {self.name} has {len(self.rows)} rows, but w= {self.width}")
        elif self.is_valid:
            table = np.array(self.rows, dtype=float)
            self.motifs.append(NamedMotif(self.name, table / table.sum(axis=1, keepdims=True), self.alias, self.sites))

    def finish(self, empty: bool) -> list[NamedMotif]:
        self.end_motif()
        if not self.has_version:
            self.faults.insert(0, f"{self.path}: there is no line 'MEME version 4'; give motifs in MEME format")
        elif not self.first_lines and not empty:
            self.faults.append(f"{self.path}: contains no motif")
        if self.faults:
            omitted = len(self.faults) - MAX_FAULTS
            raise InputError(self.faults[:MAX_FAULTS] + ([f"{self.path}: and {omitted} more faults"] if omitted > 0 else []))
        return self.motifs

    def add_fault(self, number: int, message: str) -> None:
        self.is_valid = False
        self.faults.append(f"{self.path}: line {number}: {message}")


def _parse_number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
