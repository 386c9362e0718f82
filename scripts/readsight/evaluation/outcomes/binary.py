"""Two classes, one of them sought: ranking within test folds, probabilities, and calls at a probability of one half."""

from collections.abc import Collection

import numpy as np

from readsight.evaluation.predictions import Part, named
from readsight.stats import metrics

PRIMARY = "balanced_accuracy"
COMPARED = ("auroc", "auprc", "brier", "accuracy", "balanced_accuracy")
CHANCE = {"auroc": 0.5}
WORDS = {
    "auroc": "area under the ROC curve, within test folds",
    "auprc": "average precision of finding the class sought, within test folds",
    "brier": "mean squared error of the calibrated probability",
    "log_loss": "negative log likelihood of the calibrated probability (nats)",
    "ece": "expected calibration error after calibration",
    "ece_raw": "expected calibration error before calibration",
    "accuracy": "part of the test examples that is called right, at a calibrated probability of one half",
    "balanced_accuracy": "mean of the two classes' recalls",
    "mcc": "Matthews' correlation of calls and truth",
    "f1": "harmonic mean of precision and recall of the class sought",
}


def scores(part: Part, names: Collection[str] | None = None) -> dict[str, np.ndarray]:
    """Metrics of one repeat, each (resamples,): all, or those named."""
    label = (part.target == part.sought).astype(float)
    raw, calibrated = (p if part.sought else 1 - p for p in (part.raw, part.calibrated))
    table = metrics.tables(*decisions(part), 2, part.weights)
    probability, told = (calibrated, label, part.weights), (part.fold, part.weights)
    ways = {
        "auroc": lambda: metrics.by_fold(metrics.auroc, raw, label, *told),
        "auprc": lambda: metrics.by_fold(metrics.auprc, raw, label, *told),
        "brier": lambda: metrics.brier(*probability),
        "log_loss": lambda: metrics.log_loss(*probability),
        "ece": lambda: metrics.calibration_error(*probability),
        "ece_raw": lambda: metrics.calibration_error(raw, label, part.weights),
        "accuracy": lambda: metrics.accuracy(table),
        "balanced_accuracy": lambda: metrics.balanced_accuracy(table),
        "mcc": lambda: metrics.mcc(table),
        "f1": lambda: metrics.f1(table, part.sought),
    }
    return named(ways, names)


def decisions(part: Part) -> tuple[np.ndarray, np.ndarray]:
    """Classes that are true, and classes that are said, (n,) each."""
    return part.target, (part.calibrated >= 0.5).astype(int)


def of_classes(guess: np.ndarray) -> np.ndarray:
    """Probabilities of each class, (n, 2)."""
    return np.stack([1 - guess, guess], axis=1)


def sureness(part: Part, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For the calibration curve: probabilities of the class sought, whether it was it, and the examples' places."""
    guess = getattr(part, name)
    return guess if part.sought else 1 - guess, (part.target == part.sought).astype(float), np.arange(len(part.target))
