"""Scores of one model with intervals, and paired differences of two models.

The bootstrap alone is too narrow if nearly all predictions are correct, because resamples then hardly differ. Proportions therefore
have a closed-form interval: Wilson's if every group has a single example, otherwise the union of Wilson's (with the number of
groups as n) and the bootstrap interval. Means of recalls always have the union, because near 1 the closed form alone is too
narrow. Each cell names its kind of interval.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from readsight.dataset.outcome import UNCOUNTED
from readsight.evaluation.outcomes import multiclass, multilabel, positions
from readsight.evaluation.outcomes.registry import SCORING
from readsight.evaluation.predictions import PredictionSubset
from readsight.stats import metrics
from readsight.stats.confidence_intervals import (
    Interval,
    mann_whitney_interval,
    mean_of_proportions,
    proportion_difference,
    wilson_interval,
)

Cell = dict[str, Any]
AVERAGED = "wilson, averaged"
CALL_METRICS = ("accuracy", "balanced_accuracy", "exact_match")


@dataclass(frozen=True)
class ModelScores:
    """Scores of one model.

    values: metric → (1 + resamples,), mean over repeats for each resample. cells: the same with intervals.
    confusion: (classes, classes) mean counts over repeats (of bases for positions); (labels, 2, 2) for several labels.
    per_class: class → metric → cell. is_correct: (repeats, n), whether each example is predicted correctly. strata: (n,) its class.
    groups: (n,).
    """

    values: dict[str, np.ndarray]
    cells: dict[str, Cell]
    groups: np.ndarray
    confusion: np.ndarray | None = None
    per_class: dict[str, dict[str, Any]] = field(default_factory=dict)
    is_correct: np.ndarray | None = None
    strata: np.ndarray | None = None


def compute_mean_scores(subsets: list[PredictionSubset], names: Collection[str] | None = None) -> dict[str, np.ndarray]:
    """Metrics (all, or those in `names`), (resamples,) each, averaged over repeats."""
    kind = SCORING[subsets[0].outcome.kind]
    handles_blocks = getattr(kind, "HANDLES_BLOCKS", False)
    metrics_by_repeat = [
        kind.compute_metrics(subset, names)
        if handles_blocks
        else subset.apply_in_blocks(lambda values: kind.compute_metrics(values, names))
        for subset in subsets
    ]
    return {name: np.mean([values[name] for values in metrics_by_repeat], axis=0) for name in metrics_by_repeat[0]}


def score_model(subsets: list[PredictionSubset]) -> ModelScores:
    """Scores of one model over its repeats."""
    first = subsets[0]
    if first.outcome.kind == "positions":
        return _score_positions(subsets)
    kind = first.outcome.kind
    ranks = [subset.apply_in_blocks(multiclass.compute_class_auroc) for subset in subsets] if kind == "multiclass" else []
    values = _compute_multiclass_metrics(subsets, ranks) if ranks else compute_mean_scores(subsets)
    cells = {name: summarise_bootstrap(metric_values) for name, metric_values in values.items()}
    if kind in ("survival", "regression", "profile"):
        return ModelScores(values, cells, first.group)
    if kind == "multilabel":
        is_correct = np.stack([(multilabel.call_labels(subset) == subset.target).all(axis=1) for subset in subsets])
        cells["exact_match"] = combine_intervals(
            cells["exact_match"],
            _compute_proportion_interval(is_correct.mean(axis=0), first.group),
            _has_single_examples(first.group),
        )
        return ModelScores(
            values,
            cells,
            first.group,
            _compute_label_confusion(subsets),
            _score_labels(subsets),
            is_correct,
            np.zeros(len(first.group), int),
        )
    member = SCORING[kind]
    is_correct = np.stack([np.equal(*member.call_classes(subset)) for subset in subsets])
    table = np.mean(
        [metrics.confusion_tables(*member.call_classes(p), len(p.outcome.classes), _make_unit_weights(p))[0] for p in subsets],
        axis=0,
    )
    # With two classes, both have the same AUROC.
    per_class = _score_classes(subsets, table, is_correct, _average_repeats(ranks) if ranks else [values["auroc"]] * 2)
    classes = [
        Interval(*(metric_values["recall"][k] for k in ("value", "low", "high")))
        for metric_values in per_class.values()
        if metric_values["n"]
    ]
    single = _has_single_examples(first.group)
    cells["accuracy"] = combine_intervals(
        cells["accuracy"], _compute_proportion_interval(is_correct.mean(axis=0), first.group), single
    )
    cells["balanced_accuracy"] = combine_intervals(cells["balanced_accuracy"], mean_of_proportions(classes), False, AVERAGED)
    if kind == "binary":
        cells["auroc"] = adjust_auroc(cells["auroc"], _count_groups(first, first.positive_class), single)
        cells["auprc"] = adjust_auprc(cells["auprc"], _count_groups(first, first.positive_class)[0])
    else:
        cells["macro_auroc"] = adjust_macro_auroc(cells["macro_auroc"], per_class)
    return ModelScores(values, cells, first.group, table, per_class, is_correct, first.target)


def summarise_bootstrap(values: np.ndarray) -> Cell:
    """Value, interval, and kind of interval."""
    cell = metrics.resample_interval(values)
    return cell | {"interval": "bootstrap" if cell["low"] is not None else "none"}


def combine_intervals(cell: Cell, closed: Interval, is_single: bool, name: str = "wilson") -> Cell:
    """A bootstrap cell with the closed-form interval (single examples), or with the union of both (groups)."""
    if cell["value"] is None or not np.isfinite(closed.low):
        return cell
    if is_single or cell["low"] is None:
        return cell | {"low": float(closed.low), "high": float(closed.high), "interval": name}
    low, high = min(cell["low"], closed.low), max(cell["high"], closed.high)
    return cell | {"low": float(low), "high": float(high), "interval": f"bootstrap, widened to hold {name}"}


def adjust_auroc(cell: Cell, group_counts: tuple[int, int], is_single: bool) -> Cell:
    """AUROC with a closed-form interval included, if groups are single examples or the value is 0 or 1.

    group_counts: groups with and without the class. The closed form ignores clustering, but at 0 or 1 the bootstrap has zero width.
    """
    if cell["value"] is None or not min(group_counts) or not (is_single or cell["value"] in (0.0, 1.0)):
        return cell
    return combine_intervals(cell, mann_whitney_interval(cell["value"], *group_counts), False, "newcombe")


def adjust_auprc(cell: Cell, positives: int) -> Cell:
    """AUPRC with Wilson's lower limit if it is 1, where all resamples are equal.

    The area is treated as a proportion of the positive groups (Boyd, Eng & Page 2013).
    """
    return combine_intervals(cell, wilson_interval(positives, positives), False) if cell["value"] == 1.0 and positives else cell


def adjust_macro_auroc(cell: Cell, per_class: dict[str, dict[str, Any]]) -> Cell:
    """Macro AUROC with the mean of the classes' limits included; the classes are not independent."""
    class_cells = [c["auroc"] for c in per_class.values() if c["auroc"]["value"] is not None]
    if (
        cell["value"] is None
        or any(c["low"] is None for c in class_cells)
        or all(c["interval"] == "bootstrap" for c in class_cells)
    ):
        return cell
    limits = Interval(cell["value"], *(float(np.mean([c[side] for c in class_cells])) for side in ("low", "high")))
    return combine_intervals(cell, limits, False, "newcombe, averaged")


