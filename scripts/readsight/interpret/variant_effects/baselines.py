"""What ranks variants without a model: conservation, the nearest gene, a motif that is broken or made, a change of GC content."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from readsight.errors import InputError
from readsight.interpret.motifs.meme import Known
from readsight.interpret.variant_effects import allele_windows
from readsight.interpret.variant_effects.allele_windows import FORWARD
from readsight.interpret.variant_effects.variants import Variants

STEP = 100  # steps of a bit that log odds are counted in
RARE = 1e-4  # part of random words that score as high as what counts as a site
LEAST = 1e-3  # least probability of a base in a motif
AT_ONCE = 2**24  # numbers of motifs' scores held at once
ROWS = 1024  # variants at once
N = 4


def gc_change(variants: Variants) -> np.ndarray:
    """How many G and C the alternative allele has more than the reference one, (n,)."""
    sums = np.concatenate([[0], np.cumsum((variants.new == 1) | (variants.new == 2))])
    found = (sums[variants.new_at[1:]] - sums[variants.new_at[:-1]]).astype(np.int64)
    single = variants.end - variants.start == 1
    genome = variants.genome
    there = genome.raw[genome.offsets[variants.contig[single]] + variants.start[single]] & 7
    found[single] -= (there == 1) | (there == 2)
    for i in np.flatnonzero(~single).tolist():
        own = variants.old(i)
        found[i] -= int(((own == 1) | (own == 2)).sum())
    return found


def of_info(variants: Variants, key: str) -> np.ndarray:
    """Numbers of an INFO key, (n,) float32; NaN where it is missing. Raises InputError for what is no number."""
    texts, faults = variants.said[key], []
    found = np.full(len(variants), np.nan, np.float32)
    for i, text in enumerate(texts):
        if text in ("", "."):
            continue
        try:
            found[i] = float(text)
        except ValueError:
            faults.append(f"{variants.source}, row {variants.row[i]}, INFO {key}: {text!r} is no number")
    if faults:
        raise InputError(faults[:5] + [f"{variants.source}: … and {len(faults) - 5:,} rows more"] * (len(faults) > 5))
    return found


def of_bigwig(variants: Variants, path: Path) -> np.ndarray:
    """Mean of a bigWig over what each variant changes, (n,) float32; of an insertion over the bases beside it. NaN where it says nothing.

    Raises InputError where the file is no bigWig, or has none of the genome's contigs, or others of other lengths.
    """
    import pyBigWig

    try:
        held = pyBigWig.open(str(path))
    except RuntimeError:
        raise InputError(f"interpret.variants.conservation: {path} is no bigWig file") from None
    with held:
        sizes = held.chroms()
        own = variants.genome.lengths
        wrong = [name for name in own if name in sizes and sizes[name] != own[name]]
        if wrong or not any(name in sizes for name in own):
            what = (
                f"contig {wrong[0]!r} has {sizes[wrong[0]]:,} bases there, and {own[wrong[0]]:,} in the genome"
                if wrong
                else "it has no contig of the genome"
            )
            raise InputError(f"interpret.variants.conservation: {path}: {what}; use a file of the same genome build")
        found = np.full(len(variants), np.nan, np.float32)
        for i in range(len(variants)):
            name = variants.genome.names[variants.contig[i]]
            if name not in sizes:
                continue
            low, high = int(variants.start[i]), int(variants.end[i])
            if low == high:
                low, high = max(low - 1, 0), min(high + 1, sizes[name])
            values = held.values(name, low, high, numpy=True)
            if np.isfinite(values).any():
                found[i] = np.nanmean(values)
    return found


class Motifs:
    """Known motifs as log odds against equal bases, of both strands, and what of them counts as a site.

    table: (4 × width, 2 × motifs), bits of each base at each place, motifs at the left of the width, 0 behind them. widths: (motifs,).
    least: (motifs,) bits that RARE words have or exceed.
    """

    def __init__(self, known: Iterable[Known]):
        known = list(known)
        self.names = [motif.label for motif in known]
        self.widths = np.array([len(motif) for motif in known])
        self.width = int(self.widths.max())
        table = np.zeros((2, len(known), self.width, 4), np.float32)
        for i, motif in enumerate(known):
            bits = np.log2(np.maximum(motif.matrix, LEAST) / np.maximum(motif.matrix, LEAST).sum(axis=1, keepdims=True) * 4)
            table[0, i, : len(motif)], table[1, i, : len(motif)] = bits, bits[::-1, ::-1]
        self.least = np.array([threshold(table[0, i, : len(motif)]) for i, motif in enumerate(known)], np.float32)
        self.table = np.ascontiguousarray(table.reshape(2 * len(known), -1).T)

    def best(self, codes: np.ndarray, size: np.ndarray) -> np.ndarray:
        """Highest log odds of each motif's words that hold any of the bases in the middle, (m, motifs), at least `least`.

        codes: (m, places); width − 1 bases, the `size` (m,) bases of an allele, as many again, and what follows.
        """
        places = codes.shape[1] - self.width + 1
        onehot = np.eye(5, 4, dtype=np.float32)[codes]
        words = np.lib.stride_tricks.sliding_window_view(onehot, (self.width, 4), axis=(1, 2))[:, :, 0]
        scores = (words.reshape(len(codes) * places, -1) @ self.table).reshape(len(codes), places, 2, -1)
        begin = np.arange(places)[None, :, None]
        # a word of w bases that begins here holds a base of the allele, or the border that an allele without bases is
        within = (begin >= self.width - self.widths) & (begin <= self.width - 2 + size[:, None, None])
        scores = np.where(within[:, :, None], scores, -np.inf).max(axis=(1, 2))
        return np.maximum(scores, self.least)

    def changes(self, variants: Variants) -> tuple[np.ndarray, np.ndarray]:
        """Of each variant the largest change of any motif's best log odds, (n,) float32 bits, gained or lost; and that motif's number.

        Only what counts as a site, with the one allele or the other, is gained or lost.
        """
        found, which = np.zeros(len(variants), np.float32), np.full(len(variants), -1, np.int32)
        sizes = np.maximum(variants.sizes, variants.end - variants.start)
        order = np.argsort(sizes, kind="stable")
        at = 0
        while at < len(order):
            widest = int(sizes[order[min(at + ROWS, len(order)) - 1]])
            places = 2 * (self.width - 1) + widest
            rows = order[at : at + max(1, min(ROWS, AT_ONCE // (places * self.table.shape[1])))]
            at += len(rows)
            change = self._of(variants, rows, self.width - 1, places)
            top = np.abs(change).argmax(axis=1)
            found[rows], which[rows] = np.abs(change)[np.arange(len(rows)), top], top
        which[found == 0] = -1
        return found, which

    def _of(self, variants: Variants, rows: np.ndarray, at: int, places: int) -> np.ndarray:
        begins = allele_windows.starts(variants, rows, FORWARD, at, places)
        reference = allele_windows.references(variants, variants.contig[rows], begins, FORWARD, places)
        alternative = allele_windows.alternatives(variants, rows, FORWARD, at, places)
        old, new = variants.end[rows] - variants.start[rows], variants.sizes[rows]
        return self.best(alternative, new) - self.best(reference, old)


def threshold(bits: np.ndarray) -> float:
    """Least log odds (bits) that at most RARE of all words have or exceed; the best word's where these are too few. bits: (width, 4)."""
    steps = np.round(bits * STEP).astype(int)
    low = steps.min(axis=1)
    held = np.ones(1)
    for row, least in zip(steps, low, strict=True):
        wider = np.zeros(len(held) + int((row - least).max()))
        for value in row - least:
            wider[value : value + len(held)] += held / 4
        held = wider
    tail = np.cumsum(held[::-1])[::-1]
    rare = np.flatnonzero(tail <= RARE)
    return float((rare[0] if len(rare) else len(held) - 1) + low.sum()) / STEP
