"""Windows of a genome: many at once, or a hundred million that are cut out when they are asked for.

A window is (contig, start, length), 0-based, and codes of its strand: 0–3 are A, C, G, T, 4 is N. One that reaches past its
contig is refused (`error`), filled up with N (`pad`) or left out (`drop`).
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from readsight.errors import InputError
from readsight.formats import bed
from readsight.genome.codes import reverse_complement
from readsight.genome.store import BASE, REPEAT, Genome

N = 4
OUTSIDE = ("error", "pad", "drop")
MOST_SHOWN = 10


def windows(
    genome: Genome,
    contigs: np.ndarray | Sequence[str],
    starts: np.ndarray,
    length: int,
    strands: np.ndarray | Sequence[str] | None = None,
    outside: str = "error",
    jitter: int = 0,
    rng: np.random.Generator | None = None,
) -> np.ndarray:
    """Codes of windows, (n, length) uint8.

    contigs: (n,) places in `genome.names`, or names. starts: (n,). strands: (n,) of +, - and .; windows on - come as their
    reverse complement. outside: `drop` leaves out, so that fewer come back: those of which `inside` is true. jitter: each
    window is shifted by up to so many bases, drawn from rng; one inside its contig stays inside.
    Raises InputError where windows are refused.
    """
    contigs, starts = _places(genome, contigs), np.asarray(starts, np.int64)
    if jitter:
        starts = shifted(genome, contigs, starts, length, jitter, rng or np.random.default_rng())
    if outside == "drop":
        kept = inside(genome, contigs, starts, length)
        contigs, starts = contigs[kept], starts[kept]
        strands = None if strands is None else np.asarray(strands)[kept]
    found = raw(genome, contigs, starts, length, padded=outside == "pad")
    np.bitwise_and(found, BASE, out=found)
    return turned(found, strands)


def raw(genome: Genome, contigs: np.ndarray, starts: np.ndarray, length: int, padded: bool = False) -> np.ndarray:
    """Windows as they are stored, on the forward strand, soft-masked bases marked: (n, length) uint8."""
    if not len(starts):
        return np.empty((0, length), np.uint8)
    within = inside(genome, contigs, starts, length)
    if within.all():
        return np.lib.stride_tricks.sliding_window_view(genome.raw, length)[genome.offsets[contigs] + starts]
    if not padded:
        raise InputError(past(genome, contigs[~within], starts[~within], length))
    found = np.full((len(starts), length), N, np.uint8)
    if within.any():
        found[within] = raw(genome, contigs[within], starts[within], length)
    for row in np.flatnonzero(~within):
        start, offset, size = int(starts[row]), int(genome.offsets[contigs[row]]), int(genome.sizes[contigs[row]])
        first, last = min(max(start, 0), size), max(min(start + length, size), 0)
        if first < last:
            found[row, first - start : last - start] = genome.raw[offset + first : offset + last]
    return found


def inside(genome: Genome, contigs: np.ndarray, starts: np.ndarray, length: int | np.ndarray) -> np.ndarray:
    """Whether windows lie within their contigs, (n,) bool. length: of all, or of each."""
    return (starts >= 0) & (starts + length <= genome.sizes[contigs])


def shifted(
    genome: Genome, contigs: np.ndarray, starts: np.ndarray, length: int, jitter: int, rng: np.random.Generator
) -> np.ndarray:
    """Starts moved by up to `jitter` bases to either side, (n,); windows inside their contigs stay inside."""
    last = genome.sizes[contigs] - length
    moved = starts + rng.integers(-jitter, jitter + 1, len(starts))
    return np.where((starts >= 0) & (starts <= last), np.clip(moved, 0, np.maximum(last, 0)), moved)


def turned(codes: np.ndarray, strands: np.ndarray | Sequence[str] | None) -> np.ndarray:
    """Codes (n, length) of which those on - are reversed and complemented, in place."""
    if strands is not None:
        back = np.flatnonzero(np.asarray(strands) == "-")
        codes[back] = reverse_complement(codes[back])
    return codes


def repeats(genome: Genome, stored: np.ndarray) -> np.ndarray:
    """Part of each window that is soft-masked or N, (n,) float; NaN where the genome does not tell. stored: from `raw`."""
    if not genome.masked:
        return np.full(len(stored), np.nan)
    return ((stored & REPEAT != 0) | (stored & BASE == N)).mean(axis=1)


def _places(genome: Genome, contigs: np.ndarray | Sequence[str]) -> np.ndarray:
    contigs = np.asarray(contigs)
    return contigs if contigs.dtype.kind in "iu" else genome.index(contigs.tolist(), "windows")


def past(genome: Genome, contigs: np.ndarray, starts: np.ndarray, length: int | np.ndarray) -> list[str]:
    """Faults of windows that reach past their contigs, and what can be done. length: of all, or of each."""
    ends = starts + length
    rows = [
        f"{genome.names[c]}:{s}-{e} reaches past its contig of {genome.sizes[c]:,} bases"
        for c, s, e in zip(contigs[:MOST_SHOWN].tolist(), starts[:MOST_SHOWN].tolist(), ends[:MOST_SHOWN].tolist(), strict=True)
    ]
    more = [f"… and {len(starts) - MOST_SHOWN:,} windows more"] if len(starts) > MOST_SHOWN else []
    return [*rows, *more, "set sequences.outside to pad or drop, or sequences.length to less"]


class Windows:
    """Windows that are cut out when they are asked for: `w[5]` is (length,), `w[5:9]` and `w[indices]` are (n, length) uint8.

    Memory is that of a batch, and of the places: 13 bytes a window where they are listed, none where they tile the genome.
    """

    def __init__(
        self,
        genome: Genome,
        contigs: np.ndarray | Sequence[str],
        starts: np.ndarray,
        length: int,
        strands: np.ndarray | Sequence[str] | None = None,
        outside: str = "error",
        jitter: int = 0,
        rng: np.random.Generator | None = None,
    ):
        """As of `windows`; those that `outside` refuses are refused here, those that it drops are dropped."""
        contigs, starts = _places(genome, contigs), np.asarray(starts, np.int64)
        within = inside(genome, contigs, starts, length)
        if outside == "error" and not within.all():
            raise InputError(past(genome, contigs[~within], starts[~within], length))
        kept = within if outside == "drop" else slice(None)
        self.genome, self.length, self.jitter, self.rng = genome, length, jitter, rng
        self._contigs, self._starts = contigs[kept].astype(np.int32), starts[kept]
        self._back = None if strands is None else (np.asarray(strands) == "-")[kept]
        self._step: int | None = None

    @classmethod
    def tiling(
        cls, genome: Genome, length: int, step: int | None = None, jitter: int = 0, rng: np.random.Generator | None = None
    ) -> "Windows":
        """All windows at 0, step, 2 × step, … of every contig that lie within it; step: `length` by default."""
        found = cls(genome, np.empty(0, np.int32), np.empty(0, np.int64), length, None, "pad", jitter, rng)
        found._step = step or length
        counts = np.maximum((genome.sizes - length) // found._step + 1, 0)
        found._starts = np.concatenate([[0], np.cumsum(counts)])  # windows before each contig
        return found

    @classmethod
    def of_bed(cls, genome: Genome, path: Path, length: int | None = None, outside: str = "error") -> "Windows":
        """Regions of a BED file, on their strand, widened or cut to `length` about their centre; else as they are, of one length."""
        table = bed.read(path)
        contigs = genome.index(table.chrom.tolist(), str(path))
        lengths = set((table.end - table.start).tolist()) if length is None else {length}
        if len(lengths) > 1:
            raise InputError(f"{path}: regions are of {min(lengths)} to {max(lengths)} bases; set a length")
        own = lengths.pop()
        return cls(genome, contigs, bed.centred(table.start, table.end, own), own, table.strand, outside)

    def __len__(self) -> int:
        return len(self._starts) if self._step is None else int(self._starts[-1])

    def __getitem__(self, at: Any) -> np.ndarray:
        if isinstance(at, (int, np.integer)):
            return self[np.array([at])][0]
        contigs, starts, strands = self.places(at)
        return windows(self.genome, contigs, starts, self.length, strands, "pad", self.jitter, self.rng)

    def places(self, at: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """Places in `genome.names` (n,), starts (n,) and strands (n,) of windows by slice, mask or indices."""
        if self._step is None:
            return self._contigs[at], self._starts[at], None if self._back is None else np.where(self._back[at], "-", "+")
        if isinstance(at, slice):
            at = np.arange(*at.indices(len(self)))
        at = np.asarray(at)
        at = np.flatnonzero(at) if at.dtype == bool else np.where(at < 0, at + len(self), at)
        if len(at) and not 0 <= at.min() <= at.max() < len(self):
            raise IndexError(f"windows are numbered 0 to {len(self) - 1}")
        contigs = np.searchsorted(self._starts, at, side="right") - 1
        return contigs, (at - self._starts[contigs]) * self._step, None

    def batches(self, size: int, rng: np.random.Generator | None = None) -> Iterator[np.ndarray]:
        """All windows, `size` at a time; with rng whole batches come in random order, each of windows that stand together."""
        order = np.arange(0, len(self), size)
        for first in order if rng is None else rng.permutation(order):
            yield self[int(first) : int(first) + size]
