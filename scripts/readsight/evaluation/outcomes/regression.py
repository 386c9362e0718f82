"""A number of each example: correlation within test folds, and the distance from the truth."""

from collections.abc import Collection

import numpy as np

from readsight.evaluation.predictions import Part, named
from readsight.stats import metrics

PRIMARY = "pearson"
COMPARED = ("pearson", "spearman", "r2", "mse")
CHANCE = {"pearson": 0.0}
WORDS = {
    "pearson": "Pearson's correlation of predicted and observed, within test folds",
    "spearman": "Spearman's correlation of predicted and observed, within test folds",
    "r2": "part of the variance that is explained (coefficient of determination)",
    "mse": "mean squared error",
}


def scores(part: Part, names: Collection[str] | None = None) -> dict[str, np.ndarray]:
    """Metrics of one repeat, each (resamples,): all, or those named."""
    error = (part.raw - part.target) ** 2
    ways = {
        "pearson": lambda: within(pearson, part.raw, part.target, part),
        "spearman": lambda: within(spearman, part.raw, part.target, part),
        "r2": lambda: explained(error, part.target, part.weights),
        "mse": lambda: metrics.mean(error, part.weights),
    }
    return named(ways, names)


def within(metric, guess: np.ndarray, target: np.ndarray, part: Part) -> np.ndarray:
    """A correlation inside each test fold, averaged by the folds' examples; (resamples,)."""
    return metrics.by_fold(metric, guess, target, part.fold, part.weights, np.ones(len(target)))


def pearson(guess: np.ndarray, target: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted correlation, (resamples,); 0 where all predictions are equal, NaN where all targets are."""
    guess, target = (values - values.mean() for values in (guess, target))
    total = weights.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        a, b, aa, bb, ab = (weights @ own / total for own in (guess, target, guess**2, target**2, guess * target))
    return _ratio(ab - a * b, aa - a * a, bb - b * b, float((guess**2).mean()), float((target**2).mean()))


def spearman(guess: np.ndarray, target: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Correlation of ranks, tied values at their mean rank; an example that counts twice is two that are tied."""
    one, two = midranks(guess, weights), midranks(target, weights)
    total = weights.sum(axis=1, keepdims=True)
    # The mean of such ranks is (total + 1) / 2, whatever the ties.
    one, two = one - (total + 1) / 2, two - (total + 1) / 2
    shared, first, second = (np.einsum("ij,ij,ij->i", weights, a, b) for a, b in ((one, two), (one, one), (two, two)))
    scale = weights.sum(axis=1) ** 3 / 12
    with np.errstate(invalid="ignore", divide="ignore"):
        return _ratio(shared / scale, first / scale, second / scale, 1.0, 1.0)


def midranks(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Rank of each example, (resamples, n), where it counts as often as its weight says."""
    order = np.argsort(values, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(values[order]) != 0, True))
    behind = np.cumsum(weights[:, order], axis=1)[:, ends]
    before = np.concatenate([np.zeros((len(weights), 1)), behind[:, :-1]], axis=1)
    run = np.empty(len(values), int)
    run[order] = np.searchsorted(ends, np.arange(len(values)))
    return ((before + behind + 1) / 2)[:, run]


def explained(error: np.ndarray, target: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """One less squared error over squared distance from the mean, (resamples,); NaN where all targets are equal."""
    centred = target - target.mean()
    total = weights.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean, square, own = (weights @ values / total for values in (centred, centred**2, error))
        spread = square - mean**2
        return np.where(spread > 1e-12 * max(float((centred**2).mean()), 1e-300), 1 - own / spread, np.nan)


def _ratio(shared: np.ndarray, first: np.ndarray, second: np.ndarray, one: float, two: float) -> np.ndarray:
    """Correlation of a covariance and two variances; `one`, `two`: scales of these, beside which rounding is told."""
    flat, fixed = first <= 1e-12 * max(one, 1e-300), second <= 1e-12 * max(two, 1e-300)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = np.where(flat, 0.0, shared / np.sqrt(first * second))
    return np.where(fixed | np.isnan(shared), np.nan, np.clip(found, -1, 1))
