"""Scores of one model with their intervals, and paired differences of two.

Resampling alone is too sure where (nearly) all is right: no resample then differs, or few do. Proportions of calls
therefore have an interval in closed form: Wilson's where every group is a single example, and else one that spans it
(over as many examples as there are groups) and the bootstrap's. That of a mean of recalls spans both always: near 1 its
closed form alone ends too low. Each cell says which it has.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from readsight.dataset.outcome import UNCOUNTED
from readsight.evaluation.outcomes import multiclass, multilabel, positions
from readsight.evaluation.outcomes.registry import SCORING
from readsight.evaluation.predictions import Part
from readsight.stats import metrics
from readsight.stats.confidence_intervals import Interval, mann_whitney, mean_of_proportions, paired_difference, wilson

Cell = dict[str, Any]
AVERAGED = "wilson, averaged"
OF_CALLS = ("accuracy", "balanced_accuracy", "exact_match")


@dataclass(frozen=True)
class Scored:
    """values: metric → (1 + resamples,), the mean over repeats, resample by resample. cells: the same with intervals.

    confusion: (classes, classes) counts, mean over repeats (of positions bases); for several labels (labels, 2, 2).
    per_class: class → metric → cell. right: (repeats, n), whether each example is called right. strata: (n,) its class.
    groups: (n,).
    """

    values: dict[str, np.ndarray]
    cells: dict[str, Cell]
    groups: np.ndarray
    confusion: np.ndarray | None = None
    per_class: dict[str, dict[str, Any]] = field(default_factory=dict)
    right: np.ndarray | None = None
    strata: np.ndarray | None = None


def mean_scores(parts: list[Part], names: Collection[str] | None = None) -> dict[str, np.ndarray]:
    """Metrics, all or those named, each (resamples,): the mean over repeats."""
    kind = SCORING[parts[0].outcome.kind]
    by_itself = getattr(kind, "BY_ITSELF", False)
    found = [kind.scores(part, names) if by_itself else part.blocked(lambda own: kind.scores(own, names)) for part in parts]
    return {name: np.mean([own[name] for own in found], axis=0) for name in found[0]}


def score(parts: list[Part]) -> Scored:
    """Scores of one model over its repeats."""
    first = parts[0]
    if first.outcome.kind == "positions":
        return _of_positions(parts)
    kind = first.outcome.kind
    ranks = [part.blocked(multiclass.one_against_rest) for part in parts] if kind == "multiclass" else []
    values = _of_several(parts, ranks) if ranks else mean_scores(parts)
    cells = {name: bootstrapped(own) for name, own in values.items()}
    if kind in ("survival", "regression", "profile"):
        return Scored(values, cells, first.group)
    if kind == "multilabel":
        right = np.stack([(multilabel.said(part) == part.target).all(axis=1) for part in parts])
        cells["exact_match"] = held(cells["exact_match"], _proportion(right.mean(axis=0), first.group), _single(first.group))
        return Scored(values, cells, first.group, _label_tables(parts), _of_labels(parts), right, np.zeros(len(first.group), int))
    member = SCORING[kind]
    right = np.stack([np.equal(*member.decisions(part)) for part in parts])
    table = np.mean([metrics.tables(*member.decisions(p), len(p.outcome.classes), _once(p))[0] for p in parts], axis=0)
    # Of two classes each ranks as well as the other.
    per_class = _of_classes(parts, table, right, _means(ranks) if ranks else [values["auroc"]] * 2)
    classes = [Interval(*(own["recall"][k] for k in ("value", "low", "high"))) for own in per_class.values() if own["n"]]
    single = _single(first.group)
    cells["accuracy"] = held(cells["accuracy"], _proportion(right.mean(axis=0), first.group), single)
    cells["balanced_accuracy"] = held(cells["balanced_accuracy"], mean_of_proportions(classes), False, AVERAGED)
    if kind == "binary":
        cells["auroc"] = ranked(cells["auroc"], _sides(first, first.sought), single)
        cells["auprc"] = topped(cells["auprc"], _sides(first, first.sought)[0])
    else:
        cells["macro_auroc"] = macro(cells["macro_auroc"], per_class)
    return Scored(values, cells, first.group, table, per_class, right, first.target)


def bootstrapped(values: np.ndarray) -> Cell:
    """Point, interval, and how it was made."""
    cell = metrics.interval(values)
    return cell | {"interval": "bootstrap" if cell["low"] is not None else "none"}


def held(cell: Cell, closed: Interval, single: bool, name: str = "wilson") -> Cell:
    """A bootstrapped cell with its closed interval instead (single examples), or with both spanned (groups)."""
    if cell["value"] is None or not np.isfinite(closed.low):
        return cell
    if single or cell["low"] is None:
        return cell | {"low": float(closed.low), "high": float(closed.high), "interval": name}
    low, high = min(cell["low"], closed.low), max(cell["high"], closed.high)
    return cell | {"low": float(low), "high": float(high), "interval": f"bootstrap, widened to hold {name}"}


def ranked(cell: Cell, sides: tuple[int, int], single: bool) -> Cell:
    """An area under the ROC curve: where groups are single examples, or it is 0 or 1, its interval spans one in closed form.

    sides: groups with and without the class. Of clusters the closed form knows nothing, but there resampling has no width at all.
    """
    if cell["value"] is None or not min(sides) or not (single or cell["value"] in (0.0, 1.0)):
        return cell
    return held(cell, mann_whitney(cell["value"], *sides), False, "newcombe")


def topped(cell: Cell, positives: int) -> Cell:
    """An area under the precision-recall curve of 1, of which no resample differs: down to Wilson's limit of so many groups
    with the class (Boyd, Eng & Page 2013 take the area for a proportion of the positives)."""
    return held(cell, wilson(positives, positives), False) if cell["value"] == 1.0 and positives else cell


def macro(cell: Cell, per_class: dict[str, dict[str, Any]]) -> Cell:
    """The mean of areas over classes spans the mean of their own limits: they are not independent."""
    own = [c["auroc"] for c in per_class.values() if c["auroc"]["value"] is not None]
    if cell["value"] is None or any(c["low"] is None for c in own) or all(c["interval"] == "bootstrap" for c in own):
        return cell
    limits = Interval(cell["value"], *(float(np.mean([c[side] for c in own])) for side in ("low", "high")))
    return held(cell, limits, False, "newcombe, averaged")


def difference(first: Scored, other: Scored, names: tuple[str, ...]) -> dict[str, Cell]:
    """Scores of the first less those of the other, paired over the same resamples of the same test examples."""
    found = {name: bootstrapped(first.values[name] - other.values[name]) for name in names}
    for name in OF_CALLS:
        if name in found and first.right is not None:
            classes = np.unique(first.strata) if name == "balanced_accuracy" else [None]
            closed = mean_of_proportions([_paired(first, other, own) for own in classes])
            found[name] = held(found[name], closed, False, "newcombe")
    return {name: _wide(cell, first.cells.get(name), other.cells.get(name)) for name, cell in found.items()}


def _wide(cell: Cell, one: Cell | None, two: Cell | None) -> Cell:
    """A difference that no resample changes (both rank all right) has the width that both scores have (MOVER: Zou & Donner 2008)."""
    if cell["low"] is None or cell["low"] != cell["high"] or any(c is None or c["low"] is None for c in (one, two)):
        return cell
    down = np.hypot(one["value"] - one["low"], two["high"] - two["value"])
    up = np.hypot(one["high"] - one["value"], two["value"] - two["low"])
    return held(cell, Interval(cell["value"], cell["value"] - down, cell["value"] + up), False, "the widths of both")


def _paired(first: Scored, other: Scored, stratum: int | None) -> Interval:
    """Difference of two models' proportions of right calls, counted in groups."""
    at = np.ones(len(first.groups), bool) if stratum is None else first.strata == stratum
    one, two = first.right[:, at], other.right[:, at]
    scale = len(np.unique(first.groups[at])) / one.size
    counts = [(one & two).sum(), (one & ~two).sum(), (~one & two).sum(), (~one & ~two).sum()]
    return paired_difference(*(float(count * scale) for count in counts))


