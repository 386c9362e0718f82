"""Negatives: examples of what is not sought, made for positives so that nothing cheap tells them apart.

Shuffled ones keep the dinucleotides of their positives. Genomic ones are windows elsewhere in the genome, of the same GC
content and part of repeats.
"""

from typing import Any

import numpy as np
import pandas as pd

from readsight.dataset.sequences.raw_examples import Found, unique
from readsight.errors import InputError
from readsight.genome import windows
from readsight.genome.interval_set import Intervals
from readsight.genome.shuffle import dinucleotide
from readsight.genome.store import BASE, Genome

N = 4
KEPT = ("group", "split")  # what a negative has of its parent, so that no fold tells them apart
GC_BIN, REPEAT_BIN = 0.02, 0.1
FAR_GC, FAR_REPEAT = 0.05, 0.2  # how far the nearest bins may be
ROUNDS = 60
IDLE = 8  # rounds without any negative more, after which nearer bins will not fill either
DRAWN = 4  # windows looked at in a round, for each that is missing
LEAST, MOST = 2_000, 50_000


def shuffled(found: Found, spec: dict[str, Any], rng: np.random.Generator) -> Found:
    """Shuffles of the positives, spec["negatives"]["ratio"] for each: every dinucleotide as frequent as in its parent.

    Place, strand, group and split are the parent's: what is like it must be on its side of a split. Those that cannot differ
    from their parents (a single base throughout) are left out. Raises InputError for pairs.
    """
    _single(found)
    parents = _parents(len(found), spec, rng)
    codes = dinucleotide(found.codes[parents], rng)
    same = (codes == found.codes[parents]).all(axis=1)
    left = [f"negatives: {int(same.sum()):,} shuffles, which are the same as their sequences"] if same.any() else []
    codes, parents = codes[~same], parents[~same]
    columns = ["chrom", "start", "end", "strand", *(name for name in KEPT if name in found.obs)]
    obs = found.obs[columns].iloc[parents].assign(repeat=np.nan)
    return Found(codes, _described(obs, found.obs.index[parents].to_numpy(), "shuffled", spec), left_out=left)


def genomic(
    found: Found, genome: Genome, spec: dict[str, Any], rng: np.random.Generator, avoid: pd.DataFrame | None = None
) -> Found:
    """Windows of the genome, spec["negatives"]["ratio"] for each positive, of its GC content and part of repeats.

    They touch no positive, nothing of `found.taken` and `avoid` (chrom, start, end), nor each other, and hold no N unless
    positives do. Windows are drawn evenly over the genome, and taken where a positive's bin (2 % of GC, 10 % of repeats) still
    misses one; what is missing in the end comes from the nearest bins. Raises InputError where the genome has too few.
    """
    _single(found)
    parents = _parents(len(found), spec, rng)
    length = found.codes.shape[1]
    search = _Search(genome, length, _taken(found, genome, avoid), rng, float((found.codes == N).mean(axis=1).max(initial=0)))
    repeat = found.obs["repeat"].to_numpy(float)[parents]
    places = search.matched(gc_content(found.codes)[parents], repeat)
    missing = int((places[:, 0] < 0).sum())
    if missing:
        raise InputError(
            f"sequences.negatives.ratio: {len(parents):,} negatives are wanted, and for {missing:,} the genome has no window of {length} "
            "bases of like GC content and repeats that is clear of the examples; lower the ratio, or use method: shuffled"
        )
    strands = rng.choice(["+", "-"], len(places)) if spec["stranded"] else np.full(len(places), "+")
    stored = windows.raw(genome, places[:, 0], places[:, 1], length)
    obs = pd.DataFrame(
        {
            "chrom": np.array(genome.names, object)[places[:, 0]],
            "start": places[:, 1],
            "end": places[:, 1] + length,
            "strand": strands.astype(object),
            "repeat": windows.repeats(genome, stored),
        }
    )
    own = found.obs.iloc[parents]
    if "split" in own:
        obs["split"] = own["split"].to_numpy()
    if "group" in own:  # a place of its own, of no donor or gene: nothing but chance puts it beside its parent
        obs["group"] = obs["chrom"] + ":" + obs["start"].astype(str)
    codes = windows.turned(stored & BASE, strands)
    return Found(codes, _described(obs, own.index.to_numpy(), "genomic", spec))


def gc_content(codes: np.ndarray) -> np.ndarray:
    """Part of the known bases of each window that is G or C, (n,); 0 where none is known."""
    known = (codes != N).sum(axis=1)
    return ((codes == 1) | (codes == 2)).sum(axis=1) / np.maximum(known, 1)


def _single(found: Found) -> None:
    if found.pair:
        raise InputError("sequences.negatives.method: variants have their own classes; use none")


