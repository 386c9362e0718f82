"""Metrics of signal profiles (counts or coverage): shape, total, and likelihood."""

from collections.abc import Collection

import numpy as np

from readsight.dataset.outcome import EDGE
from readsight.evaluation.outcomes.regression import compute_pearson, correlate_within_folds
from readsight.evaluation.predictions import PredictionSubset, compute_requested
from readsight.stats import metrics

PRIMARY = "profile_pearson"
COMPARED = ("profile_pearson", "total_pearson", "deviance_explained")
CHANCE: dict[str, float] = {}
DESCRIPTIONS = {
    "profile_pearson": "Pearson correlation over the bins of an example, averaged over examples",
    "total_pearson": "Pearson correlation of the examples' totals, within test folds",
    "deviance_explained": "fraction of the Poisson deviance of the bins explained, compared with a constant mean",
}


def compute_metrics(subset: PredictionSubset, names: Collection[str] | None = None) -> dict[str, np.ndarray]:
    """Metrics of one repeat, (resamples,) each: all, or those in `names`."""
    functions = {
        "profile_pearson": lambda: average_defined(correlate_bins(subset.raw, subset.target), subset.weights),
        "total_pearson": lambda: correlate_within_folds(compute_pearson, *sum_bins(subset), subset),
        "deviance_explained": lambda: compute_deviance_explained(subset.raw, subset.target, subset.weights),
    }
    return compute_requested(functions, names)


def correlate_bins(guess: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Correlation over the bins of each example, (n,); 0 for a constant prediction, NaN for a constant target."""
    centred_guess, centred_target = (
        values - values.mean(axis=1, keepdims=True) for values in (guess.astype(float), target.astype(float))
    )
    first, second = ((values**2).sum(axis=1) for values in (centred_guess, centred_target))
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = np.clip((centred_guess * centred_target).sum(axis=1) / np.sqrt(first * second), -1, 1)
    is_flat, is_constant = (
        variance <= 1e-12 * np.maximum((v.astype(float) ** 2).sum(axis=1), 1e-300)
        for variance, v in ((first, guess), (second, target))
    )
    return np.where(is_constant, np.nan, np.where(is_flat, 0.0, correlation))


def average_defined(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mean of the (n,) values that are finite, (resamples,)."""
    is_defined = np.isfinite(values)
    return metrics.weighted_mean(values[is_defined], weights[:, is_defined])


def sum_bins(subset: PredictionSubset) -> tuple[np.ndarray, np.ndarray]:
    """Sums over the bins, predicted and observed, (n,) each."""
    return subset.raw.sum(axis=1, dtype=float), subset.target.sum(axis=1, dtype=float)


def compute_deviance_explained(guess: np.ndarray, target: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """One minus Poisson deviance over that of the overall mean, (resamples,); NaN without a signal (Cameron & Windmeijer 1997)."""
    predicted, observed = np.maximum(guess.astype(float), EDGE), target.astype(float)
    saturated = np.where(observed > 0, observed * np.log(np.where(observed > 0, observed, 1)), 0).sum(axis=1)
    deviance = saturated - (observed * np.log(predicted) - predicted + observed).sum(axis=1)
    total = observed.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mass = weights @ total
        mean = mass / (weights.sum(axis=1) * target.shape[1])
        null = weights @ saturated - np.log(mean) * mass
        return np.where(null > 0, 1 - (weights @ deviance) / null, np.nan)
