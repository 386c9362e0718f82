"""Confounding of batch and label: their association, and how well the batch alone predicts the label."""

from typing import Any

import numpy as np
import pandas as pd

from readsight.checks.batch_confounding import connect_batches
from readsight.dataset.outcome import Outcome
from readsight.stats import metrics
from readsight.stats.survival import c_index
from readsight.text import format_estimate

STRONG = 0.5  # Cramér's V at or above which batch and label are strongly confounded
CLEAR = 0.1  # an interval is clear if it lies above chance + this fraction of the range from chance to 1
FOLDS = 5
REPEATS = 5
RESAMPLES = 1000
UNKNOWN = {"value": None, "low": None, "high": None}

Cell = dict[str, float | None]


def cramers_v(tables: np.ndarray, sizes: float, times: int = 1) -> np.ndarray:
    """Cramér's V with bias correction, 0 to 1 (Bergsma 2013); NaN if rows or columns are constant.

    tables: (..., rows, columns), counts or weights. sizes: independent observations in each. times: how often the bias is
    included: 2 for bootstrap resamples, which add it to that of the sample.
    """
    tables = np.asarray(tables, dtype=float)
    rows, columns = tables.sum(axis=-1), tables.sum(axis=-2)
    total = rows.sum(axis=-1)
    r, k = (rows > 0).sum(axis=-1), (columns > 0).sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        expected = rows[..., :, None] * columns[..., None, :]
        phi_squared = np.where(expected > 0, tables**2 / expected, 0.0).sum(axis=(-2, -1)) - 1
        phi_squared = np.maximum(0.0, phi_squared - times * (k - 1) * (r - 1) / (sizes - 1))
        maximum = np.minimum(k - (k - 1) ** 2 / (sizes - 1), r - (r - 1) ** 2 / (sizes - 1)) - 1
        estimate = np.sqrt(phi_squared / maximum)
    return np.where((r > 1) & (k > 1) & (maximum > 0) & (total > 0), np.minimum(estimate, 1.0), np.nan)


def cramers_v_interval(batches: np.ndarray, labels: np.ndarray, groups: np.ndarray, seed: int) -> Cell:
    """Cramér's V of batch and label with its interval over groups.

    batches, labels: (n,) codes. groups: (n,). A group counts as one observation, however many samples it has.
    """
    sizes = np.unique(groups, return_inverse=True, return_counts=True)
    group_size = sizes[2][sizes[1].reshape(-1)]
    weights = metrics.group_weights(groups, RESAMPLES, seed) / group_size
    class_count = labels.max() + 1
    indicators = np.zeros((len(labels), (batches.max() + 1) * class_count))
    indicators[np.arange(len(labels)), batches * class_count + labels] = 1
    tables = (weights @ indicators).reshape(len(weights), -1, class_count)
    n = len(sizes[0])
    return metrics.resample_interval(np.r_[cramers_v(tables[:1], n), cramers_v(tables[1:], n, times=2)])


def batch_class_probabilities(
    batches: np.ndarray, labels: np.ndarray, train: np.ndarray, class_count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Probability of each class given the batch alone, (n, class_count), and overall (class_count,), from training samples.

    A pseudo-count of one sample, distributed like the class frequencies, limits the confidence in small batches; a batch
    without training samples gets the class frequencies.
    """
    table = np.zeros((batches.max() + 1, class_count))
    np.add.at(table, (batches[train], labels[train]), 1)
    prior = table.sum(axis=0) / len(train)
    return ((table + prior) / (table.sum(axis=1, keepdims=True) + 1))[batches], prior


def assign_folds(strata: np.ndarray, groups: np.ndarray, seed: int) -> list[np.ndarray]:
    """Folds of repeated, grouped and stratified cross-validation, each (n,): the fold that tests a sample.

    Empty if a class occurs in a single group.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    folds = min(FOLDS, min(len(np.unique(groups[strata == kind])) for kind in np.unique(strata)))
    assignments = []
    for repeat in range(REPEATS if folds > 1 else 0):
        splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed + repeat)
        fold_of = np.zeros(len(strata), dtype=int)
        for number, (_, test) in enumerate(splitter.split(strata, strata, groups)):
            fold_of[test] = number
        assignments.append(fold_of)
    return assignments


def score_batch_alone(batches: np.ndarray, labels: np.ndarray, groups: np.ndarray, seed: int) -> dict[str, Cell]:
    """Balanced accuracy and AUROC (more than two classes: macro) of predicting the class from the batch alone.

    batches, labels: (n,) codes. groups: (n,). Cross-validated over groups. The predicted class has the highest probability
    relative to its overall frequency. Intervals over groups.
    """
    weights = metrics.group_weights(groups, RESAMPLES, seed)
    class_count = int(labels.max()) + 1
    scores = []
    for fold in assign_folds(labels, groups, seed):
        odds = np.zeros((len(labels), class_count))
        for number in np.unique(fold):
            test = fold == number
            probabilities, prior = batch_class_probabilities(batches, labels, np.flatnonzero(~test), class_count)
            odds[test] = probabilities[test] / np.maximum(prior, 1e-12)
        confusion = metrics.confusion_tables(labels, odds.argmax(axis=1), class_count, weights)
        classes = range(1, 2) if class_count == 2 else range(class_count)
        areas = [metrics.average_by_fold(metrics.auroc, odds[:, c], (labels == c).astype(float), fold, weights) for c in classes]
        scores.append((metrics.balanced_accuracy(confusion), np.mean(areas, axis=0)))
    if not scores:
        return {"balanced_accuracy": UNKNOWN, "auroc": UNKNOWN}
    return dict(zip(("balanced_accuracy", "auroc"), (metrics.resample_interval(s) for s in np.mean(scores, axis=0)), strict=True))


