"""Sets of genome intervals from BED: tests for containment and overlap."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from readsight.genome import intervals


class IntervalSet:
    """Merged intervals by contig; 0-based half-open.

    spans: contig → list of (start, end), in any order.
    """

    def __init__(self, spans: dict[str, list[tuple[int, int]]]):
        self.starts: dict[str, np.ndarray] = {}
        self.ends: dict[str, np.ndarray] = {}
        for contig, contig_spans in spans.items():
            merged = list(_merge_spans(sorted(contig_spans)))
            self.starts[contig] = np.array([s for s, _ in merged], dtype=np.int64)
            self.ends[contig] = np.array([e for _, e in merged], dtype=np.int64)

    @property
    def length(self) -> int:
        """Number of covered bases."""
        return int(sum((self.ends[c] - self.starts[c]).sum() for c in self.starts))

    def contains(self, contig: str, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Whether each [start, end) is completely inside one interval. starts, ends: (n,). Returns (n,) bool."""
        if contig not in self.starts or not len(self.starts[contig]):
            return np.zeros(len(starts), dtype=bool)
        index = np.searchsorted(self.starts[contig], starts, side="right") - 1
        return (index >= 0) & (ends <= self.ends[contig][np.maximum(index, 0)])

    def overlaps(self, contig: str, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Whether each non-empty [start, end) shares a base with an interval. Returns (n,) bool."""
        if contig not in self.starts or not len(self.starts[contig]):
            return np.zeros(len(starts), dtype=bool)
        started = np.searchsorted(self.starts[contig], ends, side="left")
        ended = np.searchsorted(self.ends[contig], starts, side="right")
        return started > ended


def _merge_spans(spans: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
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


def read_interval_set(path: Path, lengths: dict[str, int]) -> IntervalSet:
    """Interval set of a BED file, read by `intervals.read_bed`."""
    spans: dict[str, list[tuple[int, int]]] = {}
    for contig, start, end in intervals.read_bed(path, lengths):
        spans.setdefault(contig, []).append((start, end))
    return IntervalSet(spans)