def _proportion(right: np.ndarray, groups: np.ndarray) -> Interval:
    """Wilson's interval of a mean of (n,) parts of 1, over as many examples as there are groups."""
    n = len(np.unique(groups))
    return wilson(float(right.mean()) * n, n)


def _single(groups: np.ndarray) -> bool:
    return len(np.unique(groups)) == len(groups)


def _once(part: Part) -> np.ndarray:
    return np.ones((1, len(part.fold)))


def _sides(part: Part, own: int) -> tuple[int, int]:
    """Groups that have examples of a class, and groups that have others."""
    return tuple(len(np.unique(part.group[at])) for at in (part.target == own, part.target != own))


def scored_by(parts: list[Part], metric: str) -> Cell:
    """One metric of one model over its repeats, with its interval."""
    first = parts[0]
    cell = bootstrapped(mean_scores(parts, (metric,))[metric])
    single = _single(first.group)
    if metric == "auroc":
        return ranked(cell, _sides(first, first.sought), single)
    if metric == "balanced_accuracy":
        right = np.stack([np.equal(*SCORING[p.outcome.kind].decisions(p)) for p in parts]).mean(axis=0)
        classes = [_proportion(right[at], first.group[at]) for at in (first.target == c for c in np.unique(first.target))]
        return held(cell, mean_of_proportions(classes), False, AVERAGED)
    return cell


