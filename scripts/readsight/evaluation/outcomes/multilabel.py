"""Metrics of several labels: each is ranked within test folds, and called at a calibrated probability of one half."""

from collections.abc import Collection

import numpy as np

from readsight.evaluation.outcomes.multiclass import average_classes
from readsight.evaluation.predictions import PredictionSubset, compute_requested
from readsight.stats import metrics

PRIMARY = "macro_auprc"
COMPARED = ("macro_auprc", "macro_auroc", "exact_match", "hamming")
BINS = 10
CHANCE = {"macro_auroc": 0.5}
DESCRIPTIONS = {
    "macro_auprc": "average precision of finding each label, within test folds, averaged over labels",
    "macro_auroc": "area under the ROC curve of each label, within test folds, averaged over labels",
    "exact_match": "fraction of test examples with all labels predicted correctly",
    "hamming": "fraction of labels predicted incorrectly (Hamming loss)",
    "brier": "mean squared error of the calibrated probabilities, over labels",
    "log_loss": "negative log likelihood per label, calibrated (nats)",
    "ece": "expected calibration error after calibration, labels pooled",
    "ece_raw": "expected calibration error before calibration, labels pooled",
}


def compute_metrics(subset: PredictionSubset, names: Collection[str] | None = None) -> dict[str, np.ndarray]:
    """Metrics of one repeat, (resamples,) each: all, or those in `names`."""
    wrong, weights = call_labels(subset) != subset.target, subset.weights
    functions = {
        "macro_auprc": lambda: average_classes(rank_labels(subset, metrics.auprc)),
        "macro_auroc": lambda: average_classes(rank_labels(subset, metrics.auroc)),
        "exact_match": lambda: metrics.weighted_mean(~wrong.any(axis=1), weights),
        "hamming": lambda: metrics.weighted_mean(wrong.mean(axis=1), weights),
        "brier": lambda: metrics.weighted_mean(((subset.calibrated - subset.target) ** 2).mean(axis=1), weights),
        "log_loss": lambda: metrics.weighted_mean(
            metrics.negative_log_likelihood(subset.calibrated, subset.target).mean(axis=1), weights
        ),
        "ece": lambda: compute_pooled_error(subset, "calibrated"),
        "ece_raw": lambda: compute_pooled_error(subset, "raw"),
    }
    return compute_requested(functions, names)


def compute_pooled_error(subset: PredictionSubset, name: str) -> np.ndarray:
    """Expected calibration error over all labels, (resamples,); the labels of an example are resampled together."""
    guess, truth, rows = get_calibration_data(subset, name)
    cells = np.zeros((len(subset.fold), BINS))
    np.add.at(cells, (rows, metrics.assign_bins(guess, BINS)), guess - truth)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.abs(subset.weights @ cells).sum(axis=1) / (subset.weights.sum(axis=1) * subset.target.shape[1])


def rank_labels(subset: PredictionSubset, metric) -> list[np.ndarray]:
    """A ranking metric of each label, (resamples,) each."""
    columns = zip(subset.raw.T, subset.target.T.astype(float), strict=True)
    return [metrics.average_by_fold(metric, score, label, subset.fold, subset.weights) for score, label in columns]


def compute_chance(subset: PredictionSubset) -> float:
    """Macro AUPRC of a random order; in small folds it exceeds the label frequencies."""
    values = []
    for label in subset.target.T:
        folds = [label[subset.fold == number] for number in np.unique(subset.fold)]
        informative = [fold_values for fold_values in folds if fold_values.any()]
        if informative:
            fold_values = [metrics.chance_auprc(int(fold_label.sum()), len(fold_label)) for fold_label in informative]
            values.append(np.average(fold_values, weights=[fold_label.sum() for fold_label in informative]))
    return float(np.mean(values)) if values else float("nan")


def call_labels(subset: PredictionSubset) -> np.ndarray:
    """Predicted labels, (n, labels) of 0 and 1."""
    return (subset.calibrated >= 0.5).astype(int)


def get_calibration_data(subset: PredictionSubset, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Data of the calibration curve: probabilities of all labels, whether they are true, and row of the example."""
    guess = getattr(subset, name)
    return guess.ravel(), subset.target.ravel().astype(float), np.repeat(np.arange(len(guess)), guess.shape[1])
