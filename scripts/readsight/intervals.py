"""Sets of genome intervals, read from BED: what lies inside, what is touched."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from readsight.errors import InputError


class Intervals:
    """Merged intervals by contig; 0-based half-open.

    spans: contig → list of (start, end), in any order.
    """

    def __init__(self, spans: dict[str, list[tuple[int, int]]]):
        self.starts: dict[str, np.ndarray] = {}
        self.ends: dict[str, np.ndarray] = {}
        for contig, given in spans.items():
            merged = list(_merge(sorted(given)))
            self.starts[contig] = np.array([s for s, _ in merged], dtype=np.int64)
            self.ends[contig] = np.array([e for _, e in merged], dtype=np.int64)

    @property
    def length(self) -> int:
        """Bases covered."""
        return int(sum((self.ends[c] - self.starts[c]).sum() for c in self.starts))

    def contain(self, contig: str, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Whether each [start, end) lies whole inside one interval. starts, ends: (n,). Returns (n,) bool."""
        if contig not in self.starts or not len(self.starts[contig]):
            return np.zeros(len(starts), dtype=bool)
        place = np.searchsorted(self.starts[contig], starts, side="right") - 1
        return (place >= 0) & (ends <= self.ends[contig][np.maximum(place, 0)])

    def touch(self, contig: str, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Whether each non-empty [start, end) shares a base with any interval. Returns (n,) bool."""
        if contig not in self.starts or not len(self.starts[contig]):
            return np.zeros(len(starts), dtype=bool)
        before = np.searchsorted(self.starts[contig], ends, side="left")
        ended = np.searchsorted(self.ends[contig], starts, side="right")
        return before > ended


def _merge(spans: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    current: tuple[int, int] | None = None
    for start, end in spans:
        if current and start <= current[1]:
            current = (current[0], max(current[1], end))
        else:
            if current:
                yield current
            current = (start, end)
    if current:
        yield current


def read_bed(path: Path, lengths: dict[str, int]) -> Intervals:
    """Read a BED file, plain or gzipped. lengths: contig → bases, of the reference.

    Raises InputError, with file and row, for what is not BED, for a contig that the
    reference lacks, and for an interval past its contig's end.
    """
    spans: dict[str, list[tuple[int, int]]] = {}
    faults: list[str] = []
    with gzip.open(path, "rt") if _gzipped(path) else open(path) as handle:
        for row, line in enumerate(handle, start=1):
            if not line.strip() or line.startswith(("#", "track", "browser")):
                continue
            fault = _take(line.split(), lengths, spans)
            if fault:
                faults.append(f"{path}, row {row}: {fault}")
                if len(faults) == 5:
                    break
    if faults:
        raise InputError(faults)
    return Intervals(spans)


def _take(fields: list[str], lengths: dict[str, int], spans: dict[str, list[tuple[int, int]]]) -> str | None:
    """Add a row's interval; or say its fault."""
    if len(fields) < 3 or not (fields[1].isdigit() and fields[2].isdigit()):
        return "not BED: contig, start and end are needed, tab-separated, start and end whole numbers"
    contig, start, end = fields[0], int(fields[1]), int(fields[2])
    if contig not in lengths:
        return f"contig {contig!r} is not in the reference, which has {_few(lengths)}"
    if not start <= end <= lengths[contig]:
        return f"interval {start}–{end} does not lie in {contig}, which has {lengths[contig]} bases"
    spans.setdefault(contig, []).append((start, end))
    return None


def _few(names: dict[str, int]) -> str:
    listed = list(names)
    return ", ".join(listed[:5]) + (f" and {len(listed) - 5} more" if len(listed) > 5 else "")


def _gzipped(path: Path) -> bool:
    with open(path, "rb") as handle:
        return handle.read(2) == b"\x1f\x8b"
