"""Facts about a task's test examples, and the scores of chance."""

from typing import Any

import numpy as np
import pandas as pd

from readsight.dataset.outcome import UNCOUNTED
from readsight.evaluation.outcomes.registry import SCORING
from readsight.evaluation.plan import EvaluationPlan
from readsight.evaluation.predictions import Resamples, split_by_repeat
from readsight.evaluation.scores import compute_mean_scores
from readsight.stats import metrics

Facts = dict[str, Any]


def summarise_control(table: pd.DataFrame, plan: EvaluationPlan, positive_class: int) -> dict[str, Facts]:
    """The negative control: mean and 95 % range over draws, each with newly shuffled labels.

    Ranking metrics only: over random directions they average one half (correlations 0), whereas AUPRC does not average the base
    rate.
    """
    resamples, names = Resamples.from_table(table, 0, 0), SCORING[plan.outcome.kind].CHANCE
    draws = [
        compute_mean_scores(split_by_repeat(draw, plan.outcome, resamples, positive_class), names)
        for _, draw in table.groupby("draw")
    ]
    cells = {}
    for name in names:
        values = [float(draw[name][0]) for draw in draws]
        cells[name] = metrics.resample_interval(np.array([np.mean(values), *values])) | {"interval": "range of draws"}
    return cells


def describe_divisions(table: pd.DataFrame, spec: Facts) -> Facts:
    """How the test examples were selected. spec: of the certificate."""
    folds = table.groupby("repeat")["fold"].nunique()
    test_chromosomes = [str(name) for name in spec.get("test_chromosomes", [])]
    return {
        "divisions": f"{len(folds)} × {folds.iloc[0]} folds",
        "single": bool(len(folds) == folds.iloc[0] == 1),
        "held_out": test_chromosomes,
    }


def collect_facts(examples: pd.DataFrame, plan: EvaluationPlan, positive_class: int) -> Facts:
    """Facts about the test examples. examples: one row per example."""
    outcome, target = plan.outcome, plan.outcome.read_target(examples)
    groups = examples["group"].to_numpy(str)
    facts: Facts = {
        "classes": list(outcome.classes),
        "groups": len(np.unique(groups)),
        "examples": len(examples),
        "unit": plan.unit,
        "feature": plan.feature,
        "given": plan.has_given_split,
    }
    if outcome.kind == "survival":
        has_event = target[:, 1] > 0
        return facts | {"events": int(has_event.sum()), "groups_of": {"events": len(np.unique(groups[has_event]))}, "chance": 0.5}
    if outcome.kind in ("regression", "profile"):
        return facts | {"groups_of": {plan.unit: facts["groups"]}, "counts": {plan.unit: len(examples)}}
    if outcome.kind == "positions":
        return facts | count_sites(target, groups, outcome.classes)
    class_masks = target.T if outcome.kind == "multilabel" else [target == c for c in range(len(outcome.classes))]
    mask_of = dict(zip(outcome.classes, (np.asarray(a, bool) for a in class_masks), strict=True))
    facts["groups_of"] = {name: len(np.unique(groups[a])) for name, a in mask_of.items()}
    facts["counts"] = {name: int(a.sum()) for name, a in mask_of.items()}
    if outcome.kind == "multilabel":
        return facts
    if outcome.kind == "binary":
        rare = mask_of[outcome.classes[positive_class]]
        class_facts = {"rare": outcome.classes[positive_class], "rare_count": int(rare.sum()), "base_rate": float(rare.mean())}
        facts |= class_facts | {"rare_groups": facts["groups_of"][class_facts["rare"]]}
    return facts | {"chance": 1 / sum(count > 0 for count in facts["counts"].values())}


def count_sites(target: np.ndarray, groups: np.ndarray, classes: tuple[str, ...]) -> Facts:
    """Counted bases, and for each site class the number of sites, of groups with sites, and the mean fraction of bases."""
    bases = int((target != UNCOUNTED).sum())
    facts: Facts = {"bases": bases, "counts": {}, "groups_of": {}}
    for site, name in enumerate(classes):
        if site:
            site_counts = (target == site).sum(axis=1)
            facts["counts"][name] = int(site_counts.sum())
            facts["groups_of"][name] = len(np.unique(groups[site_counts > 0]))
    shares = [count / bases for count in facts["counts"].values() if count] if bases else []
    return facts | {"chance": float(np.mean(shares)) if shares else None}


def compute_class_errors(per_class: dict[str, dict[str, Facts]]) -> dict[str, dict[str, Facts]]:
    """Model → class → percentage of its examples that is predicted incorrectly, with interval, as in publications."""

    def invert_cell(cell: Facts) -> Facts:
        value, low, high = (None if cell[side] is None else 100 * (1 - cell[side]) for side in ("value", "high", "low"))
        return {"value": value, "low": low, "high": high, "interval": cell["interval"]}

    return {
        model: {name: invert_cell(class_cells["recall"]) | {"n": class_cells["n"]} for name, class_cells in classes.items()}
        for model, classes in per_class.items()
    }
