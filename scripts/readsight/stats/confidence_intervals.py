"""Confidence intervals: closed forms for proportions, and the cluster bootstrap for any statistic."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np


class Interval(NamedTuple):
    """A value and its interval; NaN where undefined."""

    value: float
    low: float
    high: float


UNDEFINED = Interval(math.nan, math.nan, math.nan)


def normal_quantile(p: float) -> float:
    """Quantile of the standard normal, by bisection of its distribution function."""
    low, high = -40.0, 40.0
    for _ in range(200):
        middle = (low + high) / 2
        if 0.5 * math.erfc(-middle / math.sqrt(2)) < p:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def wilson_interval(successes: float, trials: float, level: float = 0.95) -> Interval:
    """A proportion and its score interval (Wilson 1927; Brown, Cai & DasGupta 2001).

    The interval lies within [0, 1] and has positive width at 0 and 1. Successes and trials may be means over
    repeats. NaN without trials.
    """
    if trials == 0:
        return UNDEFINED
    p, z = successes / trials, normal_quantile(0.5 + level / 2)
    centre = (p + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * math.sqrt(p * (1 - p) / trials + z * z / (4 * trials**2))
    return Interval(p, 0.0 if successes == 0 else centre - half, 1.0 if successes == trials else centre + half)


def mean_of_proportions(proportions: Sequence[Interval]) -> Interval:
    """Mean of independent proportions, its interval from theirs (MOVER: Zou & Donner 2008).

    With Wilson intervals the width is positive even if all proportions are 0 or 1.
    """
    if not proportions or any(math.isnan(p.value) for p in proportions):
        return UNDEFINED
    k = len(proportions)
    value = sum(p.value for p in proportions) / k
    down = math.sqrt(sum((p.value - p.low) ** 2 for p in proportions)) / k
    up = math.sqrt(sum((p.high - p.value) ** 2 for p in proportions)) / k
    return Interval(value, value - down, value + up)


def proportion_difference(both: float, first: float, second: float, neither: float, level: float = 0.95) -> Interval:
    """Difference of two proportions of the same examples (Newcombe 1998, method 10).

    both, first, second, neither: number of examples that both models classify correctly, only the first, only the
    second, or neither; may be means over repeats. With few discordant examples a bootstrap interval would be too narrow.
    """
    n = both + first + second + neither
    if n <= 0:
        return UNDEFINED
    rate_1, rate_2 = wilson_interval(both + first, n, level), wilson_interval(both + second, n, level)
    margin = (both + first) * (second + neither) * (both + second) * (first + neither)
    shared = both * neither - first * second
    if shared > 0:
        shared = max(shared - n / 2, 0.0)
    phi = shared / math.sqrt(margin) if margin > 0 else 0.0
    value = (first - second) / n

    def combine_margins(a: float, b: float) -> float:
        return math.sqrt(max(0.0, a * a - 2 * phi * a * b + b * b))

    down = combine_margins(rate_1.value - rate_1.low, rate_2.high - rate_2.value)
    return Interval(value, value - down, value + combine_margins(rate_1.high - rate_1.value, rate_2.value - rate_2.low))


def mann_whitney_interval(value: float, positives: float, negatives: float, level: float = 0.95) -> Interval:
    """Area under the ROC curve and its score-like interval (Newcombe 2006, method 5), of positive width at 0 and 1."""
    if math.isnan(value) or positives <= 0 or negatives <= 0:
        return UNDEFINED
    z = normal_quantile(0.5 + level / 2)

    def is_outside(theta: float) -> bool:
        inner = (1 - theta) / (2 - theta) + theta / (1 + theta)
        spread = theta * (1 - theta) / (positives * negatives) * (1 + ((positives + negatives) / 2 - 1) * inner)
        return (value - theta) ** 2 > z * z * spread

    def find_bound(inside: float, outside: float) -> float:
        for _ in range(60):
            middle = (inside + outside) / 2
            inside, outside = (inside, middle) if is_outside(middle) else (middle, outside)
        return inside

    return Interval(value, 0.0 if value == 0 else find_bound(value, 0.0), 1.0 if value == 1 else find_bound(value, 1.0))


def resample_groups(groups: np.ndarray, resamples: int, seed: int) -> list[np.ndarray]:
    """Example indices of each bootstrap sample; groups are drawn with replacement.

    groups: (n,), the group of each example. Returns `resamples` integer arrays. The same seed gives the same draws,
    so two statistics computed on them are paired.
    """
    _, code = np.unique(np.asarray(groups), return_inverse=True)
    code = code.ravel()
    order = np.argsort(code, kind="stable")
    sizes = np.bincount(code)
    starts = np.cumsum(sizes) - sizes
    rng = np.random.default_rng(seed)
    drawn_groups = rng.integers(0, len(sizes), size=(resamples, len(sizes))) if len(sizes) else np.empty((resamples, 0), int)
    return [order[_concatenate_ranges(starts[row], sizes[row])] for row in drawn_groups]


def _concatenate_ranges(starts: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Concatenate the integer ranges [start, start + size)."""
    ends = np.cumsum(sizes)
    return np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - (ends - sizes), sizes)


def bootstrap_interval(
    statistic: Callable[[np.ndarray], float],
    groups: np.ndarray,
    resamples: int = 1000,
    seed: int = 1,
    level: float = 0.95,
) -> Interval:
    """A statistic and its percentile interval by the cluster bootstrap (Efron 1979).

    Parameters
    ----------
    statistic : function of an integer array of example indices (with repeats); returns NaN where undefined.
    groups : (n,), the group of each example; examples of one group are drawn together, as they are not independent.

    Returns
    -------
    Interval; low and high are NaN with a single group, or if the statistic is defined on less than half of the
    resamples. Resamples on which it is undefined are ignored.
    """
    groups = np.asarray(groups)
    value = float(statistic(np.arange(len(groups)))) if len(groups) else math.nan
    if len(groups) == 0 or len(np.unique(groups)) < 2:
        return Interval(value, math.nan, math.nan)
    statistics = np.array([statistic(index) for index in resample_groups(groups, resamples, seed)], dtype=float)
    return Interval(value, *percentile_interval(statistics, level))


def percentile_interval(values: np.ndarray, level: float = 0.95) -> tuple[float, float]:
    """Bounds of the central `level` of bootstrap values; NaN if less than half of them are finite."""
    defined = values[np.isfinite(values)]
    if len(defined) * 2 < len(values) or not len(defined):
        return math.nan, math.nan
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
