"""What is known of a task's test examples, and what chance alone scores on them."""

from typing import Any

import numpy as np
import pandas as pd

from readsight.dataset.outcome import UNCOUNTED
from readsight.evaluation.outcomes.registry import SCORING
from readsight.evaluation.plan import Plan
from readsight.evaluation.predictions import Resamples, parts
from readsight.evaluation.scores import mean_scores
from readsight.stats import metrics

Facts = dict[str, Any]


def chance(table: pd.DataFrame, plan: Plan, sought: int) -> dict[str, Facts]:
    """The negative control: mean and 95 % range over its draws, each with labels shuffled anew.

    Ranking alone: of directions drawn at random it centres on one half (a correlation on 0), where AUPRC does not centre on
    the base rate.
    """
    whole, names = Resamples.of(table, 0, 0), SCORING[plan.outcome.kind].CHANCE
    draws = [mean_scores(parts(draw, plan.outcome, whole, sought), names) for _, draw in table.groupby("draw")]
    found = {}
    for name in names:
        values = [float(draw[name][0]) for draw in draws]
        found[name] = metrics.interval(np.array([np.mean(values), *values])) | {"interval": "range of draws"}
    return found


def divisions(head: pd.DataFrame, spec: Facts) -> Facts:
    """How the test examples were chosen. spec: of the certificate."""
    folds = head.groupby("repeat")["fold"].nunique()
    held = [str(name) for name in spec.get("test_chromosomes", [])]
    return {
        "divisions": f"{len(folds)} × {folds.iloc[0]} folds",
        "single": bool(len(folds) == folds.iloc[0] == 1),
        "held_out": held,
    }


def facts_of(once: pd.DataFrame, plan: Plan, sought: int) -> Facts:
    """What is known of the test examples. once: a row an example."""
    outcome, target = plan.outcome, plan.outcome.target(once)
    groups = once["group"].to_numpy(str)
    found: Facts = {
        "classes": list(outcome.classes),
        "groups": len(np.unique(groups)),
        "examples": len(once),
        "unit": plan.unit,
        "feature": plan.feature,
        "given": plan.given,
    }
    if outcome.kind == "survival":
        seen = target[:, 1] > 0
        return found | {"events": int(seen.sum()), "groups_of": {"events": len(np.unique(groups[seen]))}, "chance": 0.5}
    if outcome.kind in ("regression", "profile"):
        return found | {"groups_of": {plan.unit: found["groups"]}, "counts": {plan.unit: len(once)}}
    if outcome.kind == "positions":
        return found | of_sites(target, groups, outcome.classes)
    own = target.T if outcome.kind == "multilabel" else [target == c for c in range(len(outcome.classes))]
    at = dict(zip(outcome.classes, (np.asarray(a, bool) for a in own), strict=True))
    found["groups_of"] = {name: len(np.unique(groups[a])) for name, a in at.items()}
    found["counts"] = {name: int(a.sum()) for name, a in at.items()}
    if outcome.kind == "multilabel":
        return found
    if outcome.kind == "binary":
        rare = at[outcome.classes[sought]]
        words = {"rare": outcome.classes[sought], "rare_count": int(rare.sum()), "base_rate": float(rare.mean())}
        found |= words | {"rare_groups": found["groups_of"][words["rare"]]}
    return found | {"chance": 1 / sum(count > 0 for count in found["counts"].values())}


def of_sites(target: np.ndarray, groups: np.ndarray, classes: tuple[str, ...]) -> Facts:
    """Bases that count, and of each site class how many sites there are, in how many groups, and what share of the bases."""
    bases = int((target != UNCOUNTED).sum())
    found: Facts = {"bases": bases, "counts": {}, "groups_of": {}}
    for site, name in enumerate(classes):
        if site:
            own = (target == site).sum(axis=1)
            found["counts"][name] = int(own.sum())
            found["groups_of"][name] = len(np.unique(groups[own > 0]))
    shares = [count / bases for count in found["counts"].values() if count] if bases else []
    return found | {"chance": float(np.mean(shares)) if shares else None}


def errors(per_class: dict[str, dict[str, Facts]]) -> dict[str, dict[str, Facts]]:
    """Model → class → part of its examples that is called wrong, in %, with its interval: as papers print it."""

    def turned(cell: Facts) -> Facts:
        value, low, high = (None if cell[side] is None else 100 * (1 - cell[side]) for side in ("value", "high", "low"))
        return {"value": value, "low": low, "high": high, "interval": cell["interval"]}

    return {model: {name: turned(own["recall"]) | {"n": own["n"]} for name, own in of.items()} for model, of in per_class.items()}
