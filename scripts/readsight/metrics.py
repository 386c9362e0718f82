"""Metrics of predictions, for one weighting of the examples or many at once.

`weights` is (resamples, n): how often each example counts in each resample. All
functions return (resamples,); where a metric is not defined (one class), NaN.
"""

from collections.abc import Sequence

import numpy as np

from readsight.bootstrap import percentiles, resamples_of_groups


def auroc(score: np.ndarray, label: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Area under the ROC curve, ties counted half (Mann–Whitney)."""
    order = np.argsort(score, kind="stable")
    positive = weights[:, order] * label[order]
    negative = weights[:, order] - positive
    ends = _tie_ends(score[order])
    below = np.cumsum(negative, axis=1)[:, ends]
    own = np.diff(below, prepend=0, axis=1)
    wins = np.diff(np.cumsum(positive, axis=1)[:, ends], prepend=0, axis=1) * (below - own / 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        return wins.sum(axis=1) / (positive.sum(axis=1) * negative.sum(axis=1))


def auprc(score: np.ndarray, label: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Average precision: precision summed over the steps of recall, tied scores as one step."""
    order = np.argsort(-score, kind="stable")
    positive = np.cumsum(weights[:, order] * label[order], axis=1)
    total = np.cumsum(weights[:, order], axis=1)
    ends = _tie_ends(score[order])
    found, seen = positive[:, ends], total[:, ends]
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.where(seen > 0, found / seen, 0.0)
        return (precision * np.diff(found, prepend=0, axis=1)).sum(axis=1) / found[:, -1]


def chance_auprc(positives: int, n: int) -> float:
    """Average precision that a random order has in the mean (Bestgen 2015); in small folds it is above the base rate."""
    if not 0 < positives <= n:
        return float("nan")
    rank = np.arange(1, n + 1)
    others = (positives - 1) / (n - 1) if n > 1 else 0.0
    return float(np.mean(1 / rank + others * (rank - 1) / rank))


def _tie_ends(ordered: np.ndarray) -> np.ndarray:
    """Places of the last of each run of equal scores."""
    return np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))


