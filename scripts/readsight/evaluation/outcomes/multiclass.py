"""One of several classes: calls by the likeliest, ranking of each class against the rest within test folds, probabilities."""

from collections.abc import Collection

import numpy as np

from readsight.evaluation.predictions import Part, named
from readsight.stats import metrics

PRIMARY = "balanced_accuracy"
COMPARED = ("accuracy", "balanced_accuracy", "macro_auroc", "brier")
CHANCE = {"macro_auroc": 0.5}
WORDS = {
    "accuracy": "part of the test examples whose likeliest class is the true one",
    "balanced_accuracy": "mean of the classes' recalls",
    "macro_auroc": "area under the ROC curve of each class against the rest, within test folds, averaged over classes",
    "mcc": "Matthews' correlation of calls and truth",
    "log_loss": "negative log likelihood of the true class, calibrated (nats)",
    "brier": "squared error of the calibrated probabilities, summed over classes (0 to 2)",
    "ece": "expected calibration error of the likeliest class's probability, after calibration",
    "ece_raw": "expected calibration error of the likeliest class's probability, before calibration",
}


def scores(part: Part, names: Collection[str] | None = None) -> dict[str, np.ndarray]:
    """Metrics of one repeat, each (resamples,): all, or those named."""
    table = metrics.tables(*decisions(part), len(part.outcome.classes), part.weights)
    ways = {
        "accuracy": lambda: metrics.accuracy(table),
        "balanced_accuracy": lambda: metrics.balanced_accuracy(table),
        "macro_auroc": lambda: macro(one_against_rest(part)),
        "mcc": lambda: metrics.mcc(table),
        "log_loss": lambda: metrics.log_loss_of_classes(part.calibrated, part.target, part.weights),
        "brier": lambda: metrics.brier_of_classes(part.calibrated, part.target, part.weights),
        "ece": lambda: metrics.calibration_error(*sureness(part, "calibrated")[:2], part.weights),
        "ece_raw": lambda: metrics.calibration_error(*sureness(part, "raw")[:2], part.weights),
    }
    return named(ways, names)


def one_against_rest(part: Part) -> list[np.ndarray]:
    """AUROC of each class against all others, (resamples,) each."""
    classes = range(len(part.outcome.classes))
    return [
        metrics.by_fold(metrics.auroc, part.raw[:, c], (part.target == c).astype(float), part.fold, part.weights) for c in classes
    ]


def macro(each: list[np.ndarray]) -> np.ndarray:
    """Mean over the classes that can be told of these examples; a resample that has lost one of them has none (NaN)."""
    told = [values for values in each if np.isfinite(values[0])]
    return np.mean(told, axis=0) if told else np.full(len(each[0]), np.nan)


def decisions(part: Part) -> tuple[np.ndarray, np.ndarray]:
    """Classes that are true, and classes that are said, (n,) each."""
    return part.target, part.calibrated.argmax(axis=1)


def of_classes(guess: np.ndarray) -> np.ndarray:
    """Probabilities of each class, (n, classes)."""
    return guess


def sureness(part: Part, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For the calibration curve: probability of the likeliest class, whether it was right, and the examples' places."""
    guess = getattr(part, name)
    return guess.max(axis=1), (guess.argmax(axis=1) == part.target).astype(float), np.arange(len(guess))