def compute_difference(first: ModelScores, second: ModelScores, names: tuple[str, ...]) -> dict[str, Cell]:
    """Scores of the first model minus those of the second, paired over the same resamples of the same test examples."""
    cells = {name: summarise_bootstrap(first.values[name] - second.values[name]) for name in names}
    for name in CALL_METRICS:
        if name in cells and first.is_correct is not None:
            classes = np.unique(first.strata) if name == "balanced_accuracy" else [None]
            closed = mean_of_proportions([_compare_proportions(first, second, stratum) for stratum in classes])
            cells[name] = combine_intervals(cells[name], closed, False, "newcombe")
    return {name: _widen_difference(cell, first.cells.get(name), second.cells.get(name)) for name, cell in cells.items()}


def _widen_difference(cell: Cell, first_cell: Cell | None, second_cell: Cell | None) -> Cell:
    """A difference with zero width (both rank perfectly) gets the combined width of both scores (MOVER: Zou & Donner 2008)."""
    if (
        cell["low"] is None
        or cell["low"] != cell["high"]
        or any(c is None or c["low"] is None for c in (first_cell, second_cell))
    ):
        return cell
    down = np.hypot(first_cell["value"] - first_cell["low"], second_cell["high"] - second_cell["value"])
    up = np.hypot(first_cell["high"] - first_cell["value"], second_cell["value"] - second_cell["low"])
    return combine_intervals(cell, Interval(cell["value"], cell["value"] - down, cell["value"] + up), False, "the widths of both")