def batch_concordance(batches: np.ndarray, time: np.ndarray, event: np.ndarray, groups: np.ndarray, seed: int) -> Cell:
    """Concordance (Harrell's C) of the batch alone with survival, cross-validated over groups; interval over groups.

    time, event: (n,). The risk of a batch is its events per time, with a pseudo-count of one event at the overall rate.
    """
    weights = metrics.group_weights(groups, RESAMPLES, seed)
    concordances = []
    for fold in assign_folds(event.astype(int), groups, seed):
        risk = np.zeros(len(time))
        for number in np.unique(fold):
            test, train = fold == number, fold != number
            rate = max(event[train].sum(), 1e-12) / max(time[train].sum(), 1e-12)
            events, exposure = (
                np.bincount(batches[train], event[train], batches.max() + 1),
                np.bincount(batches[train], time[train], batches.max() + 1),
            )
            risk[test] = np.log((events + 1) / (exposure + 1 / rate))[batches[test]]
        concordances.append(c_index(risk, time, event, fold, weights))
    return metrics.resample_interval(np.mean(concordances, axis=0)) if concordances else UNKNOWN


def measure_confounding(obs: pd.DataFrame, outcome: Outcome, seed: int) -> list[dict[str, Any]]:
    """Confounding of each target: one row, or one row per label.

    obs: batch (text), group, and the outcome's columns. Returns for each: name (empty if there is only one), classes,
    batches, counts (one row per batch, one column per class), parts, cramers_v; of the batch alone scores and chance by
    name; strong and words. Survival is measured by whether the event was observed, and by C.
    """
    names, codes = np.unique(obs["batch"].to_numpy(str), return_inverse=True)
    groups, target = obs["group"].to_numpy(str), outcome.read_target(obs)
    rows = []
    for name, classes, labels in list_targets(outcome, target):
        counts = np.zeros((len(names), len(classes)), dtype=int)
        np.add.at(counts, (codes, labels), 1)
        row = {"name": name, "classes": classes, "batches": names.tolist(), "counts": counts.tolist()}
        row["parts"] = connect_batches(names[codes].tolist(), [classes[c] for c in labels])
        row |= {"cramers_v": UNKNOWN, "scores": {}, "chance": {}}
        present, labels = np.unique(labels, return_inverse=True)
        is_measurable = len(names) > 1 and len(present) > 1
        if is_measurable:
            row["cramers_v"] = cramers_v_interval(codes, labels, groups, seed)
        if is_measurable and outcome.kind != "survival":
            scores = score_batch_alone(codes, labels, groups, seed)
            area = "auroc" if len(present) == 2 else "macro_auroc"
            row["scores"] = {"balanced_accuracy": scores["balanced_accuracy"], area: scores["auroc"]}
            row["chance"] = {"balanced_accuracy": 1 / len(present), area: 0.5}
        elif len(names) > 1 and outcome.kind == "survival":
            row["scores"] = {"c_index": batch_concordance(codes, target[:, 0], target[:, 1], groups, seed)}
            row["chance"] = {"c_index": 0.5}
        row["strong"], row["words"] = judge_confounding(row)
        rows.append(row)
    return rows


def list_targets(outcome: Outcome, target: np.ndarray) -> list[tuple[str, list[str], np.ndarray]]:
    """Name, class names and codes (n,) of each predicted label; the name is empty if there is only one."""
    if outcome.kind == "multilabel":
        return [(name, ["no", "yes"], target[:, i]) for i, name in enumerate(outcome.classes)]
    if outcome.kind == "survival":
        return [("", ["censored", "event seen"], (target[:, 1] > 0).astype(int))]
    return [("", list(outcome.classes), target)]


SCORES = {
    "balanced_accuracy": "balanced accuracy",
    "auroc": "AUROC",
    "macro_auroc": "macro AUROC",
    "c_index": "a concordance C of",
}


def judge_confounding(row: dict[str, Any]) -> tuple[bool, str]:
    """Whether batch and label are strongly confounded, and a sentence about it."""
    subject = f" {row['name']}" if row["name"] else ""
    if len(row["batches"]) < 2:
        return False, f"All samples are from one batch ({row['batches'][0]}), so confounding is impossible."
    v = row["cramers_v"]
    clear_scores = [
        name
        for name, cell in row["scores"].items()
        if cell["low"] is not None and cell["low"] > row["chance"][name] + CLEAR * (1 - row["chance"][name])
    ]
    is_strong = (v["value"] is not None and v["value"] >= STRONG) or bool(clear_scores) or len(row["parts"]) > 1
    message = (
        f"Batch and label{subject} are {'STRONGLY' if is_strong else 'not strongly'} confounded: Cramér's V {format_estimate(v)}"
    )
    for name, cell in row["scores"].items():
        message += f"; the batch alone reaches {SCORES[name]} {format_estimate(cell)} (chance {row['chance'][name]:.2f})"
    if len(row["parts"]) > 1:
        message += f". No batch links {' with '.join(', '.join(classes) for _, classes in row['parts'])}: differences between them may be due to the batch only"
    if is_strong:
        message += ". Models may predict the batch instead; removing the batch effect also removes what it shares with the label. Compare every result with the prediction from the batch alone"
    return is_strong, message + "."
