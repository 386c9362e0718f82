"""Metrics of scores: correlation within test folds, and squared error."""

from collections.abc import Collection

import numpy as np

from readsight.evaluation.predictions import PredictionSubset, compute_requested
from readsight.stats import metrics

PRIMARY = "pearson"
COMPARED = ("pearson", "spearman", "r2", "mse")
CHANCE = {"pearson": 0.0}
DESCRIPTIONS = {
    "pearson": "Pearson correlation of predicted and observed, within test folds",
    "spearman": "Spearman correlation of predicted and observed, within test folds",
    "r2": "fraction of variance explained (coefficient of determination)",
    "mse": "mean squared error",
}


def compute_metrics(subset: PredictionSubset, names: Collection[str] | None = None) -> dict[str, np.ndarray]:
    """Metrics of one repeat, (resamples,) each: all, or those in `names`."""
    error = (subset.raw - subset.target) ** 2
    functions = {
        "pearson": lambda: correlate_within_folds(compute_pearson, subset.raw, subset.target, subset),
        "spearman": lambda: correlate_within_folds(compute_spearman, subset.raw, subset.target, subset),
        "r2": lambda: compute_r2(error, subset.target, subset.weights),
        "mse": lambda: metrics.weighted_mean(error, subset.weights),
    }
    return compute_requested(functions, names)


def correlate_within_folds(metric, guess: np.ndarray, target: np.ndarray, subset: PredictionSubset) -> np.ndarray:
    """A correlation within each test fold, averaged with the folds' sizes as weights, (resamples,)."""
    return metrics.average_by_fold(metric, guess, target, subset.fold, subset.weights, np.ones(len(target)))


def compute_pearson(guess: np.ndarray, target: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted Pearson correlation, (resamples,); 0 for constant predictions, NaN for constant targets."""
    guess, target = (values - values.mean() for values in (guess, target))
    total = weights.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        a, b, aa, bb, ab = (weights @ products / total for products in (guess, target, guess**2, target**2, guess * target))
    return _divide_covariance(ab - a * b, aa - a * a, bb - b * b, float((guess**2).mean()), float((target**2).mean()))


def compute_spearman(guess: np.ndarray, target: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted rank correlation with mid-ranks; an example with weight two counts as two tied examples."""
    guess_ranks, target_ranks = compute_midranks(guess, weights), compute_midranks(target, weights)
    total = weights.sum(axis=1, keepdims=True)
    # The mean of mid-ranks is (total + 1) / 2, also with ties.
    guess_ranks, target_ranks = guess_ranks - (total + 1) / 2, target_ranks - (total + 1) / 2
    covariance, first, second = (
        np.einsum("ij,ij,ij->i", weights, a, b)
        for a, b in ((guess_ranks, target_ranks), (guess_ranks, guess_ranks), (target_ranks, target_ranks))
    )
    scale = weights.sum(axis=1) ** 3 / 12
    with np.errstate(invalid="ignore", divide="ignore"):
        return _divide_covariance(covariance / scale, first / scale, second / scale, 1.0, 1.0)


def compute_midranks(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mid-rank of each example, (resamples, n), repeated according to its weight."""
    order = np.argsort(values, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(values[order]) != 0, True))
    counts_through = np.cumsum(weights[:, order], axis=1)[:, ends]
    before = np.concatenate([np.zeros((len(weights), 1)), counts_through[:, :-1]], axis=1)
    run = np.empty(len(values), int)
    run[order] = np.searchsorted(ends, np.arange(len(values)))
    return ((before + counts_through + 1) / 2)[:, run]


def compute_r2(error: np.ndarray, target: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """One minus squared error over squared distance from the mean, (resamples,); NaN for constant targets."""
    centred = target - target.mean()
    total = weights.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean, square, residual = (weights @ values / total for values in (centred, centred**2, error))
        spread = square - mean**2
        return np.where(spread > 1e-12 * max(float((centred**2).mean()), 1e-300), 1 - residual / spread, np.nan)


def _divide_covariance(
    covariance: np.ndarray, first: np.ndarray, second: np.ndarray, guess_scale: float, target_scale: float
) -> np.ndarray:
    """Correlation from a covariance and two variances; the scales set the tolerance for rounding errors."""
    is_flat, is_constant = first <= 1e-12 * max(guess_scale, 1e-300), second <= 1e-12 * max(target_scale, 1e-300)
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = np.where(is_flat, 0.0, covariance / np.sqrt(first * second))
    return np.where(is_constant | np.isnan(covariance), np.nan, np.clip(correlation, -1, 1))
