"""Data of the figures of a task's models: curves, calibration, scatter, survival of risk groups."""

from typing import Any

import numpy as np

from readsight.dataset.outcome import UNCOUNTED
from readsight.evaluation.outcomes import positions
from readsight.evaluation.outcomes.registry import SCORING
from readsight.evaluation.predictions import PredictionSubset
from readsight.stats import metrics, survival

GRID = np.linspace(0, 1, 101)
MAX_POINTS = 1500  # largest number of examples shown as points; more are counted on a grid
GRID_CELLS = 40  # cells of that grid per axis
MIN_PER_BIN = 14  # smallest number of examples per bin of the calibration curve, if there are enough
Curve = dict[str, list[float]]


def compute_curves(score: np.ndarray, label: np.ndarray, fold: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """ROC and precision–recall curves of each fold with both classes, at fixed false-positive rates and recalls.

    score: (n,), higher for the positive class. label: (n,) bool. fold: (n,).
    """
    roc, pr = [], []
    for number in np.unique(fold):
        fold_score, truth = score[fold == number], label[fold == number]
        if not truth.any() or truth.all():
            continue
        order = np.argsort(-fold_score, kind="stable")
        ends = np.flatnonzero(np.append(np.diff(fold_score[order]) != 0, True))
        hits, ranks = np.cumsum(truth[order])[ends], ends + 1
        recall, false = hits / truth.sum(), (ranks - hits) / (~truth).sum()
        roc.append(np.interp(GRID, np.append(0, false), np.append(0, recall)))
        best = np.maximum.accumulate((hits / ranks)[::-1])[::-1]
        pr.append(best[np.minimum(np.searchsorted(recall, GRID - 1e-12), len(best) - 1)])
    return roc, pr


def average_curves(subsets: list[PredictionSubset], class_index: int | None = None) -> Curve | None:
    """Curves averaged over folds and repeats, and over classes or labels if there are several (or of `class_index` only)."""
    roc: list[np.ndarray] = []
    pr: list[np.ndarray] = []
    for subset in subsets:
        for score, label in _list_score_label_pairs(subset, class_index):
            for curves, fold_curves in zip((roc, pr), compute_curves(score, label, subset.fold), strict=True):
                curves += fold_curves
    if not roc:
        return None
    means = {"recall_at_fpr": np.mean(roc, axis=0), "precision_at_recall": np.mean(pr, axis=0)}
    return {"grid": GRID.tolist()} | {name: values.tolist() for name, values in means.items()}


def _list_score_label_pairs(subset: PredictionSubset, class_index: int | None) -> list[tuple[np.ndarray, np.ndarray]]:
    if subset.outcome.kind == "binary":
        return [(subset.raw if subset.positive_class else 1 - subset.raw, subset.target == subset.positive_class)]
    indices = range(len(subset.outcome.classes)) if class_index is None else [class_index]
    truth = (
        subset.target if subset.outcome.kind == "multilabel" else subset.target[:, None] == np.arange(len(subset.outcome.classes))
    )
    return [(subset.raw[:, c], truth[:, c].astype(bool)) for c in indices]


def compute_class_curves(subsets: list[PredictionSubset]) -> dict[str, Curve]:
    """Curves of each class against all other classes, or of each label; empty for two classes."""
    outcome = subsets[0].outcome
    if outcome.kind not in ("multiclass", "multilabel"):
        return {}
    class_curves = {name: average_curves(subsets, c) for c, name in enumerate(outcome.classes)}
    return {name: curve for name, curve in class_curves.items() if curve}


def compute_reliability(subsets: list[PredictionSubset]) -> dict[str, list[dict[str, float | None]]]:
    """Predicted and observed frequency by bin, before and after calibration."""
    if subsets[0].outcome.kind == "positions":
        return {name: _compute_base_reliability(subsets, name) for name in ("raw", "calibrated")}
    kind = SCORING[subsets[0].outcome.kind]
    bins = {}
    for name in ("raw", "calibrated"):
        rows = [kind.get_calibration_data(subset, name) for subset in subsets]
        weights = [subset.weights[:, i] for subset, row in zip(subsets, rows, strict=True) for i in row[2]]
        guess, truth = (np.concatenate([row[column] for row in rows]) for column in (0, 1))
        bins[name] = metrics.reliability_curve(guess, truth, weights, bins=int(np.clip(len(guess) // MIN_PER_BIN, 3, 10)))
    return bins


def _compute_base_reliability(subsets: list[PredictionSubset], name: str) -> list[dict[str, float | None]]:
    """Reliability of single bases, by the probability of being a site, in bins of equal width; windows are resampled."""
    sums = [np.stack(positions.bin_probabilities(subset, name), axis=1).reshape(len(subset.fold), -1) for subset in subsets]
    totals = [
        subset.apply_in_blocks(lambda block, subset_sums=subset_sums: block.weights @ subset_sums)
        for subset, subset_sums in zip(subsets, sums, strict=True)
    ]
    guess, truth, count = np.sum(totals, axis=0).reshape(-1, 3, positions.BINS).transpose(1, 0, 2)
    rows = []
    for b in np.flatnonzero(count[0]):
        with np.errstate(invalid="ignore", divide="ignore"):
            frequency = metrics.resample_interval(truth[:, b] / count[:, b])
        row = {"predicted": float(guess[0, b] / count[0, b]), "observed": frequency["value"], "n": int(count[0, b])}
        rows.append(row | {side: frequency[side] for side in ("low", "high")})
    return rows


def compute_site_curves(subsets: dict[str, list[PredictionSubset]]) -> dict[str, dict[str, Curve]]:
    """Site class → model → precision–recall curve of its sites among all counted bases."""
    classes = next(iter(subsets.values()))[0].outcome.classes
    site_curves = {}
    for site, name in enumerate(classes):
        if site:
            model_curves = {model: _compute_site_curve(model_subsets, site) for model, model_subsets in subsets.items()}
            site_curves[name] = {model: curve for model, curve in model_curves.items() if curve}
    return site_curves


def _compute_site_curve(subsets: list[PredictionSubset], site: int) -> Curve | None:
    sampled_points: list[np.ndarray] = []
    for subset in subsets:
        is_counted = subset.target != UNCOUNTED
        fold = np.broadcast_to(subset.fold[:, None], subset.target.shape)[is_counted]
        sampled_points += compute_curves(subset.raw[..., site][is_counted], (subset.target == site)[is_counted], fold)[1]
    return {"grid": GRID.tolist(), "precision_at_recall": np.mean(sampled_points, axis=0).tolist()} if sampled_points else None


def collect_scatter(subsets: list[PredictionSubset]) -> dict[str, Any]:
    """Predicted against observed scores (of profiles: totals), averaged over repeats.

    points: (n, 2) observed, predicted. With many examples instead counts: (GRID_CELLS, GRID_CELLS), rows by observed, with edges of both axes.
    """
    first = subsets[0]
    pairs = [
        (p.target, p.raw) if first.outcome.kind == "regression" else (p.target.sum(axis=1), p.raw.sum(axis=1)) for p in subsets
    ]
    observed = np.concatenate([target for target, _ in pairs]).astype(float)
    predicted = np.concatenate([prediction for _, prediction in pairs]).astype(float)
    if len(observed) <= MAX_POINTS:
        return {"points": np.stack([observed, predicted], axis=1).tolist()}
    counts, rows, columns = np.histogram2d(observed, predicted, bins=GRID_CELLS)
    return {"counts": counts.tolist(), "observed": rows.tolist(), "predicted": columns.tolist()}


def average_profiles(subsets: dict[str, list[PredictionSubset]]) -> dict[str, list[float]]:
    """Mean signal of each bin over the test examples, observed and predicted by each model, in the first repeat."""
    first = next(iter(subsets.values()))[0]
    means = {"observed": first.target.mean(axis=0, dtype=float)}
    return {
        name: values.tolist()
        for name, values in (
            means | {m: model_subsets[0].raw.mean(axis=0, dtype=float) for m, model_subsets in subsets.items()}
        ).items()
    }


def compute_auc_over_time(subsets: list[PredictionSubset]) -> dict[str, list[float | None]]:
    """Cumulative AUROC of events by a time, between the first and last decile of event times, in the first repeat."""
    subset = subsets[0]
    time, event = subset.target.T
    if not (event > 0).any():
        return {"time": [], "auc": []}
    grid = np.unique(np.quantile(time[event > 0], np.linspace(0.1, 0.9, 17)))
    return {"time": grid.tolist(), "auc": survival.time_dependent_auroc(subset.raw, time, event, subset.fold, grid)}


def compare_risk_groups(subsets: list[PredictionSubset]) -> dict[str, Any]:
    """Survival of examples above and below the median risk of their fold, in the first repeat, with a log-rank test.

    The test treats examples as independent, so p is None if groups have several examples.
    """
    subset = subsets[0]
    time, event = subset.target.T
    high = survival.risk_groups(subset.raw, subset.fold)
    groups: dict[str, Any] = {}
    for name, members in (("low", ~high), ("high", high)):
        curve = survival.survival_record(time[members], event[members]) if members.any() else {}
        groups[name] = curve | {"n": int(members.sum()), "events": int(event[members].sum())}
    test = survival.log_rank(time, event, high, subset.fold)
    is_single = len(np.unique(subset.group)) == len(subset.group)
    is_defined = np.isfinite(test["chi2"])
    return groups | {"chi2": test["chi2"] if is_defined else None, "p": test["p"] if is_defined and is_single else None}
