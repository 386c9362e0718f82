"""A signal along each example, as counts or their like: its shape, its total, and how likely the observed is made."""

from collections.abc import Collection

import numpy as np

from readsight.dataset.outcome import EDGE
from readsight.evaluation.outcomes.regression import pearson, within
from readsight.evaluation.predictions import Part, named
from readsight.stats import metrics

PRIMARY = "profile_pearson"
COMPARED = ("profile_pearson", "total_pearson", "deviance_explained")
CHANCE: dict[str, float] = {}
WORDS = {
    "profile_pearson": "Pearson's correlation along the bins of an example, averaged over examples",
    "total_pearson": "Pearson's correlation of the examples' totals, within test folds",
    "deviance_explained": "part of the Poisson deviance of the bins that is explained, beside one mean for all",
}


def scores(part: Part, names: Collection[str] | None = None) -> dict[str, np.ndarray]:
    """Metrics of one repeat, each (resamples,): all, or those named."""
    ways = {
        "profile_pearson": lambda: averaged(along(part.raw, part.target), part.weights),
        "total_pearson": lambda: within(pearson, *totals(part), part),
        "deviance_explained": lambda: explained(part.raw, part.target, part.weights),
    }
    return named(ways, names)


def along(guess: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Correlation along the bins of each example, (n,); 0 where the prediction is flat, NaN where the target is."""
    one, two = (values - values.mean(axis=1, keepdims=True) for values in (guess.astype(float), target.astype(float)))
    first, second = ((values**2).sum(axis=1) for values in (one, two))
    with np.errstate(invalid="ignore", divide="ignore"):
        found = np.clip((one * two).sum(axis=1) / np.sqrt(first * second), -1, 1)
    flat, fixed = (
        own <= 1e-12 * np.maximum((v.astype(float) ** 2).sum(axis=1), 1e-300) for own, v in ((first, guess), (second, target))
    )
    return np.where(fixed, np.nan, np.where(flat, 0.0, found))


def averaged(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mean of the (n,) values that are defined, (resamples,)."""
    told = np.isfinite(values)
    return metrics.mean(values[told], weights[:, told])


def totals(part: Part) -> tuple[np.ndarray, np.ndarray]:
    """Sums over the bins, predicted and observed, (n,) each."""
    return part.raw.sum(axis=1, dtype=float), part.target.sum(axis=1, dtype=float)


def explained(guess: np.ndarray, target: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """One less Poisson deviance over that of the mean of all bins, (resamples,) (Cameron & Windmeijer 1997); NaN without a signal."""
    held, seen = np.maximum(guess.astype(float), EDGE), target.astype(float)
    certain = np.where(seen > 0, seen * np.log(np.where(seen > 0, seen, 1)), 0).sum(axis=1)
    own = certain - (seen * np.log(held) - held + seen).sum(axis=1)
    total = seen.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mass = weights @ total
        mean = mass / (weights.sum(axis=1) * target.shape[1])
        null = weights @ certain - np.log(mean) * mass
        return np.where(null > 0, 1 - (weights @ own) / null, np.nan)
