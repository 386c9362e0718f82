"""How far batch and label are confounded: their association, and what the batch alone tells of the label."""

from typing import Any

import numpy as np
import pandas as pd

from readsight.checks.batch_confounding import parts
from readsight.dataset.outcome import Outcome
from readsight.stats import metrics
from readsight.stats.survival import c_index
from readsight.wording import figure

STRONG = 0.5  # Cramér's V from which on batch and label are strongly confounded
CLEAR = 0.1  # part of the way from chance to certainty that an interval must lie above to be clear
FOLDS = 5
REPEATS = 5
RESAMPLES = 1000
UNKNOWN = {"value": None, "low": None, "high": None}

Cell = dict[str, float | None]


def cramers_v(tables: np.ndarray, sizes: float, times: int = 1) -> np.ndarray:
    """Association of rows and columns, 0 to 1, corrected for what chance alone gives (Bergsma 2013); NaN where one is constant.

    tables: (..., rows, columns), counts or weights. sizes: independent observations in each. times: how often
    the bias stands in the tables: twice in resamples, which add to the sample's own.
    """
    tables = np.asarray(tables, dtype=float)
    rows, columns = tables.sum(axis=-1), tables.sum(axis=-2)
    total = rows.sum(axis=-1)
    r, k = (rows > 0).sum(axis=-1), (columns > 0).sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        expected = rows[..., :, None] * columns[..., None, :]
        share = np.where(expected > 0, tables**2 / expected, 0.0).sum(axis=(-2, -1)) - 1
        share = np.maximum(0.0, share - times * (k - 1) * (r - 1) / (sizes - 1))
        most = np.minimum(k - (k - 1) ** 2 / (sizes - 1), r - (r - 1) ** 2 / (sizes - 1)) - 1
        found = np.sqrt(share / most)
    return np.where((r > 1) & (k > 1) & (most > 0) & (total > 0), np.minimum(found, 1.0), np.nan)


def association(batches: np.ndarray, labels: np.ndarray, groups: np.ndarray, seed: int) -> Cell:
    """Cramér's V of batch and label with its interval over groups.

    batches, labels: (n,) codes. groups: (n,). A group counts as one observation, however many samples it has.
    """
    sizes = np.unique(groups, return_inverse=True, return_counts=True)
    own = sizes[2][sizes[1].reshape(-1)]
    weights = metrics.group_weights(groups, RESAMPLES, seed) / own
    kinds = labels.max() + 1
    cells = np.zeros((len(labels), (batches.max() + 1) * kinds))
    cells[np.arange(len(labels)), batches * kinds + labels] = 1
    tables = (weights @ cells).reshape(len(weights), -1, kinds)
    n = len(sizes[0])
    return metrics.interval(np.r_[cramers_v(tables[:1], n), cramers_v(tables[1:], n, times=2)])


def shares(batches: np.ndarray, labels: np.ndarray, train: np.ndarray, kinds: int) -> np.ndarray:
    """Probability of each class by the batch alone, (n, kinds), told by training samples.

    One training sample's worth of the classes' own frequencies is added to each batch, so that
    a small batch is not believed too much; a batch that the training samples lack has those frequencies alone.
    """
    table = np.zeros((batches.max() + 1, kinds))
    np.add.at(table, (batches[train], labels[train]), 1)
    prior = table.sum(axis=0) / len(train)
    return ((table + prior) / (table.sum(axis=1, keepdims=True) + 1))[batches], prior