def _compare_proportions(first: ModelScores, second: ModelScores, stratum: int | None) -> Interval:
    """Difference of two models' proportions of correct predictions, with groups as units."""
    members = np.ones(len(first.groups), bool) if stratum is None else first.strata == stratum
    first_correct, second_correct = first.is_correct[:, members], second.is_correct[:, members]
    scale = len(np.unique(first.groups[members])) / first_correct.size
    counts = [
        (first_correct & second_correct).sum(),
        (first_correct & ~second_correct).sum(),
        (~first_correct & second_correct).sum(),
        (~first_correct & ~second_correct).sum(),
    ]
    return proportion_difference(*(float(count * scale) for count in counts))


def _compute_proportion_interval(is_correct: np.ndarray, groups: np.ndarray) -> Interval:
    """Wilson's interval of a mean of (n,) fractions, with the number of groups as n."""
    n = len(np.unique(groups))
    return wilson_interval(float(is_correct.mean()) * n, n)


def _has_single_examples(groups: np.ndarray) -> bool:
    return len(np.unique(groups)) == len(groups)


def _make_unit_weights(subset: PredictionSubset) -> np.ndarray:
    return np.ones((1, len(subset.fold)))


def _count_groups(subset: PredictionSubset, class_code: int) -> tuple[int, int]:
    """Numbers of groups with and without examples of a class."""
    return tuple(len(np.unique(subset.group[members])) for members in (subset.target == class_code, subset.target != class_code))


def score_metric(subsets: list[PredictionSubset], metric: str) -> Cell:
    """One metric of one model over its repeats, with interval."""
    first = subsets[0]
    cell = summarise_bootstrap(compute_mean_scores(subsets, (metric,))[metric])
    is_single = _has_single_examples(first.group)
    if metric == "auroc":
        return adjust_auroc(cell, _count_groups(first, first.positive_class), is_single)
    if metric == "balanced_accuracy":
        is_correct = np.stack([np.equal(*SCORING[p.outcome.kind].call_classes(p)) for p in subsets]).mean(axis=0)
        classes = [
            _compute_proportion_interval(is_correct[members], first.group[members])
            for members in (first.target == c for c in np.unique(first.target))
        ]
        return combine_intervals(cell, mean_of_proportions(classes), False, AVERAGED)
    return cell


def _compute_multiclass_metrics(subsets: list[PredictionSubset], ranks: list[list[np.ndarray]]) -> dict[str, np.ndarray]:
    """All metrics of several classes; the classes' AUROC are given, one list per repeat."""
    names = [name for name in multiclass.DESCRIPTIONS if name != "macro_auroc"]
    values = {
        "macro_auroc": np.mean([multiclass.average_classes(class_auroc) for class_auroc in ranks], axis=0)
    } | compute_mean_scores(subsets, names)
    return {name: values[name] for name in multiclass.DESCRIPTIONS}


def _average_repeats(repeats: list[list[np.ndarray]]) -> list[np.ndarray]:
    return [np.mean(values, axis=0) for values in zip(*repeats, strict=True)]


def _score_classes(
    subsets: list[PredictionSubset], table: np.ndarray, is_correct: np.ndarray, ranks: list[np.ndarray]
) -> dict[str, dict[str, Any]]:
    """Recall, precision and AUROC of each class. ranks: AUROC, (resamples,) per class."""
    first, kind = subsets[0], SCORING[subsets[0].outcome.kind]
    resampled = [
        p.apply_in_blocks(lambda block: metrics.confusion_tables(*kind.call_classes(block), len(table), block.weights))
        for p in subsets
    ]
    classes = {}
    for c, name in enumerate(first.outcome.classes):
        members = first.target == c
        predicted = table[:, c].sum()
        effective_calls = predicted * len(np.unique(first.group)) / len(first.group)
        recall, precision = (
            summarise_bootstrap(np.mean([function(t)[:, c] for t in resampled], axis=0))
            for function in (metrics.recalls, metrics.precisions)
        )
        is_single = _has_single_examples(first.group)
        closed = (
            wilson_interval(table[c, c] / predicted * effective_calls, effective_calls) if predicted else Interval(*[np.nan] * 3)
        )
        classes[name] = {
            "n": int(members.sum()),
            "groups": len(np.unique(first.group[members])),
            "recall": combine_intervals(
                recall, _compute_proportion_interval(is_correct[:, members].mean(axis=0), first.group[members]), is_single
            )
            if members.any()
            else recall,
            "precision": combine_intervals(precision, closed, is_single),
            "auroc": adjust_auroc(summarise_bootstrap(ranks[c]), _count_groups(first, c), is_single),
        }
    return classes


