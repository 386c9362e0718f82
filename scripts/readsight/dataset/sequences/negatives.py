"""Negative examples that match their positives, so that simple properties do not separate the classes.

Shuffled negatives keep the dinucleotide counts of their positives. Genomic negatives are windows of the genome with the same GC
content and repeat fraction.
"""

from typing import Any

import numpy as np
import pandas as pd

from readsight.dataset.sequences.raw_examples import SequenceSet, make_unique
from readsight.errors import InputError
from readsight.genome import windows
from readsight.genome.interval_set import IntervalSet
from readsight.genome.shuffle import shuffle_dinucleotides
from readsight.genome.store import BASE, Genome

N = 4
INHERITED_COLUMNS = ("group", "split")  # columns inherited from the parent, so that both are in the same fold
GC_BIN, REPEAT_BIN = 0.02, 0.1
MAX_GC_DISTANCE, MAX_REPEAT_DISTANCE = 0.05, 0.2  # largest distance of a substitute bin
MAX_ROUNDS = 60
MAX_IDLE_ROUNDS = 8  # rounds without a new match, after which the search stops
WINDOWS_PER_MISSING = 4  # windows drawn per round for each missing negative
MIN_WINDOWS, MAX_WINDOWS = 2_000, 50_000


def shuffle_positives(positives: SequenceSet, spec: dict[str, Any], rng: np.random.Generator) -> SequenceSet:
    """Dinucleotide-preserving shuffles of the positives, spec["negatives"]["ratio"] per positive.

    Locus, strand, group and split are those of the parent, because similar sequences must be on the same side of a split. Shuffles
    identical to their parents (a single base throughout) are excluded. Raises InputError for pairs.
    """
    _refuse_pairs(positives)
    parents = _draw_parents(len(positives), spec, rng)
    codes = shuffle_dinucleotides(positives.codes[parents], rng)
    is_unchanged = (codes == positives.codes[parents]).all(axis=1)
    excluded = [f"negatives: {int(is_unchanged.sum()):,} shuffles identical to their parents"] if is_unchanged.any() else []
    codes, parents = codes[~is_unchanged], parents[~is_unchanged]
    columns = ["chrom", "start", "end", "strand", *(name for name in INHERITED_COLUMNS if name in positives.obs)]
    obs = positives.obs[columns].iloc[parents].assign(repeat=np.nan)
    return SequenceSet(
        codes, _annotate_negatives(obs, positives.obs.index[parents].to_numpy(), "shuffled", spec), left_out=excluded
    )


def sample_genome(
    positives: SequenceSet, genome: Genome, spec: dict[str, Any], rng: np.random.Generator, avoid: pd.DataFrame | None = None
) -> SequenceSet:
    """Windows of the genome, spec["negatives"]["ratio"] per positive, with matching GC content and repeat fraction.

    They do not overlap a positive, `positives.taken`, `avoid` (chrom, start, end) or each other, and contain no more N than the
    positives do. Windows are drawn uniformly over the genome and accepted while their bin (2 % GC, 10 % repeats) is not full; the
    remainder comes from the nearest bins. Raises InputError if the genome has too few windows.
    """
    _refuse_pairs(positives)
    parents = _draw_parents(len(positives), spec, rng)
    length = positives.codes.shape[1]
    search = _WindowSearch(
        genome, length, _collect_taken(positives, genome, avoid), rng, float((positives.codes == N).mean(axis=1).max(initial=0))
    )
    repeat = positives.obs["repeat"].to_numpy(float)[parents]
    positions = search.match_windows(compute_gc_content(positives.codes)[parents], repeat)
    missing = int((positions[:, 0] < 0).sum())
    if missing:
        raise InputError(
            f"sequences.negatives.ratio: {len(parents):,} negatives are requested, but for {missing:,} the genome has no window of {length} "
            "bases with similar GC content and repeats that avoids the examples; lower the ratio, or use method: shuffled"
        )
    strands = rng.choice(["+", "-"], len(positions)) if spec["stranded"] else np.full(len(positions), "+")
    stored = windows.cut_raw(genome, positions[:, 0], positions[:, 1], length)
    obs = pd.DataFrame(
        {
            "chrom": np.array(genome.names, object)[positions[:, 0]],
            "start": positions[:, 1],
            "end": positions[:, 1] + length,
            "strand": strands.astype(object),
            "repeat": windows.compute_repeat_fraction(genome, stored),
        }
    )
    parent_obs = positives.obs.iloc[parents]
    if "split" in parent_obs:
        obs["split"] = parent_obs["split"].to_numpy()
    if "group" in parent_obs:  # a group of one: an unrelated locus may be in any fold
        obs["group"] = obs["chrom"] + ":" + obs["start"].astype(str)
    codes = windows.orient_strands(stored & BASE, strands)
    return SequenceSet(codes, _annotate_negatives(obs, parent_obs.index.to_numpy(), "genomic", spec))


