"""Motifs in minimal MEME format, read and written: https://meme-suite.org/meme/doc/meme-format.html."""

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

SUM = 0.02  # how far from 1 a row's sum may be: columns are rounded
MOST_SHOWN = 20
_SIZE = re.compile(r"(\w+)=\s*(\S+)")
HEAD = "MEME version 4\n\nALPHABET= ACGT\n\nstrands: + -\n\nBackground letter frequencies\nA 0.25 C 0.25 G 0.25 T 0.25\n"


@dataclass(frozen=True)
class Known:
    """A motif with its name. matrix: (width, 4), rows sum to 1. alias: another name; where there is one, people know that better.

    sites: how many words it was made of, 0 where this is not told.
    """

    name: str
    matrix: np.ndarray
    alias: str = ""
    sites: int = 0

    def __len__(self) -> int:
        return len(self.matrix)

    @property
    def label(self) -> str:
        """The name and, where there is one, the alias before it."""
        return f"{self.alias} ({self.name})" if self.alias and self.alias != self.name else self.name

    def turned(self) -> "Known":
        """The same of the other strand."""
        return replace(self, matrix=self.matrix[::-1, ::-1])


def read(path: Path, empty: bool = False) -> list[Known]:
    """Motifs of a file, gzip too, in its order. empty: whether a file without any motif will do.

    Raises InputError with all faults: each names the line, the motif, and what would be right.
    """
    reader = _Reader(str(path))
    for number, line in enumerate(_lines(Path(path)), start=1):
        reader.take(number, line.rstrip("\r\n"))
    return reader.end(empty)


def write(path: Path, motifs: Iterable[Known]) -> None:
    """Write motifs, that `read` reads back to six digits."""
    parts = [HEAD]
    for motif in motifs:
        parts.append(f"\nMOTIF {motif.name}{' ' * bool(motif.alias)}{motif.alias}\n")
        parts.append(f"letter-probability matrix: alength= 4 w= {len(motif)} nsites= {motif.sites} E= 0\n")
        parts += [" " + " ".join(f"{value:.6f}" for value in row) + "\n" for row in motif.matrix.tolist()]
    Path(path).write_text("".join(parts), encoding="utf-8")


def _lines(path: Path) -> list[str]:
    try:
        raw = path.read_bytes()
        return (gzip.decompress(raw) if is_gzip(path) else raw).decode("utf-8").splitlines()
    except OSError as error:
        why = "the gzip file is damaged" if isinstance(error, gzip.BadGzipFile) else (error.strerror or str(error))
        raise InputError(f"{path}: {why}") from None
    except (EOFError, zlib.error, UnicodeDecodeError):
        raise InputError(f"{path}: this is no text, or a gzip file that is cut short; give motifs in MEME format") from None


class _Reader:
    """Motifs and faults, line by line."""

    def __init__(self, path: str):
        self.path, self.faults, self.found = path, [], []
        self.name, self.alias, self.line = "", "", 0
        self.rows: list[list[float]] | None = None  # None until the motif's matrix begins
        self.width = self.sites = 0
        self.within = self.sound = self.versioned = False
        self.seen: dict[str, int] = {}

    def take(self, number: int, line: str) -> None:
        words = line.split()
        if line.startswith("MEME version"):
            self.versioned = True
        elif line.startswith("ALPHABET=") and line.partition("=")[2].strip() not in ("ACGT", "ACGU"):
            self.fault(number, f"the alphabet is {line.partition('=')[2].strip()!r}; motifs of DNA have ALPHABET= ACGT")
        elif words and words[0] == "MOTIF":
            self.close()
            self.begin(number, words)
        elif line.startswith("letter-probability matrix"):
            self.matrix(number, line)
        elif self.within and words and _number(words[0]) is not None:
            self.row(number, words)
        elif self.within and (words or self.rows):
            if words and not words[0].startswith("URL") and len(self.rows or []) < self.width:
                self.fault(number, f"motif {self.name}: {line.strip()[:40]!r} is no row of four numbers")
            self.within = False

    def begin(self, number: int, words: list[str]) -> None:
        self.name, self.alias, self.line = (words[1] if len(words) > 1 else ""), " ".join(words[2:]), number
        self.rows, self.width, self.within, self.sound = None, 0, False, True
        if not self.name:
            self.fault(number, "a motif has no name; write MOTIF and a name")
            self.name = f"motif of line {number}"
        elif self.name in self.seen:
            self.fault(number, f"motif {self.name} stands there twice, first in line {self.seen[self.name]}")
        self.seen.setdefault(self.name, number)

    def matrix(self, number: int, line: str) -> None:
        if not self.name:
            self.fault(number, "a matrix stands before any MOTIF line")
        said = dict(_SIZE.findall(line))
        if said.get("alength", "4") != "4":
            self.fault(number, f"motif {self.name}: alength= {said['alength']}; matrices of DNA have four columns")
        self.width = int(said.get("w", "0")) if said.get("w", "0").isdigit() else 0
        self.sites = int(_number(said.get("nsites", "0")) or 0)
        self.rows, self.within = [], True

    def row(self, number: int, words: list[str]) -> None:
        values = [_number(word) for word in words]
        if len(values) != 4 or None in values:
            self.fault(number, f"motif {self.name}: a row must hold four numbers, of A C G T, not {' '.join(words)[:60]!r}")
        elif min(values) < 0 or abs(sum(values) - 1) > SUM:
            shown = " ".join(words)[:60]
            self.fault(number, f"motif {self.name}: {shown!r} sums to {sum(values):.4g}; rows are probabilities and sum to 1")
        self.rows.append(values)

    def close(self) -> None:
        """The motif before this line is whole."""
        if not self.name:
            return
        if not self.rows:
            self.fault(self.line, f"motif {self.name} has no matrix (letter-probability matrix: and a row a base)")
        elif self.width and len(self.rows) != self.width:
            self.fault(self.line, f"motif {self.name} has {len(self.rows)} rows, and says w= {self.width}")
        elif self.sound:
            table = np.array(self.rows, dtype=float)
            self.found.append(Known(self.name, table / table.sum(axis=1, keepdims=True), self.alias, self.sites))

    def end(self, empty: bool) -> list[Known]:
        self.close()
        if not self.versioned:
            self.faults.insert(0, f"{self.path}: there is no line 'MEME version 4'; give motifs in MEME format")
        elif not self.seen and not empty:
            self.faults.append(f"{self.path}: there is no motif in it")
        if self.faults:
            more = len(self.faults) - MOST_SHOWN
            raise InputError(self.faults[:MOST_SHOWN] + ([f"{self.path}: and {more} faults more"] if more > 0 else []))
        return self.found

    def fault(self, number: int, words: str) -> None:
        self.sound = False
        self.faults.append(f"{self.path}: line {number}: {words}")


def _number(word: str) -> float | None:
    try:
        value = float(word)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
