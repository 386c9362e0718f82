"""Counts of true and false calls of a benchmark, and precision, recall and F1 with confidence intervals."""

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from readsight.stats.confidence_intervals import UNDEFINED, Interval, bootstrap_interval, wilson_interval
from readsight.variants.alleles import KINDS

LEVELS = ("genotype", "allele")
EVERYWHERE, OUTSIDE = "whole", "outside"
TYPES = {"snv": (0,), "insertion": (1,), "deletion": (2,), "indel": (1, 2), "all": (0, 1, 2)}
TP, FN, QUERY_TP, FP = range(4)
RESAMPLES = 1000


class Counts(NamedTuple):
    """tp, fn: truth variants that were called and missed. query_tp, fp: true and false query calls."""

    tp: int
    fn: int
    query_tp: int
    fp: int

    @property
    def recall(self) -> Interval:
        return wilson_interval(self.tp, self.tp + self.fn)

    @property
    def precision(self) -> Interval:
        return wilson_interval(self.query_tp, self.query_tp + self.fp)

    @property
    def f1(self) -> Interval:
        value = compute_f1(*self)
        jaccard = wilson_interval(self.tp, self.tp + self.fn + self.fp)
        return UNDEFINED if math.isnan(value) else Interval(value, *(2 * j / (1 + j) for j in jaccard[1:]))

    @property
    def intervals(self) -> dict[str, Interval]:
        """Precision, recall and F1 with Wilson intervals, which assume independent calls."""
        return {"precision": self.precision, "recall": self.recall, "f1": self.f1}


def compute_f1(tp: float, fn: float, query_tp: float, fp: float) -> float:
    """Harmonic mean of precision and recall; 0 if no call is true; NaN without truth variants or query calls."""
    if not (tp + fn and query_tp + fp):
        return math.nan
    recall, precision = tp / (tp + fn), query_tp / (query_tp + fp)
    return 2 * recall * precision / (recall + precision) if recall + precision else 0.0


def compute_intervals(counts: np.ndarray, seed: int) -> dict[str, Interval]:
    """Precision, recall and F1 with intervals that stay valid for clustered errors.

    Parameters
    ----------
    counts : (blocks, 4), TP, FN, QUERY_TP, FP of each genome block.

    Notes
    -----
    Each interval is the union of two: the Wilson interval, which assumes independent calls (F1 is a monotone
    function of tp / (tp + fp + fn)), and the bootstrap interval over genome blocks, which is uninformative
    without errors or with few blocks.
    """
    counts = counts[counts.sum(axis=1) > 0]
    total = Counts(*map(int, counts.sum(axis=0)))
    independent = total.intervals
    statistics = {
        "precision": lambda index: _fraction(*counts[index][:, [QUERY_TP, FP]].sum(axis=0)),
        "recall": lambda index: _fraction(*counts[index][:, [TP, FN]].sum(axis=0)),
        "f1": lambda index: compute_f1(*counts[index].sum(axis=0)),
    }
    return {name: _span_intervals(independent[name], statistic, len(counts), seed) for name, statistic in statistics.items()}


def _fraction(hits: int, misses: int) -> float:
    return hits / (hits + misses) if hits + misses else math.nan


def _span_intervals(independent: Interval, statistic: Callable[[np.ndarray], float], blocks: int, seed: int) -> Interval:
    if math.isnan(independent.value):
        return independent
    resampled = bootstrap_interval(statistic, np.arange(blocks), RESAMPLES, seed)
    low, high = (
        wilson_bound if math.isnan(resampled_bound) else resampled_bound
        for resampled_bound, wilson_bound in zip(resampled[1:], independent[1:], strict=True)
    )
    return Interval(independent.value, min(independent.low, low), max(independent.high, high))


