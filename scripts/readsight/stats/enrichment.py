"""Gene set tests: over-representation, rank test, adjustment for multiple testing, and overlap expected by chance."""

import math
from collections.abc import Sequence

import numpy as np


def over_representation(background: int, members: int, drawn: int, overlap: int) -> float:
    """Probability of at least `overlap` members among `drawn` genes (hypergeometric; one-sided Fisher's exact test).

    background: number of all genes. members: genes of the set among them. drawn: number of top genes. overlap: genes of
    the set among the top genes.
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
    """Ranks from 1 in ascending order; ties get their mean rank. values: (n,)."""
    _, position, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return (ends - (counts - 1) / 2)[position]


def spearman(first: np.ndarray, second: np.ndarray) -> float:
    """Spearman's rank correlation; NaN for constant input or fewer than three values."""
    if len(first) < 3:
        return math.nan
    a, b = rank_values(first), rank_values(second)
    a, b = a - a.mean(), b - b.mean()
    size = math.sqrt(float((a**2).sum() * (b**2).sum()))
    return float((a * b).sum()) / size if size > 0 else math.nan


def tie_correction(ranked: np.ndarray) -> float:
    """Tie correction of the variance of a rank test: sum of t³ − t over runs of t equal ranks."""
    _, counts = np.unique(ranked, return_counts=True)
    return float((counts.astype(float) ** 3 - counts).sum())


def rank_test(ranked: np.ndarray, inside: np.ndarray, ties: float) -> tuple[float, float]:
    """One-sided Mann–Whitney test that values inside a set are larger than those outside (Mann & Whitney 1947).

    Parameters
    ----------
    ranked : (n,), ranks of all values (`rank_values`).
    inside : (n,) bool.
    ties : result of `tie_correction`.

    Returns
    -------
    Probability that a value inside exceeds one outside (0.5: no difference), and p by the normal approximation with
    correction for ties and continuity. NaN if one side is empty; p = 1 if all values are tied.
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
    """Benjamini–Hochberg adjusted p-values (1995); NaN is kept and not counted as a test."""
    values = np.asarray(p, dtype=float)
    result = np.full(len(values), math.nan)
    known = np.flatnonzero(np.isfinite(values))
    order = known[np.argsort(values[known], kind="stable")]
    raised = values[order] * len(order) / np.arange(1, len(order) + 1)
    result[order] = np.minimum(1.0, np.minimum.accumulate(raised[::-1])[::-1])
    return result


def chance_jaccard(features: int, size_a: int, size_b: int) -> float:
    """Mean Jaccard index of two random sets of the given sizes drawn from `features` features."""
    total = _log_choose(features, size_b)
    lowest, highest = max(0, size_a + size_b - features), min(size_a, size_b)
    terms = [
        math.exp(_log_choose(size_a, i) + _log_choose(features - size_a, size_b - i) - total) * i / (size_a + size_b - i)
        for i in range(lowest, highest + 1)
        if size_a + size_b - i > 0
    ]
    return math.fsum(terms)