def divisions(strata: np.ndarray, groups: np.ndarray, seed: int) -> list[np.ndarray]:
    """Folds of cross-validation by repeats, each (n,): the fold that tests a sample. Whole groups, classes spread evenly.

    Empty where a class lies in one group only.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    folds = min(FOLDS, min(len(np.unique(groups[strata == kind])) for kind in np.unique(strata)))
    found = []
    for repeat in range(REPEATS if folds > 1 else 0):
        splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed + repeat)
        of = np.zeros(len(strata), dtype=int)
        for number, (_, test) in enumerate(splitter.split(strata, strata, groups)):
            of[test] = number
        found.append(of)
    return found


def batch_only(batches: np.ndarray, labels: np.ndarray, groups: np.ndarray, seed: int) -> dict[str, Cell]:
    """What the batch alone tells of the class of samples of other groups: balanced accuracy, and AUROC (several: macro).

    batches, labels: (n,) codes. groups: (n,). Cross-validated, whole groups; the class said is the one
    that the batch speaks for most against the classes' own frequencies. Intervals over groups.
    """
    weights = metrics.group_weights(groups, RESAMPLES, seed)
    kinds = int(labels.max()) + 1
    scores = []
    for fold in divisions(labels, groups, seed):
        odds = np.zeros((len(labels), kinds))
        for number in np.unique(fold):
            test = fold == number
            share, prior = shares(batches, labels, np.flatnonzero(~test), kinds)
            odds[test] = share[test] / np.maximum(prior, 1e-12)
        confused = metrics.tables(labels, odds.argmax(axis=1), kinds, weights)
        ranked = range(1, 2) if kinds == 2 else range(kinds)
        areas = [metrics.by_fold(metrics.auroc, odds[:, c], (labels == c).astype(float), fold, weights) for c in ranked]
        scores.append((metrics.balanced_accuracy(confused), np.mean(areas, axis=0)))
    if not scores:
        return {"balanced_accuracy": UNKNOWN, "auroc": UNKNOWN}
    return dict(zip(("balanced_accuracy", "auroc"), (metrics.interval(s) for s in np.mean(scores, axis=0)), strict=True))


def batch_risk(batches: np.ndarray, time: np.ndarray, event: np.ndarray, groups: np.ndarray, seed: int) -> Cell:
    """Concordance (Harrell's C) of the batch alone with survival of samples of other groups, cross-validated; interval over groups.

    time, event: (n,). The risk of a batch is its events per time, with one event's worth of the whole cohort's added.
    """
    weights = metrics.group_weights(groups, RESAMPLES, seed)
    found = []
    for fold in divisions(event.astype(int), groups, seed):
        risk = np.zeros(len(time))
        for number in np.unique(fold):
            test, train = fold == number, fold != number
            rate = max(event[train].sum(), 1e-12) / max(time[train].sum(), 1e-12)
            seen, under = (
                np.bincount(batches[train], event[train], batches.max() + 1),
                np.bincount(batches[train], time[train], batches.max() + 1),
            )
            risk[test] = np.log((seen + 1) / (under + 1 / rate))[batches[test]]
        found.append(c_index(risk, time, event, fold, weights))
    return metrics.interval(np.mean(found, axis=0)) if found else UNKNOWN


def measure(obs: pd.DataFrame, outcome: Outcome, seed: int) -> list[dict[str, Any]]:
    """What is found of each target: one, or one a label.

    obs: batch (text), group, and the outcome's columns. Returns for each: name (empty where there is but one), classes,
    batches, counts (a row a batch, a column a class), parts, cramers_v, and of the batch alone scores by name and
    chance; strong and words. Survival is told by whether the event was seen, and by C.
    """
    names, codes = np.unique(obs["batch"].to_numpy(str), return_inverse=True)
    groups, target = obs["group"].to_numpy(str), outcome.target(obs)
    rows = []
    for name, classes, labels in targets(outcome, target):
        counts = np.zeros((len(names), len(classes)), dtype=int)
        np.add.at(counts, (codes, labels), 1)
        row = {"name": name, "classes": classes, "batches": names.tolist(), "counts": counts.tolist()}
        row["parts"] = parts(names[codes].tolist(), [classes[c] for c in labels])
        row |= {"cramers_v": UNKNOWN, "scores": {}, "chance": {}}
        present, labels = np.unique(labels, return_inverse=True)
        told = len(names) > 1 and len(present) > 1
        if told:
            row["cramers_v"] = association(codes, labels, groups, seed)
        if told and outcome.kind != "survival":
            found = batch_only(codes, labels, groups, seed)
            area = "auroc" if len(present) == 2 else "macro_auroc"
            row["scores"] = {"balanced_accuracy": found["balanced_accuracy"], area: found["auroc"]}
            row["chance"] = {"balanced_accuracy": 1 / len(present), area: 0.5}
        elif len(names) > 1 and outcome.kind == "survival":
            row["scores"] = {"c_index": batch_risk(codes, target[:, 0], target[:, 1], groups, seed)}
            row["chance"] = {"c_index": 0.5}
        row["strong"], row["words"] = judged(row)
        rows.append(row)
    return rows


def targets(outcome: Outcome, target: np.ndarray) -> list[tuple[str, list[str], np.ndarray]]:
    """Name, names of classes and codes (n,) of each thing that is predicted; name is empty where it is but one."""
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


def judged(row: dict[str, Any]) -> tuple[bool, str]:
    """Whether batch and label are strongly confounded, and what was found, in words."""
    of = f" {row['name']}" if row["name"] else ""
    if len(row["batches"]) < 2:
        return False, f"All samples are of one batch ({row['batches'][0]}): there is nothing to confound."
    v = row["cramers_v"]
    clear = [
        name
        for name, cell in row["scores"].items()
        if cell["low"] is not None and cell["low"] > row["chance"][name] + CLEAR * (1 - row["chance"][name])
    ]
    strong = (v["value"] is not None and v["value"] >= STRONG) or bool(clear) or len(row["parts"]) > 1
    words = f"Batch and label{of} are {'STRONGLY' if strong else 'not strongly'} confounded: Cramér's V {figure(v)}"
    for name, cell in row["scores"].items():
        words += f"; the batch alone gives {SCORES[name]} {figure(cell)} (chance {row['chance'][name]:.2f})"
    if len(row["parts"]) > 1:
        words += f". No batch links {' with '.join(', '.join(classes) for _, classes in row['parts'])}: between them the batch is all that differs for certain"
    if strong:
        words += ". Models may have learned the batch; to take it out takes out what it shares with the label. Read every result beside the batch alone"
    return strong, words + "."
