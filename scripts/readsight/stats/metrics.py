"""Metrics of predictions, computed for many example weightings at once.

`weights` is (resamples, n): the multiplicity of each example in each resample. Functions return
(resamples,), NaN where a metric is undefined (single class).
"""

from collections.abc import Sequence

import numpy as np

from readsight.stats.confidence_intervals import percentile_interval

GROUPS_PER_BLOCK = 2_000_000  # groups drawn per block


def auroc(score: np.ndarray, label: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Area under the ROC curve, ties counted half (Mann–Whitney)."""
    order = np.argsort(score, kind="stable")
    truth, ends = label[order] > 0, _tie_ends(score[order])
    drawn = weights[:, order]
    below = np.zeros((len(weights), len(order) + 1))
    np.cumsum(drawn * ~truth, axis=1, out=below[:, 1:])
    # Columns of `below` before and after each positive's run of ties.
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
    # Recall increases only at runs of ties that contain a positive.
    rises = np.unique(np.searchsorted(ends, np.flatnonzero(truth)))
    examples = np.cumsum(drawn, axis=1)[:, ends[rises]]
    last = np.searchsorted(np.flatnonzero(truth), ends[rises], side="right") - 1
    positives = np.cumsum(drawn[:, truth], axis=1)[:, last]
    return average_precision(positives, examples)


def average_precision(positives: np.ndarray, examples: np.ndarray) -> np.ndarray:
    """Precision summed over the steps of recall. positives, examples: (resamples, steps), cumulative from the top score."""
    if not positives.shape[1]:
        return np.full(len(positives), np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.where(examples > 0, positives / examples, 0.0)
        return (precision * np.diff(positives, prepend=0, axis=1)).sum(axis=1) / positives[:, -1]


def chance_auprc(positives: int, n: int) -> float:
    """Expected average precision of a random order (Bestgen 2015); above the base rate in small folds."""
    if not 0 < positives <= n:
        return float("nan")
    rank = np.arange(1, n + 1)
    remaining_rate = (positives - 1) / (n - 1) if n > 1 else 0.0
    return float(np.mean(1 / rank + remaining_rate * (rank - 1) / rank))


def _tie_ends(ordered: np.ndarray) -> np.ndarray:
    """Index of the last element of each run of equal scores."""
    return np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))


def brier(probability: np.ndarray, label: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mean squared error of probabilities (Brier 1950)."""
    return weighted_mean((probability - label) ** 2, weights)


def log_loss(probability: np.ndarray, label: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mean negative log likelihood, nats."""
    return weighted_mean(negative_log_likelihood(probability, label), weights)


def negative_log_likelihood(probability: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Negative log likelihood of each label, nats."""
    clipped = np.clip(probability, 1e-6, 1 - 1e-6)
    return -np.where(label == 1, np.log(clipped), np.log(1 - clipped))


def calibration_error(probability: np.ndarray, label: np.ndarray, weights: np.ndarray, bins: int = 10) -> np.ndarray:
    """Expected calibration error: mean distance of probability and frequency over bins of equal size (Naeini et al. 2015)."""
    cells = np.zeros((len(label), bins))
    cells[np.arange(len(label)), assign_bins(probability, bins)] = probability - label
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.abs(weights @ cells).sum(axis=1) / weights.sum(axis=1)


def confusion_tables(true: np.ndarray, predicted: np.ndarray, classes: int, weights: np.ndarray) -> np.ndarray:
    """Confusion matrices, (resamples, classes, classes): rows are true classes, columns predicted classes.

    true, predicted: (n,) class codes.
    """
    cells = np.zeros((len(true), classes * classes))
    cells[np.arange(len(true)), np.asarray(true) * classes + predicted] = 1
    return (weights @ cells).reshape(-1, classes, classes)


def accuracy(table: np.ndarray) -> np.ndarray:
    """Fraction of correct predictions. table: as returned by `confusion_tables`, here and below."""
    return _safe_ratio(np.trace(table, axis1=1, axis2=2), table.sum(axis=(1, 2)))


def recalls(table: np.ndarray) -> np.ndarray:
    """Recall per class, (resamples, classes); NaN where the class has no examples."""
    return _safe_ratio(np.diagonal(table, axis1=1, axis2=2), table.sum(axis=2))


def precisions(table: np.ndarray) -> np.ndarray:
    """Precision per class, (resamples, classes); NaN where the class is never predicted."""
    return _safe_ratio(np.diagonal(table, axis1=1, axis2=2), table.sum(axis=1))


def balanced_accuracy(table: np.ndarray) -> np.ndarray:
    """Mean recall of the classes that occur; NaN in a resample in which one of them is missing."""
    return recalls(table)[:, present_classes(table)].mean(axis=1)


def present_classes(table: np.ndarray) -> np.ndarray:
    """Which classes occur, (classes,) bool; from the first weighting, which counts each example once."""
    return table[0].sum(axis=1) > 0


def f1(table: np.ndarray, class_index: int) -> np.ndarray:
    """Harmonic mean of precision and recall of one class; 0 if it neither occurs nor is predicted."""
    hits = table[:, class_index, class_index]
    both = table[:, class_index].sum(axis=1) + table[:, :, class_index].sum(axis=1)
    return np.where(np.isnan(both), np.nan, np.divide(2 * hits, both, out=np.zeros_like(hits), where=both > 0))


def mcc(table: np.ndarray) -> np.ndarray:
    """Matthews correlation coefficient for any number of classes (Gorodkin 2004); 0 for constant predictions."""
    total, correct = table.sum(axis=(1, 2)), np.trace(table, axis1=1, axis2=2)
    true, predicted = table.sum(axis=2), table.sum(axis=1)
    spread = np.sqrt((total**2 - (predicted**2).sum(axis=1)) * (total**2 - (true**2).sum(axis=1)))
    shared = correct * total - (true * predicted).sum(axis=1)
    return np.where(np.isnan(total), np.nan, np.divide(shared, spread, out=np.zeros_like(shared), where=spread > 0))


def brier_of_classes(probabilities: np.ndarray, target: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Squared error summed over the classes (Brier 1950), 0 to 2. probabilities: (n, classes); target: (n,) codes."""
    truth = np.arange(probabilities.shape[1]) == np.asarray(target)[:, None]
    return weighted_mean(((probabilities - truth) ** 2).sum(axis=1), weights)


def log_loss_of_classes(probabilities: np.ndarray, target: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mean negative log likelihood of the true class, nats."""
    clipped = np.clip(probabilities, 1e-6, 1 - 1e-6)
    return weighted_mean(-np.log(clipped[np.arange(len(target)), target]), weights)


def _safe_ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return numerator / denominator


def assign_bins(probability: np.ndarray, bins: int) -> np.ndarray:
    """Bin of each example, (n,): bins of equal size; equal probabilities share a bin."""
    edges = np.unique(np.quantile(probability, np.linspace(0, 1, bins + 1)[1:-1]))
    return np.searchsorted(edges, probability, side="right")


def reliability_curve(
    probability: np.ndarray, label: np.ndarray, weights: Sequence[np.ndarray], bins: int = 10
) -> list[dict[str, float | None]]:
    """Calibration curve, one row per bin: mean probability, observed frequency with interval, number of examples.

    weights: for each of the n examples its column of `group_weights`, (1 + resamples,).
    """
    bin_index = assign_bins(probability, bins)
    rows = []
    for b in np.unique(bin_index):
        in_bin = bin_index == b
        drawn = np.stack([weights[i] for i in np.flatnonzero(in_bin)], axis=1)
        frequency = resample_interval(weighted_mean(label[in_bin], drawn))
        row = {"predicted": float(probability[in_bin].mean()), "observed": frequency["value"], "n": int(in_bin.sum())}
        rows.append(row | {side: frequency[side] for side in ("low", "high")})
    return rows


def weighted_mean(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mean of (n,) values, (resamples,)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return weights @ np.asarray(values, float) / weights.sum(axis=1)


def average_by_fold(
    metric, score: np.ndarray, label: np.ndarray, fold: np.ndarray, weights: np.ndarray, counted_by: np.ndarray | None = None
) -> np.ndarray:
    """Mean of a ranking metric over folds, weighted by positives per fold (or by the sum of `counted_by`); (resamples,).

    Scores of different folds come from different models and are therefore not comparable.
    """
    total, counted = np.zeros(len(weights)), np.zeros(len(weights))
    importance = np.asarray(label if counted_by is None else counted_by, float)
    for number in (folds := np.unique(fold)):
        in_fold = fold == number if len(folds) > 1 else slice(None)
        fold_weights = weights[:, in_fold]
        values = metric(score[in_fold], label[in_fold], fold_weights)
        size = fold_weights @ importance[in_fold]
        is_defined = np.isfinite(values) & (size > 0)
        total += np.where(is_defined, values, 0) * size * is_defined
        counted += size * is_defined
    with np.errstate(invalid="ignore", divide="ignore"):
        return total / counted


def group_weights(groups: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """Multiplicity of each example in the cluster bootstrap; (1 + resamples, n).

    The first row counts each example once. A single group cannot be resampled: NaN.
    """
    counts = group_counts(groups, resamples, seed).astype(float)
    return np.vstack([counts, np.full((1 + resamples - len(counts), len(groups)), np.nan)])


def group_counts(groups: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """As `group_weights`, (1 + resamples, n) uint16: a quarter of the memory. For a single group only the first row, (1, n)."""
    _, code = np.unique(np.asarray(groups), return_inverse=True)
    code = code.reshape(-1)
    number = int(code.max()) + 1 if len(code) else 0
    if number < 2 or not resamples:
        return np.ones((1, len(code)), np.uint16)
    counts = np.ones((1 + resamples, len(code)), np.uint16)
    rng = np.random.default_rng(seed)
    step = max(1, GROUPS_PER_BLOCK // number)
    for start in range(1, 1 + resamples, step):
        drawn_groups = rng.integers(0, number, size=(min(step, 1 + resamples - start), number))
        for row, drawn in enumerate(drawn_groups, start):
            counts[row] = np.bincount(drawn, minlength=number)[code]
    return counts


def resample_interval(values: np.ndarray, level: float = 0.95) -> dict[str, float | None]:
    """Point estimate (first value) and percentile interval (of the resampled values); None where undefined.

    The interval is widened to contain the point, because resampling inflates non-negative errors such as the
    calibration error.
    """
    if not np.isfinite(values[0]):
        return {"value": None, "low": None, "high": None}
    point, (low, high) = float(values[0]), percentile_interval(values[1:], level)
    if not np.isfinite(low):
        return {"value": point, "low": None, "high": None}
    return {"value": point, "low": min(low, point), "high": max(high, point)}