def _parents(n: int, spec: dict[str, Any], rng: np.random.Generator) -> np.ndarray:
    """Which positive each negative is made for: all of them as often as the ratio has ones, the rest drawn."""
    wanted = round(n * spec["negatives"]["ratio"])
    if n and not wanted:
        raise InputError(f"sequences.negatives.ratio: {spec['negatives']['ratio']} of {n} examples are none; raise it")
    rest = rng.choice(n, wanted % n, replace=False) if n else []
    return np.sort(np.concatenate([np.repeat(np.arange(n), wanted // n if n else 0), rest]).astype(int))


def _described(obs: pd.DataFrame, parents: np.ndarray, kind: str, spec: dict[str, Any]) -> pd.DataFrame:
    names = unique([f"{parent}.{kind}" for parent in parents])
    made = obs.assign(label=spec["negatives"]["label"], origin=kind, parent=parents)
    return made.set_index(pd.Index(names, dtype=object))


def _taken(found: Found, genome: Genome, avoid: pd.DataFrame | None) -> Intervals:
    """All places that negatives stay out of."""
    tables = [table for table in (found.obs, found.taken, avoid) if table is not None]
    spans: dict[str, list[tuple[int, int]]] = {name: [] for name in genome.names}
    for table in tables:
        for chrom, start, end in zip(table["chrom"], table["start"], table["end"], strict=True):
            if chrom in spans:
                spans[chrom].append((start, end))
    if not any(spans.values()):
        raise InputError(
            "sequences.negatives.method: genomic windows are drawn outside of the positives, and none has a place on this genome; give "
            "regions (BED), or use method: shuffled"
        )
    return Intervals(spans)


class _Search:
    """Draws windows of a genome, and matches them to what is wanted.

    taken: places to stay out of. unknown: largest part of N that a window may hold.
    """

    def __init__(self, genome: Genome, length: int, taken: Intervals, rng: np.random.Generator, unknown: float):
        self.genome, self.length, self.taken, self.rng, self.unknown = genome, length, taken, rng, unknown
        room = np.maximum(genome.sizes - length + 1, 0)
        self.before = np.concatenate([[0], np.cumsum(room)])
        self.used: dict[tuple[int, int], list[int]] = {}

    def matched(self, gc: np.ndarray, repeat: np.ndarray) -> np.ndarray:
        """Contig and start of a window for each wanted GC content and part of repeats, (n, 2); −1 where there is none."""
        wanted = _bins(gc, repeat)
        found = np.full((len(wanted), 2), -1)
        waiting: dict[tuple[int, int], list[int]] = {}
        for i in self.rng.permutation(len(wanted)):
            waiting.setdefault(tuple(wanted[i]), []).append(int(i))
        spare: dict[tuple[int, int], list[tuple[int, int]]] = {}
        idle = 0
        for _ in range(ROUNDS if self.before[-1] else 0):
            missing = sum(map(len, waiting.values()))
            if not missing or idle >= IDLE:
                break
            for place, own in zip(*self._drawn(missing), strict=True):
                if waiting.get(own):
                    if self._free(place):
                        found[waiting[own].pop()] = place
                else:
                    held = spare.setdefault(own, [])
                    if len(held) < len(wanted):
                        held.append(place)
            idle = idle + 1 if sum(map(len, waiting.values())) == missing else 0
        for own, left in waiting.items():
            self._nearest(own, left, spare, found)
        return found

    def _drawn(self, missing: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """Places (contig, start) of windows clear of what is taken, and their bins."""
        at = self.rng.integers(0, self.before[-1], min(max(DRAWN * missing, LEAST), MOST))
        contigs = np.searchsorted(self.before, at, side="right") - 1
        starts = at - self.before[contigs]
        clear = np.ones(len(at), bool)
        for contig in np.unique(contigs):
            here = contigs == contig
            clear[here] = ~self.taken.touch(self.genome.names[contig], starts[here], starts[here] + self.length)
        contigs, starts = contigs[clear], starts[clear]
        stored = windows.raw(self.genome, contigs, starts, self.length)
        codes = stored & BASE
        fine = (codes == N).mean(axis=1) <= self.unknown
        bins = _bins(gc_content(codes[fine]), windows.repeats(self.genome, stored[fine]))
        places = zip(contigs[fine].tolist(), starts[fine].tolist(), strict=True)
        return list(places), [tuple(own) for own in bins.tolist()]

    def _free(self, place: tuple[int, int]) -> bool:
        """Whether no window was taken that this one touches; if so it is taken now."""
        contig, start = place
        cell = start // self.length
        for near in (cell - 1, cell, cell + 1):
            if any(abs(start - other) < self.length for other in self.used.get((contig, near), ())):
                return False
        self.used.setdefault((contig, cell), []).append(start)
        return True

    def _nearest(self, own: tuple[int, int], left: list[int], spare: dict, found: np.ndarray) -> None:
        """Fill what is left of a bin from spare windows of the nearest ones."""
        gc, repeat = own
        near = [key for key in spare if abs(key[0] - gc) * GC_BIN <= FAR_GC and abs(key[1] - repeat) * REPEAT_BIN <= FAR_REPEAT]
        for key in sorted(near, key=lambda key: (abs(key[0] - gc) * GC_BIN + abs(key[1] - repeat) * REPEAT_BIN, key)):
            while left and spare[key]:
                place = spare[key].pop()
                if self._free(place):
                    found[left.pop()] = place


def _bins(gc: np.ndarray, repeat: np.ndarray) -> np.ndarray:
    """Bins of GC content and part of repeats, (n, 2) integers; where the genome tells of no repeats, their bin is 0."""
    part = np.nan_to_num(repeat, nan=0.0)
    return np.stack([np.floor(gc / GC_BIN + 1e-9), np.floor(part / REPEAT_BIN + 1e-9)], axis=1).astype(int)
