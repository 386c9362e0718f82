"""Metrics of predictions, for one weighting of the examples or many at once.

`weights` is (resamples, n): how often each example counts in each resample. All
functions return (resamples,); where a metric is not defined (one class), NaN.
"""

from collections.abc import Sequence

import numpy as np

from readsight.stats.confidence_intervals import percentiles

DRAWN = 2_000_000  # groups that are drawn at a time


def auroc(score: np.ndarray, label: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Area under the ROC curve, ties counted half (Mann–Whitney)."""
    order = np.argsort(score, kind="stable")
    truth, ends = label[order] > 0, _tie_ends(score[order])
    drawn = weights[:, order]
    below = np.zeros((len(weights), len(order) + 1))
    np.cumsum(drawn * ~truth, axis=1, out=below[:, 1:])
    # Columns of `below` that stand before and behind each positive's run of ties.
    run = np.searchsorted(ends, np.flatnonzero(truth))
    behind = ends[run] + 1
    before = np.append(0, ends + 1)[run]
    positive = drawn[:, truth]
    half = below[:, behind] if np.array_equal(behind, before + 1) else (below[:, behind] + below[:, before]) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.einsum("ij,ij->i", positive, half) / (positive.sum(axis=1) * below[:, -1])


def auprc(score: np.ndarray, label: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Average precision: precision summed over the steps of recall, tied scores as one step."""
    order = np.argsort(-score, kind="stable")
    truth, ends = label[order] > 0, _tie_ends(score[order])
    drawn = weights[:, order]
    # Recall grows at runs of ties that hold a positive, and at no others.
    rises = np.unique(np.searchsorted(ends, np.flatnonzero(truth)))
    seen = np.cumsum(drawn, axis=1)[:, ends[rises]]
    last = np.searchsorted(np.flatnonzero(truth), ends[rises], side="right") - 1
    found = np.cumsum(drawn[:, truth], axis=1)[:, last]
    return average_precision(found, seen)


def average_precision(found: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Precision summed over the steps of recall. found, seen: (resamples, steps) positives and examples from the top down to each."""
    if not found.shape[1]:
        return np.full(len(found), np.nan)
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
    return mean(surprise(probability, label), weights)


def surprise(probability: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Negative log likelihood of each label, nats."""
    held = np.clip(probability, 1e-6, 1 - 1e-6)
    return -np.where(label == 1, np.log(held), np.log(1 - held))


def calibration_error(probability: np.ndarray, label: np.ndarray, weights: np.ndarray, bins: int = 10) -> np.ndarray:
    """Expected calibration error: mean distance of probability and frequency over bins of equal counts (Naeini et al. 2015)."""
    cells = np.zeros((len(label), bins))
    cells[np.arange(len(label)), bin_of(probability, bins)] = probability - label
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.abs(weights @ cells).sum(axis=1) / weights.sum(axis=1)


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
        return weights @ np.asarray(values, float) / weights.sum(axis=1)


def by_fold(
    metric, score: np.ndarray, label: np.ndarray, fold: np.ndarray, weights: np.ndarray, counted_by: np.ndarray | None = None
) -> np.ndarray:
    """A ranking metric inside each fold, averaged by the folds' numbers of positives (or by the sum of `counted_by`); (resamples,).

    Scores of different folds come from different fitted models: they are not ranked against each other.
    """
    total, counted = np.zeros(len(weights)), np.zeros(len(weights))
    share = np.asarray(label if counted_by is None else counted_by, float)
    for number in (folds := np.unique(fold)):
        here = fold == number if len(folds) > 1 else slice(None)
        own = weights[:, here]
        found = metric(score[here], label[here], own)
        size = own @ share[here]
        told = np.isfinite(found) & (size > 0)
        total += np.where(told, found, 0) * size * told
        counted += size * told
    with np.errstate(invalid="ignore", divide="ignore"):
        return total / counted


def group_weights(groups: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """How often each example counts when whole groups are drawn with replacement; (1 + resamples, n).

    The first row counts each example once. A lone group cannot be resampled: NaN.
    """
    counts = group_counts(groups, resamples, seed).astype(float)
    return np.vstack([counts, np.full((1 + resamples - len(counts), len(groups)), np.nan)])


def group_counts(groups: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """The same as counts, (1 + resamples, n) uint16: a quarter of the memory. Of a lone group (1, n), the first row alone."""
    _, code = np.unique(np.asarray(groups), return_inverse=True)
    code = code.reshape(-1)
    number = int(code.max()) + 1 if len(code) else 0
    if number < 2 or not resamples:
        return np.ones((1, len(code)), np.uint16)
    counts = np.ones((1 + resamples, len(code)), np.uint16)
    draw = np.random.default_rng(seed)
    step = max(1, DRAWN // number)
    for start in range(1, 1 + resamples, step):
        chosen = draw.integers(0, number, size=(min(step, 1 + resamples - start), number))
        for row, drawn in enumerate(chosen, start):
            counts[row] = np.bincount(drawn, minlength=number)[code]
    return counts


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