def _score_positions(subsets: list[PredictionSubset]) -> ModelScores:
    """Scores of sites; each class is ranked once, for the class and for the means over classes."""
    site_scores = [positions.rank_sites(subset) for subset in subsets]
    metrics_by_repeat = [
        positions.compute_metrics(subset, None, repeat_values) for subset, repeat_values in zip(subsets, site_scores, strict=True)
    ]
    values = {
        name: np.mean([repeat_values[name] for repeat_values in metrics_by_repeat], axis=0) for name in metrics_by_repeat[0]
    }
    cells = {name: summarise_bootstrap(repeat_values) for name, repeat_values in values.items()}
    table = np.mean([positions.count_confusion(subset) for subset in subsets], axis=0)
    return ModelScores(values, cells, subsets[0].group, table, _summarise_sites(subsets[0], site_scores))


def _summarise_sites(first: PredictionSubset, site_scores: list[positions.SiteScores]) -> dict[str, dict[str, Any]]:
    """Top-k accuracy and AUPRC of each site class; n counts sites, groups those with a site."""
    summary = {}
    for site, name in enumerate(first.outcome.classes):
        if site:
            site_counts = (first.target == site).sum(axis=1)
            cells = {
                m: summarise_bootstrap(np.mean([scores[name][m] for scores in site_scores], axis=0)) for m in ("top_k", "auprc")
            }
            counted = int((first.target != UNCOUNTED).sum())
            description = {"n": int(site_counts.sum()), "groups": len(np.unique(first.group[site_counts > 0]))}
            summary[name] = description | {"base_rate": description["n"] / counted if counted else None} | cells
    return summary


def _compute_label_confusion(subsets: list[PredictionSubset]) -> np.ndarray:
    """Confusion of each label, (labels, 2, 2)."""
    labels = range(len(subsets[0].outcome.classes))
    calls = [multilabel.call_labels(subset) for subset in subsets]
    tables = [
        [metrics.confusion_tables(p.target[:, c], s[:, c], 2, _make_unit_weights(p))[0] for c in labels]
        for p, s in zip(subsets, calls, strict=True)
    ]
    return np.mean(tables, axis=0)


def _score_labels(subsets: list[PredictionSubset]) -> dict[str, dict[str, Any]]:
    """Ranking, recall and precision of each label."""
    first = subsets[0]
    ranked = {
        name: _average_repeats([_rank_labels_in_blocks(p, function) for p in subsets])
        for name, function in (("auroc", metrics.auroc), ("auprc", metrics.auprc))
    }
    labels = {}
    for c, name in enumerate(first.outcome.classes):
        confusions = [_count_label_calls(p, c) for p in subsets]
        is_positive = first.target[:, c] == 1
        labels[name] = {
            "n": int(is_positive.sum()),
            "groups": len(np.unique(first.group[is_positive])),
            "base_rate": float(is_positive.mean()),
            "recall": summarise_bootstrap(np.mean([metrics.recalls(t)[:, 1] for t in confusions], axis=0)),
            "precision": summarise_bootstrap(np.mean([metrics.precisions(t)[:, 1] for t in confusions], axis=0)),
        } | {metric: summarise_bootstrap(values[c]) for metric, values in ranked.items()}
    return labels


def _rank_labels_in_blocks(subset: PredictionSubset, metric: Any) -> list[np.ndarray]:
    return subset.apply_in_blocks(lambda block: multilabel.rank_labels(block, metric))


def _count_label_calls(subset: PredictionSubset, label: int) -> np.ndarray:
    """Confusion of one label, (resamples, 2, 2)."""
    calls = multilabel.call_labels(subset)[:, label]
    return subset.apply_in_blocks(lambda block: metrics.confusion_tables(block.target[:, label], calls, 2, block.weights))
