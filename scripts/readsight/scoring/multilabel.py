"""Several labels at once: each ranked within test folds, and called at a calibrated probability of one half."""

import numpy as np

from readsight import metrics
from readsight.scoring.multiclass import macro
from readsight.scoring.part import Part

PRIMARY = "macro_auprc"
COMPARED = ("macro_auprc", "macro_auroc", "exact_match", "hamming")
CHANCE = {"macro_auroc": 0.5}
WORDS = {
    "macro_auprc": "average precision of finding each label, within test folds, averaged over labels",
    "macro_auroc": "area under the ROC curve of each label, within test folds, averaged over labels",
    "exact_match": "part of the test examples all of whose labels are called right",
    "hamming": "part of the labels that is called wrong (Hamming loss)",
    "brier": "mean squared error of the calibrated probabilities, over labels",
    "log_loss": "negative log likelihood of the labels, calibrated, a label (nats)",
    "ece": "expected calibration error after calibration, labels pooled",
    "ece_raw": "expected calibration error before calibration, labels pooled",
}


def scores(part: Part) -> dict[str, np.ndarray]:
    """All metrics of one repeat, each (resamples,)."""
    wrong = said(part) != part.target
    guess, truth, at = sureness(part, "calibrated")
    weights = part.weights[:, at]
    return {
        "macro_auprc": macro(each(part, metrics.auprc)),
        "macro_auroc": macro(each(part, metrics.auroc)),
        "exact_match": metrics.mean(~wrong.any(axis=1), part.weights),
        "hamming": metrics.mean(wrong.mean(axis=1), part.weights),
        "brier": metrics.brier(guess, truth, weights),
        "log_loss": metrics.log_loss(guess, truth, weights),
        "ece": metrics.calibration_error(guess, truth, weights),
        "ece_raw": metrics.calibration_error(*sureness(part, "raw")[:2], weights),
    }


def each(part: Part, metric) -> list[np.ndarray]:
    """A ranking metric of each label, (resamples,) each."""
    columns = zip(part.raw.T, part.target.T.astype(float), strict=True)
    return [metrics.by_fold(metric, score, label, part.fold, part.weights) for score, label in columns]


def chance(part: Part) -> float:
    """Macro AUPRC of a random order: in small folds it is above the labels' frequencies."""
    found = []
    for label in part.target.T:
        folds = [label[part.fold == number] for number in np.unique(part.fold)]
        seen = [own for own in folds if own.any()]
        if seen:
            own = [metrics.chance_auprc(int(of.sum()), len(of)) for of in seen]
            found.append(np.average(own, weights=[of.sum() for of in seen]))
    return float(np.mean(found)) if found else float("nan")


def said(part: Part) -> np.ndarray:
    """Labels that are called, (n, labels) of 0 and 1."""
    return (part.calibrated >= 0.5).astype(int)


def sureness(part: Part, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For the calibration curve: probabilities of all labels, whether they were there, and the examples' places."""
    guess = getattr(part, name)
    return guess.ravel(), part.target.ravel().astype(float), np.repeat(np.arange(len(guess)), guess.shape[1])
