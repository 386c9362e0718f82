"""How alike two sets of contributions are, sequence by sequence."""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.stats import rankdata

from readsight.interpret.sequence_attribution.attribution_file import own
from readsight.stats import metrics

FEWEST = 3  # places that a correlation needs


def correlations(one: np.ndarray, other: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Spearman's correlation of each sequence's contributions over its places, (n,).

    one, other: attributions (n, places, 4), of which those of the sequence's own bases count. codes: (n, places). Places do not
    count where all bases have 0 in both (outside of what the model sees), nor does N: they would make anything alike. Where all
    contributions of either are the same, nothing is told of places: 0.
    """
    found = np.zeros(len(codes))
    told = (((one != 0) | (other != 0)).any(axis=2)) & (codes < 4)
    first, second = own(one, codes), own(other, codes)
    for i, kept in enumerate(told):
        if kept.sum() < FEWEST:
            continue
        x, y = (rankdata(part[i, kept]) for part in (first, second))
        x, y = x - x.mean(), y - y.mean()
        size = np.sqrt((x @ x) * (y @ y))
        found[i] = x @ y / size if size > 0 else 0.0
    return found


def unsigned(found: np.ndarray) -> bool:
    """Whether attributions, or contributions, say how much, not in which direction."""
    return bool((found >= 0).all())


def mean(values: np.ndarray, groups: np.ndarray, resamples: int, seed: int) -> dict[str, Any]:
    """value, low, high (95 %, over groups) of a mean over examples, and n. values: (n,)."""
    return over(groups, resamples, seed, lambda weights: _ratio(weights @ values, weights.sum(axis=1))) | {"n": len(values)}


def ratio(part: np.ndarray, whole: np.ndarray, groups: np.ndarray, resamples: int, seed: int) -> dict[str, Any]:
    """The same of the sum of one thing as a part of the sum of another. part, whole: (n,)."""
    return over(groups, resamples, seed, lambda weights: _ratio(weights @ part, weights @ whole)) | {"n": len(part)}


def over(groups: np.ndarray, resamples: int, seed: int, statistic: Callable[[np.ndarray], np.ndarray]) -> dict[str, Any]:
    """value, low and high of a statistic of weights (resamples, n) → (resamples,). groups: (n,), drawn as a whole."""
    return metrics.interval(statistic(metrics.group_weights(groups, resamples, seed)))


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.full(len(part), np.nan), where=whole != 0)
