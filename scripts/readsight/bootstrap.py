"""Intervals: of proportions in closed form, and of any statistic by resampling whole groups."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class Interval(NamedTuple):
    """A figure and its interval; NaN where it is not defined."""

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


def wilson(successes: int, trials: int, level: float = 0.95) -> Interval:
    """A proportion and its score interval (Wilson 1927; Brown, Cai & DasGupta 2001).

    Always inside [0, 1], and of real width at 0 and at 1. No trials: NaN.
    """
    if trials == 0:
        return UNDEFINED
    p, z = successes / trials, normal_quantile(0.5 + level / 2)
    centre = (p + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * math.sqrt(p * (1 - p) / trials + z * z / (4 * trials**2))
    return Interval(p, 0.0 if successes == 0 else centre - half, 1.0 if successes == trials else centre + half)


def resamples_of_groups(groups: np.ndarray, resamples: int, seed: int) -> list[np.ndarray]:
    """Indices of the examples of each resample: as many groups as there are, drawn with replacement, whole.

    groups: (n,), the group of each example. Returns `resamples` integer arrays.
    The same seed gives the same draws, so that two statistics on them are paired.
    """
    _, code = np.unique(np.asarray(groups), return_inverse=True)
    code = code.ravel()
    order = np.argsort(code, kind="stable")
    sizes = np.bincount(code)
    starts = np.cumsum(sizes) - sizes
    draw = np.random.default_rng(seed)
    chosen = draw.integers(0, len(sizes), size=(resamples, len(sizes))) if len(sizes) else np.empty((resamples, 0), int)
    return [order[_runs(starts[row], sizes[row])] for row in chosen]


def _runs(starts: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """The integers of the runs [start, start + size), one after another."""
    ends = np.cumsum(sizes)
    return np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - (ends - sizes), sizes)


def bootstrap_interval(
    statistic: Callable[[np.ndarray], float],
    groups: np.ndarray,
    resamples: int = 1000,
    seed: int = 1,
    level: float = 0.95,
) -> Interval:
    """A statistic and its percentile interval over resampled groups (Efron 1979; cluster bootstrap).

    statistic: takes an integer array of example indices, with repeats, and gives a
    number, NaN where it is not defined on them. groups: (n,), the group of each
    example; groups are drawn whole, since examples of one group are not independent.
    Resamples where the statistic is not defined are left out; if it is defined on
    less than half of them, or there is but one group, the interval is NaN.
    """
    groups = np.asarray(groups)
    value = float(statistic(np.arange(len(groups)))) if len(groups) else math.nan
    if len(groups) == 0 or len(np.unique(groups)) < 2:
        return Interval(value, math.nan, math.nan)
    drawn = np.array([statistic(index) for index in resamples_of_groups(groups, resamples, seed)], dtype=float)
    return Interval(value, *percentiles(drawn, level))


def percentiles(drawn: np.ndarray, level: float = 0.95) -> tuple[float, float]:
    """The central `level` of drawn values; NaN if less than half of them are defined."""
    defined = drawn[np.isfinite(drawn)]
    if len(defined) * 2 < len(drawn) or not len(defined):
        return math.nan, math.nan
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
