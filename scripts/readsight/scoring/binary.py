"""Two classes, one of them sought: ranking within test folds, probabilities, and calls at a probability of one half."""

import numpy as np

from readsight import metrics
from readsight.scoring.part import Part

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


def scores(part: Part) -> dict[str, np.ndarray]:
    """All metrics of one repeat, each (resamples,)."""
    label = (part.target == part.sought).astype(float)
    raw, calibrated = (p if part.sought else 1 - p for p in (part.raw, part.calibrated))
    table = metrics.tables(*decisions(part), 2, part.weights)
    return {
        "auroc": metrics.by_fold(metrics.auroc, raw, label, part.fold, part.weights),
        "auprc": metrics.by_fold(metrics.auprc, raw, label, part.fold, part.weights),
        "brier": metrics.brier(calibrated, label, part.weights),
        "log_loss": metrics.log_loss(calibrated, label, part.weights),
        "ece": metrics.calibration_error(calibrated, label, part.weights),
        "ece_raw": metrics.calibration_error(raw, label, part.weights),
        "accuracy": metrics.accuracy(table),
        "balanced_accuracy": metrics.balanced_accuracy(table),
        "mcc": metrics.mcc(table),
        "f1": metrics.f1(table, part.sought),
    }


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
