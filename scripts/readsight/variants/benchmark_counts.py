"""Count hits and misses of a comparison, and turn the counts into figures with intervals."""

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from readsight.stats.confidence_intervals import UNDEFINED, Interval, bootstrap_interval, wilson
from readsight.variants.alleles import KINDS

LEVELS = ("genotype", "allele")
WHOLE, OUTSIDE = "whole", "outside"
TYPES = {"snv": (0,), "insertion": (1,), "deletion": (2,), "indel": (1, 2), "all": (0, 1, 2)}
TP, FN, QUERY_TP, FP = range(4)
RESAMPLES = 1000


class Counts(NamedTuple):
    """tp, fn: truth calls found and missed. query_tp, fp: query calls that are true and that are not."""

    tp: int
    fn: int
    query_tp: int
    fp: int

    @property
    def recall(self) -> Interval:
        return wilson(self.tp, self.tp + self.fn)

    @property
    def precision(self) -> Interval:
        return wilson(self.query_tp, self.query_tp + self.fp)

    @property
    def f1(self) -> Interval:
        value = f1(*self)
        jaccard = wilson(self.tp, self.tp + self.fn + self.fp)
        return UNDEFINED if math.isnan(value) else Interval(value, *(2 * j / (1 + j) for j in jaccard[1:]))

    @property
    def intervals(self) -> dict[str, Interval]:
        """Precision, recall and F1 with the intervals of calls that are independent of one another (Wilson)."""
        return {"precision": self.precision, "recall": self.recall, "f1": self.f1}


def f1(tp: float, fn: float, query_tp: float, fp: float) -> float:
    """Harmonic mean of precision and recall; 0 where nothing true was found; NaN without a truth or a query call."""
    if not (tp + fn and query_tp + fp):
        return math.nan
    recall, precision = tp / (tp + fn), query_tp / (query_tp + fp)
    return 2 * recall * precision / (recall + precision) if recall + precision else 0.0


def intervals(counts: np.ndarray, seed: int) -> dict[str, Interval]:
    """Precision, recall and F1 with intervals that hold although errors come in clusters.

    counts: (blocks, 4), TP, FN, QUERY_TP, FP of each genome block. Each interval spans
    two: that of Wilson, which counts calls as independent (F1 is a monotone function of
    tp / (tp + fp + fn)), and that of resampled genome blocks, which tells nothing where
    no error was seen, or where blocks are few.
    """
    counts = counts[counts.sum(axis=1) > 0]
    total = Counts(*map(int, counts.sum(axis=0)))
    alone = total.intervals
    statistics = {
        "precision": lambda index: _part(*counts[index][:, [QUERY_TP, FP]].sum(axis=0)),
        "recall": lambda index: _part(*counts[index][:, [TP, FN]].sum(axis=0)),
        "f1": lambda index: f1(*counts[index].sum(axis=0)),
    }
    return {name: _spanning(alone[name], statistic, len(counts), seed) for name, statistic in statistics.items()}


def _part(hits: int, misses: int) -> float:
    return hits / (hits + misses) if hits + misses else math.nan


def _spanning(alone: Interval, statistic: Callable[[np.ndarray], float], blocks: int, seed: int) -> Interval:
    if math.isnan(alone.value):
        return alone
    drawn = bootstrap_interval(statistic, np.arange(blocks), RESAMPLES, seed)
    low, high = (given if math.isnan(own) else own for own, given in zip(drawn[1:], alone[1:], strict=True))
    return Interval(alone.value, min(alone.low, low), max(alone.high, high))


