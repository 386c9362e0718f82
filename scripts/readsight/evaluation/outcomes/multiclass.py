"""Metrics of several classes: most probable class, one-vs-all ranking within test folds, probabilities."""

from collections.abc import Collection

import numpy as np

from readsight.evaluation.predictions import PredictionSubset, compute_requested
from readsight.stats import metrics

PRIMARY = "balanced_accuracy"
COMPARED = ("accuracy", "balanced_accuracy", "macro_auroc", "brier")
CHANCE = {"macro_auroc": 0.5}
DESCRIPTIONS = {
    "accuracy": "fraction of test examples whose most probable class is the true one",
    "balanced_accuracy": "mean of the classes' recalls",
    "macro_auroc": "one-vs-all area under the ROC curve, within test folds, averaged over classes",
    "mcc": "Matthews correlation of predicted and true classes",
    "log_loss": "negative log likelihood of the true class, calibrated (nats)",
    "brier": "squared error of the calibrated probabilities, summed over classes (0 to 2)",
    "ece": "expected calibration error of the most probable class's probability, after calibration",
    "ece_raw": "expected calibration error of the most probable class's probability, before calibration",
}


def compute_metrics(subset: PredictionSubset, names: Collection[str] | None = None) -> dict[str, np.ndarray]:
    """Metrics of one repeat, (resamples,) each: all, or those in `names`."""
    table = metrics.confusion_tables(*call_classes(subset), len(subset.outcome.classes), subset.weights)
    functions = {
        "accuracy": lambda: metrics.accuracy(table),
        "balanced_accuracy": lambda: metrics.balanced_accuracy(table),
        "macro_auroc": lambda: average_classes(compute_class_auroc(subset)),
        "mcc": lambda: metrics.mcc(table),
        "log_loss": lambda: metrics.log_loss_of_classes(subset.calibrated, subset.target, subset.weights),
        "brier": lambda: metrics.brier_of_classes(subset.calibrated, subset.target, subset.weights),
        "ece": lambda: metrics.calibration_error(*get_calibration_data(subset, "calibrated")[:2], subset.weights),
        "ece_raw": lambda: metrics.calibration_error(*get_calibration_data(subset, "raw")[:2], subset.weights),
    }
    return compute_requested(functions, names)


def compute_class_auroc(subset: PredictionSubset) -> list[np.ndarray]:
    """One-vs-all AUROC of each class, (resamples,) each."""
    classes = range(len(subset.outcome.classes))
    return [
        metrics.average_by_fold(metrics.auroc, subset.raw[:, c], (subset.target == c).astype(float), subset.fold, subset.weights)
        for c in classes
    ]


def average_classes(class_values: list[np.ndarray]) -> np.ndarray:
    """Mean over the classes that are defined for these examples; NaN for a resample that lacks one of them."""
    defined = [values for values in class_values if np.isfinite(values[0])]
    return np.mean(defined, axis=0) if defined else np.full(len(class_values[0]), np.nan)


def call_classes(subset: PredictionSubset) -> tuple[np.ndarray, np.ndarray]:
    """True and predicted classes, (n,) each."""
    return subset.target, subset.calibrated.argmax(axis=1)


def get_calibration_data(subset: PredictionSubset, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Data of the calibration curve: probability of the most probable class, whether it is true, and row of the example."""
    guess = getattr(subset, name)
    return guess.max(axis=1), (guess.argmax(axis=1) == subset.target).astype(float), np.arange(len(guess))