class BenchmarkCounts:
    """Counts by level, stratum, type and genome block, and by sample.

    samples, strata: names; the strata `whole` (everything) and, if there are strata, `outside`
    (none of them) are added. lengths: contig → bases. block: length of a genome block in bases.
    """

    def __init__(self, samples: list[str], strata: list[str], lengths: dict[str, int], block: int):
        self.samples = samples
        self.strata = [EVERYWHERE, *strata, *([OUTSIDE] if strata else [])]
        self.block = block
        sizes = [-(-length // block) for length in lengths.values()]
        self.block_offset = dict(zip(lengths, np.cumsum([0, *sizes[:-1]]).tolist(), strict=True)) if lengths else {}
        shape = (len(LEVELS), 4, len(self.strata), len(KINDS))
        self.block_counts = np.zeros((*shape, sum(sizes)), dtype=np.int32)
        self.sample_counts = np.zeros((len(samples), *shape), dtype=np.int64)

    def add_calls(
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

        Parameters
        ----------
        starts : (n,), 0-based.
        kinds : (n,), indices in KINDS.
        inside : (n, strata) bool.
        hits : (levels, n) bool.
        of_truth : whether the calls belong to the truth or to the query.
        """
        block_index = self.block_offset[contig] + starts // self.block
        hit, miss = (TP, FN) if of_truth else (QUERY_TP, FP)
        for level in range(len(LEVELS)):
            status = np.where(hits[level], hit, miss)
            for stratum in range(len(self.strata)):
                selected = inside[:, stratum]
                cells = (status[selected], np.full(selected.sum(), stratum), kinds[selected])
                np.add.at(self.block_counts[level], (*cells, block_index[selected]), 1)
                np.add.at(self.sample_counts[sample][level], cells, 1)

    def iterate_rows(self, seed: int) -> Iterator[dict]:
        """Yield the rows of the metrics table: level × sample (`all` first) × stratum × type."""
        for level, level_name in enumerate(LEVELS):
            for stratum, stratum_name in enumerate(self.strata):
                for type_name, kinds in TYPES.items():
                    counts = self.block_counts[level, :, stratum, list(kinds)].sum(axis=0).T
                    total = Counts(*map(int, counts.sum(axis=0)))
                    names = {"level": level_name, "stratum": stratum_name, "type": type_name}
                    yield {**names, "sample": "all", **build_row(total, compute_intervals(counts, seed))}
                    for i, sample in enumerate(self.samples if len(self.samples) > 1 else []):
                        sample_total = Counts(*map(int, self.sample_counts[i, level, :, stratum, list(kinds)].sum(axis=0)))
                        yield {**names, "sample": sample, **build_row(sample_total, sample_total.intervals)}


def build_row(counts: Counts, metric_intervals: dict[str, Interval]) -> dict[str, float]:
    """Counts and metrics of one row of the table."""
    row: dict[str, float] = {"tp": counts.tp, "fn": counts.fn, "query_tp": counts.query_tp, "fp": counts.fp}
    for name, interval in metric_intervals.items():
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


def summary_records(rows: list[dict], caller: str) -> list[dict]:
    """Records of summary.json, from the rows of the table for all samples."""
    records = []
    for row in rows:
        if row["sample"] != "all":
            continue
        stratum = [] if row["stratum"] == EVERYWHERE else [row["stratum"]]
        key = ".".join(["variants", caller, row["type"], *stratum])
        suffix = "" if row["level"] == "genotype" else "_allele"
        stratum_text = f" ({describe_stratum(row['stratum'])})" if stratum else ""
        criterion = "haplotypes and genotypes agree" if not suffix else "alleles agree, genotypes are not compared"
        for metric, (metric_text, count_names) in METRICS.items():
            records.append(
                {
                    "key": f"{key}.{metric}{suffix}",
                    "value": none_if_nan(row[metric]),
                    "low": none_if_nan(row[f"{metric}_low"]),
                    "high": none_if_nan(row[f"{metric}_high"]),
                    "n": sum(row[name] for name in count_names),
                    "unit": "fraction",
                    "description": f"{caller}, {NAMES[row['type']]}{stratum_text}: {metric_text}; {criterion}.",
                }
            )
        if row["type"] == "all" and not stratum:
            records += [
                _count_record(f"{key}.{name}{suffix}", row[name], f"{caller}: {COUNTS[name]}; {criterion}.") for name in COUNTS
            ]
    return records


COUNTS = {
    "tp": "truth variants that were called",
    "fn": "truth variants that were missed",
    "query_tp": "true calls",
    "fp": "false calls",
}


def describe_stratum(stratum: str) -> str:
    return "outside all strata" if stratum == OUTSIDE else f"touching {stratum}"


def none_if_nan(value: float) -> float | None:
    return None if math.isnan(value) else value


def _count_record(key: str, value: int, description: str) -> dict:
    return {"key": key, "value": value, "low": None, "high": None, "n": value, "unit": "count", "description": description}