def compute_gc_content(codes: np.ndarray) -> np.ndarray:
    """Fraction of the known bases of each window that is G or C, (n,); 0 if no base is known."""
    known = (codes != N).sum(axis=1)
    return ((codes == 1) | (codes == 2)).sum(axis=1) / np.maximum(known, 1)


def _refuse_pairs(positives: SequenceSet) -> None:
    if positives.is_paired:
        raise InputError("sequences.negatives.method: variants already have classes; use none")


def _draw_parents(n: int, spec: dict[str, Any], rng: np.random.Generator) -> np.ndarray:
    """Parent of each negative: every positive equally often, and a random subset for the remainder."""
    total = round(n * spec["negatives"]["ratio"])
    if n and not total:
        raise InputError(f"sequences.negatives.ratio: {spec['negatives']['ratio']} of {n} examples is less than one; increase it")
    remainder = rng.choice(n, total % n, replace=False) if n else []
    return np.sort(np.concatenate([np.repeat(np.arange(n), total // n if n else 0), remainder]).astype(int))


def _annotate_negatives(obs: pd.DataFrame, parents: np.ndarray, kind: str, spec: dict[str, Any]) -> pd.DataFrame:
    names = make_unique([f"{parent}.{kind}" for parent in parents])
    annotated = obs.assign(label=spec["negatives"]["label"], origin=kind, parent=parents)
    return annotated.set_index(pd.Index(names, dtype=object))


def _collect_taken(positives: SequenceSet, genome: Genome, avoid: pd.DataFrame | None) -> IntervalSet:
    """All intervals that negatives must avoid."""
    tables = [table for table in (positives.obs, positives.taken, avoid) if table is not None]
    spans: dict[str, list[tuple[int, int]]] = {name: [] for name in genome.names}
    for table in tables:
        for chrom, start, end in zip(table["chrom"], table["start"], table["end"], strict=True):
            if chrom in spans:
                spans[chrom].append((start, end))
    if not any(spans.values()):
        raise InputError(
            "sequences.negatives.method: genomic negatives avoid the positives, but no positive has a locus on this genome; use "
            "regions (BED), or method: shuffled"
        )
    return IntervalSet(spans)


class _WindowSearch:
    """Draws genome windows and matches them to the requested bins.

    taken: intervals to avoid. unknown: largest fraction of N in a window.
    """

    def __init__(self, genome: Genome, length: int, taken: IntervalSet, rng: np.random.Generator, unknown: float):
        self.genome, self.length, self.taken, self.rng, self.unknown = genome, length, taken, rng, unknown
        start_counts = np.maximum(genome.sizes - length + 1, 0)
        self.before = np.concatenate([[0], np.cumsum(start_counts)])
        self.used: dict[tuple[int, int], list[int]] = {}

    def match_windows(self, gc: np.ndarray, repeat: np.ndarray) -> np.ndarray:
        """Contig and start of a window for each requested GC content and repeat fraction, (n, 2); −1 if there is none."""
        bins = _assign_bins(gc, repeat)
        positions = np.full((len(bins), 2), -1)
        waiting: dict[tuple[int, int], list[int]] = {}
        for i in self.rng.permutation(len(bins)):
            waiting.setdefault(tuple(bins[i]), []).append(int(i))
        spare: dict[tuple[int, int], list[tuple[int, int]]] = {}
        idle = 0
        for _ in range(MAX_ROUNDS if self.before[-1] else 0):
            missing = sum(map(len, waiting.values()))
            if not missing or idle >= MAX_IDLE_ROUNDS:
                break
            for position, key in zip(*self._draw_windows(missing), strict=True):
                if waiting.get(key):
                    if self._claim_if_free(position):
                        positions[waiting[key].pop()] = position
                else:
                    candidates = spare.setdefault(key, [])
                    if len(candidates) < len(bins):
                        candidates.append(position)
            idle = idle + 1 if sum(map(len, waiting.values())) == missing else 0
        for key, indices in waiting.items():
            self._fill_from_nearest(key, indices, spare, positions)
        return positions

    def _draw_windows(self, missing: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """Positions (contig, start) of random windows outside `taken`, and their bins."""
        offsets = self.rng.integers(0, self.before[-1], min(max(WINDOWS_PER_MISSING * missing, MIN_WINDOWS), MAX_WINDOWS))
        contigs = np.searchsorted(self.before, offsets, side="right") - 1
        starts = offsets - self.before[contigs]
        clear = np.ones(len(offsets), bool)
        for contig in np.unique(contigs):
            on_contig = contigs == contig
            clear[on_contig] = ~self.taken.overlaps(self.genome.names[contig], starts[on_contig], starts[on_contig] + self.length)
        contigs, starts = contigs[clear], starts[clear]
        stored = windows.cut_raw(self.genome, contigs, starts, self.length)
        codes = stored & BASE
        is_known = (codes == N).mean(axis=1) <= self.unknown
        bins = _assign_bins(compute_gc_content(codes[is_known]), windows.compute_repeat_fraction(self.genome, stored[is_known]))
        positions = zip(contigs[is_known].tolist(), starts[is_known].tolist(), strict=True)
        return list(positions), [tuple(key) for key in bins.tolist()]

    def _claim_if_free(self, position: tuple[int, int]) -> bool:
        """Claim a window unless it overlaps a claimed one; returns whether it was claimed."""
        contig, start = position
        cell = start // self.length
        for neighbour in (cell - 1, cell, cell + 1):
            if any(abs(start - used_start) < self.length for used_start in self.used.get((contig, neighbour), ())):
                return False
        self.used.setdefault((contig, cell), []).append(start)
        return True

    def _fill_from_nearest(self, bin_key: tuple[int, int], indices: list[int], spare: dict, positions: np.ndarray) -> None:
        """Fill the missing windows of a bin from spare windows of the nearest bins."""
        gc, repeat = bin_key
        neighbours = [
            key
            for key in spare
            if abs(key[0] - gc) * GC_BIN <= MAX_GC_DISTANCE and abs(key[1] - repeat) * REPEAT_BIN <= MAX_REPEAT_DISTANCE
        ]
        for key in sorted(neighbours, key=lambda key: (abs(key[0] - gc) * GC_BIN + abs(key[1] - repeat) * REPEAT_BIN, key)):
            while indices and spare[key]:
                position = spare[key].pop()
                if self._claim_if_free(position):
                    positions[indices.pop()] = position


def _assign_bins(gc: np.ndarray, repeat: np.ndarray) -> np.ndarray:
    """Bins of GC content and repeat fraction, (n, 2) int; the repeat bin is 0 for a genome without masking."""
    repeat_fraction = np.nan_to_num(repeat, nan=0.0)
    return np.stack([np.floor(gc / GC_BIN + 1e-9), np.floor(repeat_fraction / REPEAT_BIN + 1e-9)], axis=1).astype(int)