def _of_several(parts: list[Part], ranks: list[list[np.ndarray]]) -> dict[str, np.ndarray]:
    """All metrics of several classes, of which the areas under the ROC curves are known, a list a repeat."""
    rest = [name for name in multiclass.WORDS if name != "macro_auroc"]
    known = {"macro_auroc": np.mean([multiclass.macro(own) for own in ranks], axis=0)} | mean_scores(parts, rest)
    return {name: known[name] for name in multiclass.WORDS}


def _means(repeats: list[list[np.ndarray]]) -> list[np.ndarray]:
    return [np.mean(own, axis=0) for own in zip(*repeats, strict=True)]


def _of_classes(parts: list[Part], table: np.ndarray, right: np.ndarray, ranks: list[np.ndarray]) -> dict[str, dict[str, Any]]:
    """Recall, precision and AUROC of each class. ranks: of the last, (resamples,) a class."""
    first, kind = parts[0], SCORING[parts[0].outcome.kind]
    resampled = [p.blocked(lambda own: metrics.tables(*kind.decisions(own), len(table), own.weights)) for p in parts]
    found = {}
    for c, name in enumerate(first.outcome.classes):
        at = first.target == c
        said = table[:, c].sum()
        spread = said * len(np.unique(first.group)) / len(first.group)
        recall, precision = (
            bootstrapped(np.mean([way(t)[:, c] for t in resampled], axis=0)) for way in (metrics.recalls, metrics.precisions)
        )
        single = _single(first.group)
        closed = wilson(table[c, c] / said * spread, spread) if said else Interval(*[np.nan] * 3)
        found[name] = {
            "n": int(at.sum()),
            "groups": len(np.unique(first.group[at])),
            "recall": held(recall, _proportion(right[:, at].mean(axis=0), first.group[at]), single) if at.any() else recall,
            "precision": held(precision, closed, single),
            "auroc": ranked(bootstrapped(ranks[c]), _sides(first, c), single),
        }
    return found


def _of_positions(parts: list[Part]) -> Scored:
    """Scores of sites; sites of each class are ranked once, for the means over classes and for themselves."""
    ranked = [positions.each(part) for part in parts]
    found = [positions.scores(part, None, own) for part, own in zip(parts, ranked, strict=True)]
    values = {name: np.mean([own[name] for own in found], axis=0) for name in found[0]}
    cells = {name: bootstrapped(own) for name, own in values.items()}
    table = np.mean([positions.confusion(part) for part in parts], axis=0)
    return Scored(values, cells, parts[0].group, table, _of_sites(parts[0], ranked))


def _of_sites(first: Part, own: list[positions.Ranked]) -> dict[str, dict[str, Any]]:
    """Top-k accuracy and AUPRC of each site class; n counts bases, groups those of windows that have one."""
    found = {}
    for site, name in enumerate(first.outcome.classes):
        if site:
            sites = (first.target == site).sum(axis=1)
            ranked = {m: bootstrapped(np.mean([scores[name][m] for scores in own], axis=0)) for m in ("top_k", "auprc")}
            counted = int((first.target != UNCOUNTED).sum())
            about = {"n": int(sites.sum()), "groups": len(np.unique(first.group[sites > 0]))}
            found[name] = about | {"base_rate": about["n"] / counted if counted else None} | ranked
    return found


def _label_tables(parts: list[Part]) -> np.ndarray:
    """Confusion of each label, (labels, 2, 2)."""
    labels = range(len(parts[0].outcome.classes))
    said = [multilabel.said(part) for part in parts]
    each = [[metrics.tables(p.target[:, c], s[:, c], 2, _once(p))[0] for c in labels] for p, s in zip(parts, said, strict=True)]
    return np.mean(each, axis=0)


def _of_labels(parts: list[Part]) -> dict[str, dict[str, Any]]:
    """Ranking, recall and precision of each label."""
    first = parts[0]
    ranked = {
        name: _means([_labels(p, way) for p in parts]) for name, way in (("auroc", metrics.auroc), ("auprc", metrics.auprc))
    }
    found = {}
    for c, name in enumerate(first.outcome.classes):
        called = [_called(p, c) for p in parts]
        at = first.target[:, c] == 1
        found[name] = {
            "n": int(at.sum()),
            "groups": len(np.unique(first.group[at])),
            "base_rate": float(at.mean()),
            "recall": bootstrapped(np.mean([metrics.recalls(t)[:, 1] for t in called], axis=0)),
            "precision": bootstrapped(np.mean([metrics.precisions(t)[:, 1] for t in called], axis=0)),
        } | {metric: bootstrapped(own[c]) for metric, own in ranked.items()}
    return found


def _labels(part: Part, way: Any) -> list[np.ndarray]:
    return part.blocked(lambda own: multilabel.each(own, way))


def _called(part: Part, label: int) -> np.ndarray:
    """Confusion of one label, (resamples, 2, 2)."""
    said = multilabel.said(part)[:, label]
    return part.blocked(lambda own: metrics.tables(own.target[:, label], said, 2, own.weights))
