"""Rank correlation of two sets of contributions per sequence, and bootstrap intervals over groups."""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.stats import rankdata

from readsight.interpret.sequence_attribution.attribution_file import base_contributions
from readsight.stats import metrics

MIN_POSITIONS = 3  # positions needed for a correlation


def correlate_contributions(left: np.ndarray, right: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Spearman correlation of each sequence's contributions over its positions, (n,).

    Parameters
    ----------
    left, right : attributions (n, positions, 4); those of the observed bases are compared.
    codes : (n, positions).

    Notes
    -----
    Positions where all bases are 0 in both (outside the receptive field) and N are excluded: they would inflate the
    correlation. 0 if all contributions of either are equal.
    """
    correlations = np.zeros(len(codes))
    is_informative = (((left != 0) | (right != 0)).any(axis=2)) & (codes < 4)
    first, second = base_contributions(left, codes), base_contributions(right, codes)
    for i, mask in enumerate(is_informative):
        if mask.sum() < MIN_POSITIONS:
            continue
        x, y = (rankdata(contributions[i, mask]) for contributions in (first, second))
        x, y = x - x.mean(), y - y.mean()
        norm = np.sqrt((x @ x) * (y @ y))
        correlations[i] = x @ y / norm if norm > 0 else 0.0
    return correlations


def is_unsigned(attributions: np.ndarray) -> bool:
    """Whether attributions or contributions have a magnitude but no direction."""
    return bool((attributions >= 0).all())


def mean_interval(values: np.ndarray, groups: np.ndarray, resamples: int, seed: int) -> dict[str, Any]:
    """value, low, high (95 %, over groups) of a mean over examples, and n. values: (n,)."""
    return bootstrap_interval(groups, resamples, seed, lambda weights: _divide(weights @ values, weights.sum(axis=1))) | {
        "n": len(values)
    }


def ratio_interval(
    numerator: np.ndarray, denominator: np.ndarray, groups: np.ndarray, resamples: int, seed: int
) -> dict[str, Any]:
    """The same for a ratio of sums. numerator, denominator: (n,)."""
    return bootstrap_interval(groups, resamples, seed, lambda weights: _divide(weights @ numerator, weights @ denominator)) | {
        "n": len(numerator)
    }


def bootstrap_interval(
    groups: np.ndarray, resamples: int, seed: int, statistic: Callable[[np.ndarray], np.ndarray]
) -> dict[str, Any]:
    """value, low and high of a statistic of weights (resamples, n) → (resamples,). groups: (n,), resampled together."""
    return metrics.resample_interval(statistic(metrics.group_weights(groups, resamples, seed)))


def _divide(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    return np.divide(numerator, denominator, out=np.full(len(numerator), np.nan), where=denominator != 0)
