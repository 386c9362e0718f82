"""One of several classes: calls by the likeliest, ranking of each class against the rest within test folds, probabilities."""

from collections.abc import Collection

import numpy as np

from readsight.evaluation.predictions import PredictionSubset, compute_requested
from readsight.stats import metrics

PRIMARY = "balanced_accuracy"
COMPARED = ("accuracy", "balanced_accuracy", "macro_auroc", "brier")
CHANCE = {"macro_auroc": 0.5}
DESCRIPTIONS = {
    "accuracy": "part of the test examples whose likeliest class is the true one",
    "balanced_accuracy": "mean of the classes' recalls",
    "macro_auroc": "area under the ROC curve of each class against the rest, within test folds, averaged over classes",
    "mcc": "Matthews' correlation of calls and truth",
    "log_loss": "negative log likelihood of the true class, calibrated (nats)",
    "brier": "squared error of the calibrated probabilities, summed over classes (0 to 2)",
    "ece": "expected calibration error of the likeliest class's probability, after calibration",
    "ece_raw": "expected calibration error of the likeliest class's probability, before calibration",
}


def compute_metrics(subset: PredictionSubset, names: Collection[str] | None = None) -> dict[str, np.ndarray]:
    """Metrics of one repeat, each (resamples,): all, or those named."""
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
    """AUROC of each class against all others, (resamples,) each."""
    classes = range(len(subset.outcome.classes))
    return [
        metrics.average_by_fold(metrics.auroc, subset.raw[:, c], (subset.target == c).astype(float), subset.fold, subset.weights)
        for c in classes
    ]


def average_classes(class_values: list[np.ndarray]) -> np.ndarray:
    """Mean over the classes that can be told of these examples; a resample that has lost one of them has none (NaN)."""
    defined = [values for values in class_values if np.isfinite(values[0])]
    return np.mean(defined, axis=0) if defined else np.full(len(class_values[0]), np.nan)


def call_classes(subset: PredictionSubset) -> tuple[np.ndarray, np.ndarray]:
    """Classes that are true, and classes that are said, (n,) each."""
    return subset.target, subset.calibrated.argmax(axis=1)


def expand_probabilities(guess: np.ndarray) -> np.ndarray:
    """Probabilities of each class, (n, classes)."""
    return guess


def get_calibration_data(subset: PredictionSubset, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For the calibration curve: probability of the likeliest class, whether it was right, and the examples' places."""
    guess = getattr(subset, name)
    return guess.max(axis=1), (guess.argmax(axis=1) == subset.target).astype(float), np.arange(len(guess))
