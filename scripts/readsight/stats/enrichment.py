"""Whether the genes of a set stand out of a ranking: over-representation, a test of ranks, and many sets at once."""

import math
from collections.abc import Sequence

import numpy as np


def over_representation(background: int, members: int, drawn: int, overlap: int) -> float:
    """P(at least `overlap` members among `drawn` genes), genes drawn without replacement (hypergeometric; Fisher's exact test).

    background: genes in all; members: of the set, among them; drawn: top genes; overlap: of the set among these.
    """
    if overlap <= 0:
        return 1.0
    lowest, highest = max(overlap, drawn + members - background), min(members, drawn)
    if lowest > highest:
        return 0.0
    total = _log_choose(background, drawn)
    terms = [_log_choose(members, i) + _log_choose(background - members, drawn - i) - total for i in range(lowest, highest + 1)]
    return min(1.0, math.fsum(math.exp(term) for term in terms))


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def rank_values(values: np.ndarray) -> np.ndarray:
    """Ranks from 1, the smallest first, ties at their mean. values: (n,)."""
    _, position, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return (ends - (counts - 1) / 2)[position]


def spearman(first: np.ndarray, second: np.ndarray) -> float:
    """Spearman's rank correlation; NaN where one side is constant, or of less than three."""
    if len(first) < 3:
        return math.nan
    a, b = rank_values(first), rank_values(second)
    a, b = a - a.mean(), b - b.mean()
    size = math.sqrt(float((a**2).sum() * (b**2).sum()))
    return float((a * b).sum()) / size if size > 0 else math.nan


def tie_correction(ranked: np.ndarray) -> float:
    """What ties take from the variance of a rank test: the sum of t³ − t over runs of t equal ranks."""
    _, counts = np.unique(ranked, return_counts=True)
    return float((counts.astype(float) ** 3 - counts).sum())


def rank_test(ranked: np.ndarray, inside: np.ndarray, ties: float) -> tuple[float, float]:
    """Whether values inside a set are larger than those outside (Mann & Whitney 1947; Wilcoxon), one-sided.

    ranked: (n,), ranks of all values (`rank_values`). inside: (n,) bool. ties: of `tie_correction`. Returns the chance that a value inside is the
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


def adjust_p_values(p: Sequence[float]) -> np.ndarray:
    """p-values adjusted for the false discovery rate (Benjamini & Hochberg 1995); NaN stays, and does not count."""
    values = np.asarray(p, dtype=float)
    result = np.full(len(values), math.nan)
    known = np.flatnonzero(np.isfinite(values))
    order = known[np.argsort(values[known], kind="stable")]
    raised = values[order] * len(order) / np.arange(1, len(order) + 1)
    result[order] = np.minimum(1.0, np.minimum.accumulate(raised[::-1])[::-1])
    return result


def chance_jaccard(features: int, size_a: int, size_b: int) -> float:
    """Mean Jaccard index of two sets of these sizes that are drawn at random from so many features."""
    total = _log_choose(features, size_b)
    lowest, highest = max(0, size_a + size_b - features), min(size_a, size_b)
    terms = [
        math.exp(_log_choose(size_a, i) + _log_choose(features - size_a, size_b - i) - total) * i / (size_a + size_b - i)
        for i in range(lowest, highest + 1)
        if size_a + size_b - i > 0
    ]
    return math.fsum(terms)