def brier(probability: np.ndarray, label: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mean squared error of probabilities (Brier 1950)."""
    return mean((probability - label) ** 2, weights)


def log_loss(probability: np.ndarray, label: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mean negative log likelihood, nats."""
    held = np.clip(probability, 1e-6, 1 - 1e-6)
    return mean(-np.where(label == 1, np.log(held), np.log(1 - held)), weights)


def calibration_error(probability: np.ndarray, label: np.ndarray, weights: np.ndarray, bins: int = 10) -> np.ndarray:
    """Expected calibration error: mean distance of probability and frequency over bins of equal counts (Naeini et al. 2015)."""
    place = bin_of(probability, bins)
    error = np.zeros(len(weights))
    for b in np.unique(place):
        here = place == b
        error += np.abs((weights[:, here] * (probability - label)[here]).sum(axis=1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return error / weights.sum(axis=1)


def tables(true: np.ndarray, said: np.ndarray, classes: int, weights: np.ndarray) -> np.ndarray:
    """Confusion matrices, (resamples, classes, classes): rows are the true class, columns the one said.

    true, said: (n,) codes of classes.
    """
    cells = np.zeros((len(true), classes * classes))
    cells[np.arange(len(true)), np.asarray(true) * classes + said] = 1
    return (weights @ cells).reshape(-1, classes, classes)


def accuracy(table: np.ndarray) -> np.ndarray:
    """Part of the examples that are said right. table: as `tables` gives, here and below."""
    return _ratio(np.trace(table, axis1=1, axis2=2), table.sum(axis=(1, 2)))


def recalls(table: np.ndarray) -> np.ndarray:
    """Part of each class that is said right, (resamples, classes); NaN where there is none of it."""
    return _ratio(np.diagonal(table, axis1=1, axis2=2), table.sum(axis=2))


def precisions(table: np.ndarray) -> np.ndarray:
    """Part of what is said to be a class that is it, (resamples, classes); NaN where none is said to be."""
    return _ratio(np.diagonal(table, axis1=1, axis2=2), table.sum(axis=1))


def balanced_accuracy(table: np.ndarray) -> np.ndarray:
    """Mean recall of the classes that the examples have. A resample that has lost one of them has none (NaN)."""
    return recalls(table)[:, present(table)].mean(axis=1)


def present(table: np.ndarray) -> np.ndarray:
    """Which classes the examples have, (classes,); told from the first weighting, which counts each once."""
    return table[0].sum(axis=1) > 0


def f1(table: np.ndarray, sought: int) -> np.ndarray:
    """Harmonic mean of precision and recall of one class; 0 where it is neither there nor said."""
    hits = table[:, sought, sought]
    both = table[:, sought].sum(axis=1) + table[:, :, sought].sum(axis=1)
    return np.where(np.isnan(both), np.nan, np.divide(2 * hits, both, out=np.zeros_like(hits), where=both > 0))


def mcc(table: np.ndarray) -> np.ndarray:
    """Matthews' correlation, of any number of classes (Gorodkin 2004); 0 where all are said to be of one class."""
    total, right = table.sum(axis=(1, 2)), np.trace(table, axis1=1, axis2=2)
    true, said = table.sum(axis=2), table.sum(axis=1)
    spread = np.sqrt((total**2 - (said**2).sum(axis=1)) * (total**2 - (true**2).sum(axis=1)))
    shared = right * total - (true * said).sum(axis=1)
    return np.where(np.isnan(total), np.nan, np.divide(shared, spread, out=np.zeros_like(shared), where=spread > 0))


def brier_of_classes(probabilities: np.ndarray, target: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Squared error summed over the classes (Brier 1950), 0 to 2. probabilities: (n, classes); target: (n,) codes."""
    truth = np.arange(probabilities.shape[1]) == np.asarray(target)[:, None]
    return mean(((probabilities - truth) ** 2).sum(axis=1), weights)


def log_loss_of_classes(probabilities: np.ndarray, target: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mean negative log likelihood of the true class, nats."""
    held = np.clip(probabilities, 1e-6, 1 - 1e-6)
    return mean(-np.log(held[np.arange(len(target)), target]), weights)


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return part / whole


def bin_of(probability: np.ndarray, bins: int) -> np.ndarray:
    """Bin of each example, (n,): bins of equal counts, equal probabilities in one bin."""
    edges = np.unique(np.quantile(probability, np.linspace(0, 1, bins + 1)[1:-1]))
    return np.searchsorted(edges, probability, side="right")


def reliability(
    probability: np.ndarray, label: np.ndarray, weights: Sequence[np.ndarray], bins: int = 10
) -> list[dict[str, float | None]]:
    """A row a bin: mean probability, observed frequency with its interval, examples.

    weights: how often each of the n examples counts, (1 + resamples,), as a column of `group_weights`.
    """
    place = bin_of(probability, bins)
    rows = []
    for b in np.unique(place):
        here = place == b
        drawn = np.stack([weights[i] for i in np.flatnonzero(here)], axis=1)
        frequency = interval(mean(label[here], drawn))
        row = {"predicted": float(probability[here].mean()), "observed": frequency["value"], "n": int(here.sum())}
        rows.append(row | {side: frequency[side] for side in ("low", "high")})
    return rows


def mean(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mean of (n,) values, (resamples,)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return weights @ values / weights.sum(axis=1)


def by_fold(metric, score: np.ndarray, label: np.ndarray, fold: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """A ranking metric inside each fold, averaged by the folds' numbers of positives; (resamples,).

    Scores of different folds come from different fitted models: they are not ranked against each other.
    """
    total, counted = np.zeros(len(weights)), np.zeros(len(weights))
    for number in np.unique(fold):
        here = fold == number
        found = metric(score[here], label[here], weights[:, here])
        size = (weights[:, here] * label[here]).sum(axis=1)
        told = np.isfinite(found) & (size > 0)
        total += np.where(told, found, 0) * size * told
        counted += size * told
    with np.errstate(invalid="ignore", divide="ignore"):
        return total / counted


def group_weights(groups: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """How often each example counts when whole groups are drawn with replacement; (1 + resamples, n).

    The first row counts each example once. A lone group cannot be resampled: NaN.
    """
    n = len(groups)
    if len(np.unique(groups)) < 2:
        return np.vstack([np.ones(n), np.full((resamples, n), np.nan)])
    drawn = [np.bincount(rows, minlength=n) for rows in resamples_of_groups(groups, resamples, seed)]
    return np.vstack([np.ones(n), *drawn])


def interval(values: np.ndarray, level: float = 0.95) -> dict[str, float | None]:
    """Point (the first) and percentile interval (of the others), None where a value is not defined.

    The interval is widened to hold the point: resampling raises errors such as
    the calibration error, which are never below 0.
    """
    if not np.isfinite(values[0]):
        return {"value": None, "low": None, "high": None}
    point, (low, high) = float(values[0]), percentiles(values[1:], level)
    if not np.isfinite(low):
        return {"value": point, "low": None, "high": None}
    return {"value": point, "low": min(low, point), "high": max(high, point)}
