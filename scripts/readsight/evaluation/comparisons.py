"""Comparisons of a task's models: with the first, of balances, and of modalities alone with all together."""

from typing import Any

from readsight.evaluation.outcomes.registry import SCORING
from readsight.evaluation.scores import ModelScores, compute_difference
from readsight.models.model_spec import ModelSpec

PAIRED = "both saw the same folds and are scored on the same test examples; the difference is taken resample by resample"
# Models that join modalities each in its own way, and have none that sees one modality alone.
FUSIONS = ("late_fusion", "attention_fusion")


def compare_with_first(scored: dict[str, ModelScores], first: str, kind: str) -> dict[str, dict[str, Any]]:
    """Model → metric → score of the first model less its own."""
    names = SCORING[kind].COMPARED
    return {name: compute_difference(scored[first], scores, names) for name, scores in scored.items() if name != first}


def compare_balances(scored: dict[str, ModelScores], kind: str, task_balance: str | None) -> list[dict[str, Any]]:
    """A row a model and balance beside the task's task_balance: the differences of scores, balance less the task's own."""
    rows = []
    for name in scored:
        model_spec = ModelSpec.parse(name)
        plain_name = model_spec._replace(balance=None).name
        if model_spec.balance and plain_name in scored:
            description = {
                "variant": name,
                "model": plain_name,
                "balance": model_spec.balance,
                "own": task_balance,
                "paired": PAIRED,
            }
            rows.append(
                description | {"difference": compute_difference(scored[name], scored[plain_name], SCORING[kind].COMPARED)}
            )
    return rows


def compare_modalities(scored: dict[str, ModelScores], kind: str) -> list[dict[str, Any]]:
    """A row a joined model and a modality single_modality: the differences of scores, joined less alone.

    A model on all modalities stands beside itself on each; a fusion beside the last
    model that is trained on each alone (the linear one, where there is one).
    """
    single_modality = [v for v in map(ModelSpec.parse, scored) if v.modality and not v.balance]
    bases = list(dict.fromkeys(v.model for v in single_modality))
    rows = []
    for name in scored:
        base = name if name in bases else bases[-1] if bases and name in FUSIONS else None
        for model_spec in (v for v in single_modality if v.model == base):
            description = {"joined": name, "alone": model_spec.name, "modality": model_spec.modality, "paired": PAIRED}
            rows.append(
                description | {"difference": compute_difference(scored[name], scored[model_spec.name], SCORING[kind].COMPARED)}
            )
    return rows
