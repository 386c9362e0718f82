"""Several labels at once: each ranked within test folds, and called at a calibrated probability of one half."""

from collections.abc import Collection

import numpy as np

from readsight.evaluation.outcomes.multiclass import macro
from readsight.evaluation.predictions import Part, named
from readsight.stats import metrics

PRIMARY = "macro_auprc"
COMPARED = ("macro_auprc", "macro_auroc", "exact_match", "hamming")
BINS = 10
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


def scores(part: Part, names: Collection[str] | None = None) -> dict[str, np.ndarray]:
    """Metrics of one repeat, each (resamples,): all, or those named."""
    wrong, drawn = said(part) != part.target, part.weights
    ways = {
        "macro_auprc": lambda: macro(each(part, metrics.auprc)),
        "macro_auroc": lambda: macro(each(part, metrics.auroc)),
        "exact_match": lambda: metrics.mean(~wrong.any(axis=1), drawn),
        "hamming": lambda: metrics.mean(wrong.mean(axis=1), drawn),
        "brier": lambda: metrics.mean(((part.calibrated - part.target) ** 2).mean(axis=1), drawn),
        "log_loss": lambda: metrics.mean(metrics.surprise(part.calibrated, part.target).mean(axis=1), drawn),
        "ece": lambda: pooled_error(part, "calibrated"),
        "ece_raw": lambda: pooled_error(part, "raw"),
    }
    return named(ways, names)


def pooled_error(part: Part, name: str) -> np.ndarray:
    """Expected calibration error over all labels of all examples, (resamples,); the labels of an example count together."""
    guess, truth, at = sureness(part, name)
    cells = np.zeros((len(part.fold), BINS))
    np.add.at(cells, (at, metrics.bin_of(guess, BINS)), guess - truth)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.abs(part.weights @ cells).sum(axis=1) / (part.weights.sum(axis=1) * part.target.shape[1])


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