class Tally:
    """Counts by level, stratum, type, genome block, and by sample.

    samples, strata: names; the whole scope, and with strata `outside` all of them, are
    added. lengths: contig → bases. block: length of a genome block, in bases.
    """

    def __init__(self, samples: list[str], strata: list[str], lengths: dict[str, int], block: int):
        self.samples = samples
        self.strata = [WHOLE, *strata, *([OUTSIDE] if strata else [])]
        self.block = block
        sizes = [-(-length // block) for length in lengths.values()]
        self.offset = dict(zip(lengths, np.cumsum([0, *sizes[:-1]]).tolist(), strict=True)) if lengths else {}
        shape = (len(LEVELS), 4, len(self.strata), len(KINDS))
        self.blocks = np.zeros((*shape, sum(sizes)), dtype=np.int32)
        self.each = np.zeros((len(samples), *shape), dtype=np.int64)

    def add(
        self,
        sample: int,
        contig: str,
        starts: np.ndarray,
        kinds: np.ndarray,
        inside: np.ndarray,
        hits: np.ndarray,
        of_truth: bool,
    ) -> None:
        """Count calls of one sample on one contig.

        starts: (n,) 0-based. kinds: (n,) places in KINDS. inside: (n, strata) bool.
        hits: (levels, n) bool. of_truth: calls of the truth, else of the query.
        """
        where = self.offset[contig] + starts // self.block
        hit, miss = (TP, FN) if of_truth else (QUERY_TP, FP)
        for level in range(len(LEVELS)):
            status = np.where(hits[level], hit, miss)
            for stratum in range(len(self.strata)):
                chosen = inside[:, stratum]
                cells = (status[chosen], np.full(chosen.sum(), stratum), kinds[chosen])
                np.add.at(self.blocks[level], (*cells, where[chosen]), 1)
                np.add.at(self.each[sample][level], cells, 1)

    def rows(self, seed: int) -> Iterator[dict]:
        """A table of figures: level × sample (`all` first) × stratum × type."""
        for level, level_name in enumerate(LEVELS):
            for stratum, stratum_name in enumerate(self.strata):
                for type_name, kinds in TYPES.items():
                    counts = self.blocks[level, :, stratum, list(kinds)].sum(axis=0).T
                    total = Counts(*map(int, counts.sum(axis=0)))
                    names = {"level": level_name, "stratum": stratum_name, "type": type_name}
                    yield {**names, "sample": "all", **figures(total, intervals(counts, seed))}
                    for i, sample in enumerate(self.samples if len(self.samples) > 1 else []):
                        own = Counts(*map(int, self.each[i, level, :, stratum, list(kinds)].sum(axis=0)))
                        yield {**names, "sample": sample, **figures(own, own.intervals)}


def figures(counts: Counts, found: dict[str, Interval]) -> dict[str, float]:
    """Counts and figures of one row of the table."""
    row: dict[str, float] = {"tp": counts.tp, "fn": counts.fn, "query_tp": counts.query_tp, "fp": counts.fp}
    for name, interval in found.items():
        row |= {name: interval.value, f"{name}_low": interval.low, f"{name}_high": interval.high}
    return row


NAMES = {
    "snv": "single-base substitutions",
    "insertion": "insertions",
    "deletion": "deletions",
    "indel": "insertions and deletions",
    "all": "all small variants",
}
METRICS = {
    "recall": ("truth variants that were called", ("tp", "fn")),
    "precision": ("passing calls that are true", ("query_tp", "fp")),
    "f1": ("harmonic mean of precision and recall", ("tp", "fn", "fp")),
}


def summary(rows: list[dict], caller: str) -> list[dict]:
    """Records of summary.json, from rows of the table over all samples."""
    records = []
    for row in rows:
        if row["sample"] != "all":
            continue
        stratum = [] if row["stratum"] == WHOLE else [row["stratum"]]
        key = ".".join(["variants", caller, row["type"], *stratum])
        suffix = "" if row["level"] == "genotype" else "_allele"
        place = f" ({place_words(row['stratum'])})" if stratum else ""
        what = "haplotypes and genotypes agree" if not suffix else "alleles agree, whatever the genotype"
        for metric, (words, of) in METRICS.items():
            records.append(
                {
                    "key": f"{key}.{metric}{suffix}",
                    "value": finite(row[metric]),
                    "low": finite(row[f"{metric}_low"]),
                    "high": finite(row[f"{metric}_high"]),
                    "n": sum(row[name] for name in of),
                    "unit": "fraction",
                    "description": f"{caller}, {NAMES[row['type']]}{place}: {words}; {what}.",
                }
            )
        if row["type"] == "all" and not stratum:
            records += [_count(f"{key}.{name}{suffix}", row[name], f"{caller}: {COUNTS[name]}; {what}.") for name in COUNTS]
    return records


COUNTS = {"tp": "truth variants found", "fn": "truth variants missed", "query_tp": "true calls", "fp": "false calls"}


def place_words(stratum: str) -> str:
    return "outside all strata" if stratum == OUTSIDE else f"touching {stratum}"


def finite(value: float) -> float | None:
    return None if math.isnan(value) else value


def _count(key: str, value: int, description: str) -> dict:
    return {"key": key, "value": value, "low": None, "high": None, "n": value, "unit": "count", "description": description}
