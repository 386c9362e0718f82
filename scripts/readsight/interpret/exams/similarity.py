"""How alike two sets of contributions are, sequence by sequence."""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.stats import rankdata

from readsight.interpret.sequence_attribution.attribution_file import base_contributions
from readsight.stats import metrics

MIN_POSITIONS = 3  # places that a correlation needs


def correlate_contributions(left: np.ndarray, right: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Spearman's correlation of each sequence's contributions over its places, (n,).

    one, right: attributions (n, places, 4), of which those of the sequence's own bases count. codes: (n, places). Places do not
    count where all bases have 0 in both (outside of what the model sees), nor does N: they would make anything alike. Where all
    contributions of either are the same, nothing is told of places: 0.
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
    """Whether attributions, or contributions, say how much, not in which direction."""
    return bool((attributions >= 0).all())


def mean_interval(values: np.ndarray, groups: np.ndarray, resamples: int, seed: int) -> dict[str, Any]:
    """value, low, high (95 %, over groups) of a mean over examples, and n. values: (n,)."""
    return bootstrap_interval(groups, resamples, seed, lambda weights: _divide(weights @ values, weights.sum(axis=1))) | {
        "n": len(values)
    }


def ratio_interval(
    numerator: np.ndarray, denominator: np.ndarray, groups: np.ndarray, resamples: int, seed: int
) -> dict[str, Any]:
    """The same of the sum of one thing as a part of the sum of another. part, denominator: (n,)."""
    return bootstrap_interval(groups, resamples, seed, lambda weights: _divide(weights @ numerator, weights @ denominator)) | {
        "n": len(numerator)
    }


def bootstrap_interval(
    groups: np.ndarray, resamples: int, seed: int, statistic: Callable[[np.ndarray], np.ndarray]
) -> dict[str, Any]:
    """value, low and high of a statistic of weights (resamples, n) → (resamples,). groups: (n,), drawn as a whole."""
    return metrics.resample_interval(statistic(metrics.group_weights(groups, resamples, seed)))


def _divide(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    return np.divide(numerator, denominator, out=np.full(len(numerator), np.nan), where=denominator != 0)
