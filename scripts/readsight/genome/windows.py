"""Windows of a genome: cut as one array, or lazily from a list or tiling of up to hundreds of millions of windows.

A window is (contig, start, length), 0-based, as codes of its strand: 0–3 are A, C, G, T, 4 is N. A window that reaches past its
contig is refused (`error`), padded with N (`pad`) or dropped (`drop`).
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
MAX_SHOWN = 10


def cut_windows(
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

    Parameters
    ----------
    contigs : (n,) indices into `genome.names`, or names.
    starts : (n,).
    strands : (n,) of +, - and .; windows on - are reverse complements.
    outside : policy; with `drop` only windows for which `is_inside` is true are returned.
    jitter : each window is shifted by up to this many bases, drawn from rng; a window inside its contig stays inside.

    Raises
    ------
    InputError if windows are refused.
    """
    contigs, starts = _index_contigs(genome, contigs), np.asarray(starts, np.int64)
    if jitter:
        starts = jitter_starts(genome, contigs, starts, length, jitter, rng or np.random.default_rng())
    if outside == "drop":
        is_kept = is_inside(genome, contigs, starts, length)
        contigs, starts = contigs[is_kept], starts[is_kept]
        strands = None if strands is None else np.asarray(strands)[is_kept]
    codes = cut_raw(genome, contigs, starts, length, padded=outside == "pad")
    np.bitwise_and(codes, BASE, out=codes)
    return orient_strands(codes, strands)


def cut_raw(genome: Genome, contigs: np.ndarray, starts: np.ndarray, length: int, padded: bool = False) -> np.ndarray:
    """Windows as stored, on the forward strand, with soft-masking: (n, length) uint8."""
    if not len(starts):
        return np.empty((0, length), np.uint8)
    fits = is_inside(genome, contigs, starts, length)
    if fits.all():
        return np.lib.stride_tricks.sliding_window_view(genome.raw, length)[genome.offsets[contigs] + starts]
    if not padded:
        raise InputError(describe_outside(genome, contigs[~fits], starts[~fits], length))
    stored = np.full((len(starts), length), N, np.uint8)
    if fits.any():
        stored[fits] = cut_raw(genome, contigs[fits], starts[fits], length)
    for row in np.flatnonzero(~fits):
        start, offset, size = int(starts[row]), int(genome.offsets[contigs[row]]), int(genome.sizes[contigs[row]])
        first, last = min(max(start, 0), size), max(min(start + length, size), 0)
        if first < last:
            stored[row, first - start : last - start] = genome.raw[offset + first : offset + last]
    return stored


def is_inside(genome: Genome, contigs: np.ndarray, starts: np.ndarray, length: int | np.ndarray) -> np.ndarray:
    """Whether windows are within their contigs, (n,) bool. length: common, or one per window."""
    return (starts >= 0) & (starts + length <= genome.sizes[contigs])


def jitter_starts(
    genome: Genome, contigs: np.ndarray, starts: np.ndarray, length: int, jitter: int, rng: np.random.Generator
) -> np.ndarray:
    """Starts shifted by up to `jitter` bases in either direction, (n,); windows inside their contigs stay inside."""
    last = genome.sizes[contigs] - length
    moved = starts + rng.integers(-jitter, jitter + 1, len(starts))
    return np.where((starts >= 0) & (starts <= last), np.clip(moved, 0, np.maximum(last, 0)), moved)


def orient_strands(codes: np.ndarray, strands: np.ndarray | Sequence[str] | None) -> np.ndarray:
    """Codes (n, length), with rows on - reverse-complemented in place."""
    if strands is not None:
        reverse_rows = np.flatnonzero(np.asarray(strands) == "-")
        codes[reverse_rows] = reverse_complement(codes[reverse_rows])
    return codes


def compute_repeat_fraction(genome: Genome, stored: np.ndarray) -> np.ndarray:
    """Fraction of each window that is soft-masked or N, (n,) float; NaN for a genome without masking. stored: from `cut_raw`."""
    if not genome.masked:
        return np.full(len(stored), np.nan)
    return ((stored & REPEAT != 0) | (stored & BASE == N)).mean(axis=1)


def _index_contigs(genome: Genome, contigs: np.ndarray | Sequence[str]) -> np.ndarray:
    contigs = np.asarray(contigs)
    return contigs if contigs.dtype.kind in "iu" else genome.index_contigs(contigs.tolist(), "windows")


