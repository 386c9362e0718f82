"""Whether the genes of a set stand out of a ranking: over-representation, a test of ranks, and many sets at once."""

import math
from collections.abc import Sequence

import numpy as np


def over_representation(background: int, members: int, drawn: int, seen: int) -> float:
    """P(at least `seen` members among `drawn` genes), genes drawn without replacement (hypergeometric; Fisher's exact test).

    background: genes in all; members: of the set, among them; drawn: top genes; seen: of the set among these.
    """
    if seen <= 0:
        return 1.0
    lowest, highest = max(seen, drawn + members - background), min(members, drawn)
    if lowest > highest:
        return 0.0
    total = _log_choose(background, drawn)
    terms = [_log_choose(members, i) + _log_choose(background - members, drawn - i) - total for i in range(lowest, highest + 1)]
    return min(1.0, math.fsum(math.exp(term) for term in terms))


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 1, the smallest first, ties at their mean. values: (n,)."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return (ends - (counts - 1) / 2)[place]


def spearman(one: np.ndarray, other: np.ndarray) -> float:
    """Spearman's rank correlation; NaN where one side is constant, or of less than three."""
    if len(one) < 3:
        return math.nan
    a, b = ranks(one), ranks(other)
    a, b = a - a.mean(), b - b.mean()
    size = math.sqrt(float((a**2).sum() * (b**2).sum()))
    return float((a * b).sum()) / size if size > 0 else math.nan


def tied(ranked: np.ndarray) -> float:
    """What ties take from the variance of a rank test: the sum of t³ − t over runs of t equal ranks."""
    _, counts = np.unique(ranked, return_counts=True)
    return float((counts.astype(float) ** 3 - counts).sum())


def rank_test(ranked: np.ndarray, inside: np.ndarray, ties: float) -> tuple[float, float]:
    """Whether values inside a set are larger than those outside (Mann & Whitney 1947; Wilcoxon), one-sided.

    ranked: (n,), ranks of all values (`ranks`). inside: (n,) bool. ties: of `tied`. Returns the chance that a value inside is the
    larger of a pair (0.5: no difference) and p by the normal approximation, with ties and continuity corrected;
    NaN where one side is empty, p = 1 where all are tied.
    """
    n, m = len(ranked), int(inside.sum())
    if m in (0, n):
        return math.nan, math.nan
    u = float(ranked[inside].sum()) - m * (m + 1) / 2
    pairs = m * (n - m)
    variance = pairs / 12 * (n + 1 - ties / (n * (n - 1)))
    if variance <= 0:
        return u / pairs, 1.0
    z = (u - pairs / 2 - 0.5) / math.sqrt(variance)
    return u / pairs, 0.5 * math.erfc(z / math.sqrt(2))


def adjusted(p: Sequence[float]) -> np.ndarray:
    """p-values adjusted for the false discovery rate (Benjamini & Hochberg 1995); NaN stays, and does not count."""
    values = np.asarray(p, dtype=float)
    found = np.full(len(values), math.nan)
    known = np.flatnonzero(np.isfinite(values))
    order = known[np.argsort(values[known], kind="stable")]
    raised = values[order] * len(order) / np.arange(1, len(order) + 1)
    found[order] = np.minimum(1.0, np.minimum.accumulate(raised[::-1])[::-1])
    return found


def jaccard_by_chance(features: int, one: int, other: int) -> float:
    """Mean Jaccard index of two sets of these sizes that are drawn at random from so many features."""
    total = _log_choose(features, other)
    lowest, highest = max(0, one + other - features), min(one, other)
    parts = [
        math.exp(_log_choose(one, i) + _log_choose(features - one, other - i) - total) * i / (one + other - i)
        for i in range(lowest, highest + 1)
        if one + other - i > 0
    ]
    return math.fsum(parts)
