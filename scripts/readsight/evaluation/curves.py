"""What the figures of a task's models are drawn from: curves, calibration, survival of risk groups."""

from typing import Any

import numpy as np

from readsight.dataset.outcome import UNCOUNTED
from readsight.evaluation.outcomes import positions
from readsight.evaluation.outcomes.registry import SCORING
from readsight.evaluation.predictions import Part
from readsight.stats import metrics, survival

GRID = np.linspace(0, 1, 101)
POINTS = 1500  # examples that a scatter shows one by one; more are counted on a grid
SIDE = 40  # cells of that grid, each way
EACH = 14  # examples that a bin of the calibration curve has at least, where there are so many
Curve = dict[str, list[float]]


def curves(score: np.ndarray, label: np.ndarray, fold: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """ROC and precision–recall of each fold that has both classes, at fixed false-positive rates and recalls.

    score: (n,), higher for the class sought. label: (n,) bool. fold: (n,).
    """
    roc, pr = [], []
    for number in np.unique(fold):
        own, truth = score[fold == number], label[fold == number]
        if not truth.any() or truth.all():
            continue
        order = np.argsort(-own, kind="stable")
        ends = np.flatnonzero(np.append(np.diff(own[order]) != 0, True))
        hits, seen = np.cumsum(truth[order])[ends], ends + 1
        recall, false = hits / truth.sum(), (seen - hits) / (~truth).sum()
        roc.append(np.interp(GRID, np.append(0, false), np.append(0, recall)))
        best = np.maximum.accumulate((hits / seen)[::-1])[::-1]
        pr.append(best[np.minimum(np.searchsorted(recall, GRID - 1e-12), len(best) - 1)])
    return roc, pr


def curve_of(parts: list[Part], one: int | None = None) -> Curve | None:
    """Curves averaged over folds and repeats, and over classes or labels where there are several (or of `one` alone)."""
    roc: list[np.ndarray] = []
    pr: list[np.ndarray] = []
    for part in parts:
        for score, label in _sought(part, one):
            for kept, found in zip((roc, pr), curves(score, label, part.fold), strict=True):
                kept += found
    if not roc:
        return None
    means = {"recall_at_fpr": np.mean(roc, axis=0), "precision_at_recall": np.mean(pr, axis=0)}
    return {"grid": GRID.tolist()} | {name: values.tolist() for name, values in means.items()}


def _sought(part: Part, one: int | None) -> list[tuple[np.ndarray, np.ndarray]]:
    if part.outcome.kind == "binary":
        return [(part.raw if part.sought else 1 - part.raw, part.target == part.sought)]
    places = range(len(part.outcome.classes)) if one is None else [one]
    truth = part.target if part.outcome.kind == "multilabel" else part.target[:, None] == np.arange(len(part.outcome.classes))
    return [(part.raw[:, c], truth[:, c].astype(bool)) for c in places]


def by_class(parts: list[Part]) -> dict[str, Curve]:
    """Curves of each class against the rest, or of each label; none for two classes."""
    outcome = parts[0].outcome
    if outcome.kind not in ("multiclass", "multilabel"):
        return {}
    found = {name: curve_of(parts, c) for c, name in enumerate(outcome.classes)}
    return {name: curve for name, curve in found.items() if curve}


def reliability(parts: list[Part]) -> dict[str, list[dict[str, float | None]]]:
    """Predicted and observed frequency by bin, before and after calibration."""
    if parts[0].outcome.kind == "positions":
        return {name: _of_bases(parts, name) for name in ("raw", "calibrated")}
    kind = SCORING[parts[0].outcome.kind]
    found = {}
    for name in ("raw", "calibrated"):
        rows = [kind.sureness(part, name) for part in parts]
        drawn = [part.weights[:, i] for part, row in zip(parts, rows, strict=True) for i in row[2]]
        guess, truth = (np.concatenate([row[place] for row in rows]) for place in (0, 1))
        found[name] = metrics.reliability(guess, truth, drawn, bins=int(np.clip(len(guess) // EACH, 3, 10)))
    return found


def _of_bases(parts: list[Part], name: str) -> list[dict[str, float | None]]:
    """The same of bases, by the probability of being a site, in bins of equal width; windows are resampled."""
    sums = [np.stack(positions.binned(part, name), axis=1).reshape(len(part.fold), -1) for part in parts]
    drawn = [part.blocked(lambda own, of=of: own.weights @ of) for part, of in zip(parts, sums, strict=True)]
    guess, truth, count = np.sum(drawn, axis=0).reshape(-1, 3, positions.BINS).transpose(1, 0, 2)
    rows = []
    for b in np.flatnonzero(count[0]):
        with np.errstate(invalid="ignore", divide="ignore"):
            frequency = metrics.interval(truth[:, b] / count[:, b])
        row = {"predicted": float(guess[0, b] / count[0, b]), "observed": frequency["value"], "n": int(count[0, b])}
        rows.append(row | {side: frequency[side] for side in ("low", "high")})
    return rows


def of_sites(parts: dict[str, list[Part]]) -> dict[str, dict[str, Curve]]:
    """Site class → model → precision–recall of its sites among all bases that count."""
    classes = next(iter(parts.values()))[0].outcome.classes
    found = {}
    for site, name in enumerate(classes):
        if site:
            own = {model: _of_site(of, site) for model, of in parts.items()}
            found[name] = {model: curve for model, curve in own.items() if curve}
    return found


def _of_site(parts: list[Part], site: int) -> Curve | None:
    kept: list[np.ndarray] = []
    for part in parts:
        told = part.target != UNCOUNTED
        fold = np.broadcast_to(part.fold[:, None], part.target.shape)[told]
        kept += curves(part.raw[..., site][told], (part.target == site)[told], fold)[1]
    return {"grid": GRID.tolist(), "precision_at_recall": np.mean(kept, axis=0).tolist()} if kept else None


def scatter(parts: list[Part]) -> dict[str, Any]:
    """Predicted against observed numbers, of profiles their totals: points where they are few, else counts on a grid.

    Means over repeats. points: (n, 2) observed, predicted. counts: (SIDE, SIDE), rows by observed; edges of both.
    """
    first = parts[0]
    own = [(p.target, p.raw) if first.outcome.kind == "regression" else (p.target.sum(axis=1), p.raw.sum(axis=1)) for p in parts]
    observed = np.concatenate([seen for seen, _ in own]).astype(float)
    predicted = np.concatenate([said for _, said in own]).astype(float)
    if len(observed) <= POINTS:
        return {"points": np.stack([observed, predicted], axis=1).tolist()}
    counts, rows, columns = np.histogram2d(observed, predicted, bins=SIDE)
    return {"counts": counts.tolist(), "observed": rows.tolist(), "predicted": columns.tolist()}


def mean_profile(parts: dict[str, list[Part]]) -> dict[str, list[float]]:
    """Mean signal of each bin over the test examples: observed, and as each model predicts it; the first repeat."""
    first = next(iter(parts.values()))[0]
    found = {"observed": first.target.mean(axis=0, dtype=float)}
    return {
        name: own.tolist() for name, own in (found | {m: of[0].raw.mean(axis=0, dtype=float) for m, of in parts.items()}).items()
    }


def over_time(parts: list[Part]) -> dict[str, list[float | None]]:
    """Area under the ROC curve of who had the event by a time, at times between its tenths; the first repeat."""
    part = parts[0]
    time, event = part.target.T
    if not (event > 0).any():
        return {"time": [], "auc": []}
    grid = np.unique(np.quantile(time[event > 0], np.linspace(0.1, 0.9, 17)))
    return {"time": grid.tolist(), "auc": survival.over_time(part.raw, time, event, part.fold, grid)}


def risk_groups(parts: list[Part]) -> dict[str, Any]:
    """Survival of examples above and below the median risk of their fold, in the first repeat, and their log-rank test.

    The test counts examples as independent: p is None where groups hold several.
    """
    part = parts[0]
    time, event = part.target.T
    high = survival.risk_groups(part.raw, part.fold)
    found: dict[str, Any] = {}
    for name, at in (("low", ~high), ("high", high)):
        own = survival.curve(time[at], event[at]) if at.any() else {}
        found[name] = own | {"n": int(at.sum()), "events": int(event[at].sum())}
    test = survival.log_rank(time, event, high, part.fold)
    single = len(np.unique(part.group)) == len(part.group)
    fine = np.isfinite(test["chi2"])
    return found | {"chi2": test["chi2"] if fine else None, "p": test["p"] if fine and single else None}
