"""Comparisons of a task's models: with the first model, between balances, and of joint with single-modality models."""

from typing import Any

from readsight.evaluation.outcomes.registry import SCORING
from readsight.evaluation.scores import ModelScores, compute_difference
from readsight.models.model_spec import ModelSpec

PAIRED = (
    "both are trained on the same folds and scored on the same test examples; the difference is computed within each resample"
)
# Models that always combine modalities and have no single-modality version.
FUSIONS = ("late_fusion", "attention_fusion")


def compare_with_first(scored: dict[str, ModelScores], first: str, kind: str) -> dict[str, dict[str, Any]]:
    """Model → metric → score of the first model minus the model's score."""
    names = SCORING[kind].COMPARED
    return {name: compute_difference(scored[first], scores, names) for name, scores in scored.items() if name != first}


def compare_balances(scored: dict[str, ModelScores], kind: str, task_balance: str | None) -> list[dict[str, Any]]:
    """One row per model and alternative balance: score differences, alternative minus the task's balance."""
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
    """One row per joint model and single modality: score differences, joint minus single.

    A model on all modalities is compared with itself on each; a fusion model with the last model that is trained on
    each modality (the linear one if there is one).
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
