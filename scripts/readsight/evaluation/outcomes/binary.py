"""Metrics of two classes: ranking within test folds, probabilities, and predicted classes at a probability of one half."""

from collections.abc import Collection

import numpy as np

from readsight.evaluation.predictions import PredictionSubset, compute_requested
from readsight.stats import metrics

PRIMARY = "balanced_accuracy"
COMPARED = ("auroc", "auprc", "brier", "accuracy", "balanced_accuracy")
CHANCE = {"auroc": 0.5}
DESCRIPTIONS = {
    "auroc": "area under the ROC curve, within test folds",
    "auprc": "average precision of finding the positive class, within test folds",
    "brier": "mean squared error of the calibrated probability",
    "log_loss": "negative log likelihood of the calibrated probability (nats)",
    "ece": "expected calibration error after calibration",
    "ece_raw": "expected calibration error before calibration",
    "accuracy": "fraction of test examples predicted correctly, at a calibrated probability of one half",
    "balanced_accuracy": "mean of the two classes' recalls",
    "mcc": "Matthews correlation of predicted and true classes",
    "f1": "harmonic mean of precision and recall of the positive class",
}


def compute_metrics(subset: PredictionSubset, names: Collection[str] | None = None) -> dict[str, np.ndarray]:
    """Metrics of one repeat, (resamples,) each: all, or those in `names`."""
    label = (subset.target == subset.positive_class).astype(float)
    raw, calibrated = (p if subset.positive_class else 1 - p for p in (subset.raw, subset.calibrated))
    table = metrics.confusion_tables(*call_classes(subset), 2, subset.weights)
    probability, folds = (calibrated, label, subset.weights), (subset.fold, subset.weights)
    functions = {
        "auroc": lambda: metrics.average_by_fold(metrics.auroc, raw, label, *folds),
        "auprc": lambda: metrics.average_by_fold(metrics.auprc, raw, label, *folds),
        "brier": lambda: metrics.brier(*probability),
        "log_loss": lambda: metrics.log_loss(*probability),
        "ece": lambda: metrics.calibration_error(*probability),
        "ece_raw": lambda: metrics.calibration_error(raw, label, subset.weights),
        "accuracy": lambda: metrics.accuracy(table),
        "balanced_accuracy": lambda: metrics.balanced_accuracy(table),
        "mcc": lambda: metrics.mcc(table),
        "f1": lambda: metrics.f1(table, subset.positive_class),
    }
    return compute_requested(functions, names)


def call_classes(subset: PredictionSubset) -> tuple[np.ndarray, np.ndarray]:
    """True and predicted classes, (n,) each."""
    return subset.target, (subset.calibrated >= 0.5).astype(int)


def get_calibration_data(subset: PredictionSubset, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Data of the calibration curve: probability of the positive class, whether it is true, and row of the example."""
    guess = getattr(subset, name)
    return (
        guess if subset.positive_class else 1 - guess,
        (subset.target == subset.positive_class).astype(float),
        np.arange(len(subset.target)),
    )
