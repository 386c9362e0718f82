"""Rankings of variants without a model: conservation, nearest gene, broken or created motifs, change of GC content."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from readsight.errors import InputError
from readsight.interpret.motifs.meme import NamedMotif
from readsight.interpret.variant_effects import allele_windows
from readsight.interpret.variant_effects.allele_windows import FORWARD
from readsight.interpret.variant_effects.variants import AlleleTable

STEPS_PER_BIT = 100  # resolution of log odds
SITE_FRACTION = 1e-4  # fraction of random sequences that score as high as a site
MIN_PROBABILITY = 1e-3  # smallest probability of a base
MAX_SCORES = 2**24  # scores per batch
MAX_VARIANTS = 1024  # variants per batch
N = 4


def compute_gc_change(variants: AlleleTable) -> np.ndarray:
    """Number of G and C in the alternative minus the reference allele, (n,)."""
    sums = np.concatenate([[0], np.cumsum((variants.new == 1) | (variants.new == 2))])
    change = (sums[variants.new_at[1:]] - sums[variants.new_at[:-1]]).astype(np.int64)
    single = variants.end - variants.start == 1
    genome = variants.genome
    bases = genome.raw[genome.offsets[variants.contig[single]] + variants.start[single]] & 7
    change[single] -= (bases == 1) | (bases == 2)
    for i in np.flatnonzero(~single).tolist():
        old_codes = variants.get_old_codes(i)
        change[i] -= int(((old_codes == 1) | (old_codes == 2)).sum())
    return change


def read_info_scores(variants: AlleleTable, key: str) -> np.ndarray:
    """Values of an INFO key, (n,) float32; NaN if missing. Raises InputError for values that are not numbers."""
    texts, faults = variants.info[key], []
    scores = np.full(len(variants), np.nan, np.float32)
    for i, text in enumerate(texts):
        if text in ("", "."):
            continue
        try:
            scores[i] = float(text)
        except ValueError:
            faults.append(f"{variants.source}, row {variants.row[i]}, INFO {key}: {text!r} is not a number")
    if faults:
        raise InputError(faults[:5] + [f"{variants.source}: … and {len(faults) - 5:,} more rows"] * (len(faults) > 5))
    return scores


def read_bigwig_scores(variants: AlleleTable, path: Path) -> np.ndarray:
    """Mean of a bigWig over each changed interval (the adjacent bases of insertions), (n,) float32; NaN without values.

    Raises InputError if the file is not a bigWig or its contigs do not match the genome.
    """
    import pyBigWig

    try:
        bigwig = pyBigWig.open(str(path))
    except RuntimeError:
        raise InputError(f"interpret.variants.conservation: {path} is not a bigWig file") from None
    with bigwig:
        sizes = bigwig.chroms()
        lengths = variants.genome.lengths
        mismatched = [name for name in lengths if name in sizes and sizes[name] != lengths[name]]
        if mismatched or not any(name in sizes for name in lengths):
            problem = (
                f"contig {mismatched[0]!r} has {sizes[mismatched[0]]:,} bases there, but {lengths[mismatched[0]]:,} in the genome"
                if mismatched
                else "it has no contig of the genome"
            )
            raise InputError(f"interpret.variants.conservation: {path}: {problem}; use a file of the same genome build")
        scores = np.full(len(variants), np.nan, np.float32)
        for i in range(len(variants)):
            name = variants.genome.names[variants.contig[i]]
            if name not in sizes:
                continue
            low, high = int(variants.start[i]), int(variants.end[i])
            if low == high:
                low, high = max(low - 1, 0), min(high + 1, sizes[name])
            values = bigwig.values(name, low, high, numpy=True)
            if np.isfinite(values).any():
                scores[i] = np.nanmean(values)
    return scores


class MotifScorer:
    """Log odds of known motifs on both strands, against equal base frequencies.

    Attributes
    ----------
    table : (4 × width, 2 × motifs), bits of each base and position, motifs left-aligned and padded with 0.
    widths : (motifs,).
    thresholds : (motifs,), bits that a fraction SITE_FRACTION of random sequences reaches.
    """

    def __init__(self, motifs: Iterable[NamedMotif]):
        motifs = list(motifs)
        self.names = [motif.label for motif in motifs]
        self.widths = np.array([len(motif) for motif in motifs])
        self.width = int(self.widths.max())
        table = np.zeros((2, len(motifs), self.width, 4), np.float32)
        for i, motif in enumerate(motifs):
            bits = np.log2(
                np.maximum(motif.matrix, MIN_PROBABILITY)
                / np.maximum(motif.matrix, MIN_PROBABILITY).sum(axis=1, keepdims=True)
                * 4
            )
            table[0, i, : len(motif)], table[1, i, : len(motif)] = bits, bits[::-1, ::-1]
        self.thresholds = np.array([compute_threshold(table[0, i, : len(motif)]) for i, motif in enumerate(motifs)], np.float32)
        self.table = np.ascontiguousarray(table.reshape(2 * len(motifs), -1).T)

    def score_best_sites(self, codes: np.ndarray, size: np.ndarray) -> np.ndarray:
        """Highest log odds of each motif over sites that overlap the allele, (m, motifs), at least the threshold.

        codes: (m, positions): width − 1 bases, the allele of `size` (m,) bases, as many bases after it, and the following
        ones.
        """
        positions = codes.shape[1] - self.width + 1
        onehot = np.eye(5, 4, dtype=np.float32)[codes]
        windows = np.lib.stride_tricks.sliding_window_view(onehot, (self.width, 4), axis=(1, 2))[:, :, 0]
        scores = (windows.reshape(len(codes) * positions, -1) @ self.table).reshape(len(codes), positions, 2, -1)
        begin = np.arange(positions)[None, :, None]
        # a site of w bases from here overlaps the allele, or spans the junction of an empty allele
        is_overlapping = (begin >= self.width - self.widths) & (begin <= self.width - 2 + size[:, None, None])
        scores = np.where(is_overlapping[:, :, None], scores, -np.inf).max(axis=(1, 2))
        return np.maximum(scores, self.thresholds)

    def score_changes(self, variants: AlleleTable) -> tuple[np.ndarray, np.ndarray]:
        """Largest absolute change of the best log odds over motifs, (n,) float32 bits, and the number of that motif.

        Only sites above the threshold, with either allele, are counted.
        """
        largest, which = np.zeros(len(variants), np.float32), np.full(len(variants), -1, np.int32)
        sizes = np.maximum(variants.sizes, variants.end - variants.start)
        order = np.argsort(sizes, kind="stable")
        start = 0
        while start < len(order):
            widest = int(sizes[order[min(start + MAX_VARIANTS, len(order)) - 1]])
            positions = 2 * (self.width - 1) + widest
            rows = order[start : start + max(1, min(MAX_VARIANTS, MAX_SCORES // (positions * self.table.shape[1])))]
            start += len(rows)
            change = self._score_rows(variants, rows, self.width - 1, positions)
            top = np.abs(change).argmax(axis=1)
            largest[rows], which[rows] = np.abs(change)[np.arange(len(rows)), top], top
        which[largest == 0] = -1
        return largest, which

    def _score_rows(self, variants: AlleleTable, rows: np.ndarray, offset: int, positions: int) -> np.ndarray:
        begins = allele_windows.compute_starts(variants, rows, FORWARD, offset, positions)
        reference = allele_windows.read_reference_windows(variants, variants.contig[rows], begins, FORWARD, positions)
        alternative = allele_windows.build_alternative_windows(variants, rows, FORWARD, offset, positions)
        old, new = variants.end[rows] - variants.start[rows], variants.sizes[rows]
        return self.score_best_sites(alternative, new) - self.score_best_sites(reference, old)


def compute_threshold(bits: np.ndarray) -> float:
    """Lowest log odds (bits) that at most SITE_FRACTION of all sequences reach; the maximum if these are too few. bits:
    (width, 4).
    """
    steps = np.round(bits * STEPS_PER_BIT).astype(int)
    minima = steps.min(axis=1)
    density = np.ones(1)
    for row, row_minimum in zip(steps, minima, strict=True):
        extended = np.zeros(len(density) + int((row - row_minimum).max()))
        for value in row - row_minimum:
            extended[value : value + len(density)] += density / 4
        density = extended
    tail = np.cumsum(density[::-1])[::-1]
    rare = np.flatnonzero(tail <= SITE_FRACTION)
    return float((rare[0] if len(rare) else len(density) - 1) + minima.sum()) / STEPS_PER_BIT