def describe_outside(genome: Genome, contigs: np.ndarray, starts: np.ndarray, length: int | np.ndarray) -> list[str]:
    """Faults of windows that reach past their contigs, and remedies. length: common, or one per window."""
    ends = starts + length
    rows = [
        f"{genome.names[c]}:{s}-{e} reaches past its contig of {genome.sizes[c]:,} bases"
        for c, s, e in zip(contigs[:MAX_SHOWN].tolist(), starts[:MAX_SHOWN].tolist(), ends[:MAX_SHOWN].tolist(), strict=True)
    ]
    omitted = [f"… and {len(starts) - MAX_SHOWN:,} more windows"] if len(starts) > MAX_SHOWN else []
    return [*rows, *omitted, "set sequences.outside to pad or drop, or reduce sequences.length"]


class Windows:
    """Windows cut on access: `w[5]` is (length,), `w[5:9]` and `w[indices]` are (n, length) uint8.

    Memory is that of a batch plus the positions: 13 bytes per listed window, none for a tiling of the genome.
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
        """As `cut_windows`; refused or dropped windows are handled here, once."""
        contigs, starts = _index_contigs(genome, contigs), np.asarray(starts, np.int64)
        within = is_inside(genome, contigs, starts, length)
        if outside == "error" and not within.all():
            raise InputError(describe_outside(genome, contigs[~within], starts[~within], length))
        selection = within if outside == "drop" else slice(None)
        self.genome, self.length, self.jitter, self.rng = genome, length, jitter, rng
        self._contigs, self._starts = contigs[selection].astype(np.int32), starts[selection]
        self._is_reverse = None if strands is None else (np.asarray(strands) == "-")[selection]
        self._step: int | None = None

    @classmethod
    def from_tiling(
        cls, genome: Genome, length: int, step: int | None = None, jitter: int = 0, rng: np.random.Generator | None = None
    ) -> "Windows":
        """All windows at 0, step, 2 × step, … within every contig; step: `length` by default."""
        tiles = cls(genome, np.empty(0, np.int32), np.empty(0, np.int64), length, None, "pad", jitter, rng)
        tiles._step = step or length
        counts = np.maximum((genome.sizes - length) // tiles._step + 1, 0)
        tiles._starts = np.concatenate([[0], np.cumsum(counts)])  # windows before each contig
        return tiles

    @classmethod
    def from_bed(cls, genome: Genome, path: Path, length: int | None = None, outside: str = "error") -> "Windows":
        """Regions of a BED file, on their strand, resized to `length` around the centre; without `length` all must have one length."""
        table = bed.read(path)
        contigs = genome.index_contigs(table.chrom.tolist(), str(path))
        lengths = set((table.end - table.start).tolist()) if length is None else {length}
        if len(lengths) > 1:
            raise InputError(f"{path}: regions are of {min(lengths)} to {max(lengths)} bases; set a length")
        window_length = lengths.pop()
        return cls(
            genome, contigs, bed.centre_windows(table.start, table.end, window_length), window_length, table.strand, outside
        )

    def __len__(self) -> int:
        return len(self._starts) if self._step is None else int(self._starts[-1])

    def __getitem__(self, selection: Any) -> np.ndarray:
        if isinstance(selection, (int, np.integer)):
            return self[np.array([selection])][0]
        contigs, starts, strands = self.locate_windows(selection)
        return cut_windows(self.genome, contigs, starts, self.length, strands, "pad", self.jitter, self.rng)

    def locate_windows(self, selection: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """Indices into `genome.names` (n,), starts (n,) and strands (n,) of windows by slice, mask or indices."""
        if self._step is None:
            return (
                self._contigs[selection],
                self._starts[selection],
                None if self._is_reverse is None else np.where(self._is_reverse[selection], "-", "+"),
            )
        if isinstance(selection, slice):
            selection = np.arange(*selection.indices(len(self)))
        selection = np.asarray(selection)
        selection = (
            np.flatnonzero(selection) if selection.dtype == bool else np.where(selection < 0, selection + len(self), selection)
        )
        if len(selection) and not 0 <= selection.min() <= selection.max() < len(self):
            raise IndexError(f"windows are numbered 0 to {len(self) - 1}")
        contigs = np.searchsorted(self._starts, selection, side="right") - 1
        return contigs, (selection - self._starts[contigs]) * self._step, None

    def iterate_batches(self, size: int, rng: np.random.Generator | None = None) -> Iterator[np.ndarray]:
        """All windows, `size` at a time; with rng the batches come in random order, each of adjacent windows."""
        order = np.arange(0, len(self), size)
        for first in order if rng is None else rng.permutation(order):
            yield self[int(first) : int(first) + size]
