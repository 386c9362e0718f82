"""Comparisons of a task's models: with the first, of balances, and of modalities alone with all together."""

from typing import Any

from readsight.evaluation.outcomes.registry import SCORING
from readsight.evaluation.scores import Scored, difference
from readsight.models.model_spec import Variant

PAIRED = "both saw the same folds and are scored on the same test examples; the difference is taken resample by resample"
# Models that join modalities each in its own way, and have none that sees one modality alone.
FUSIONS = ("late_fusion", "attention_fusion")


def differences(scored: dict[str, Scored], first: str, kind: str) -> dict[str, dict[str, Any]]:
    """Model → metric → score of the first model less its own."""
    names = SCORING[kind].COMPARED
    return {other: difference(scored[first], own, names) for other, own in scored.items() if other != first}


def balances(scored: dict[str, Scored], kind: str, own: str | None) -> list[dict[str, Any]]:
    """A row a model and balance beside the task's own: the differences of scores, balance less the task's own."""
    rows = []
    for word in scored:
        variant = Variant.of(word)
        plain = variant._replace(balance=None).word
        if variant.balance and plain in scored:
            about = {"variant": word, "model": plain, "balance": variant.balance, "own": own, "paired": PAIRED}
            rows.append(about | {"difference": difference(scored[word], scored[plain], SCORING[kind].COMPARED)})
    return rows


def modalities(scored: dict[str, Scored], kind: str) -> list[dict[str, Any]]:
    """A row a joined model and a modality alone: the differences of scores, joined less alone.

    A model on all modalities stands beside itself on each; a fusion beside the last
    model that is trained on each alone (the linear one, where there is one).
    """
    alone = [v for v in map(Variant.of, scored) if v.modality and not v.balance]
    bases = list(dict.fromkeys(v.model for v in alone))
    rows = []
    for word in scored:
        base = word if word in bases else bases[-1] if bases and word in FUSIONS else None
        for variant in (v for v in alone if v.model == base):
            about = {"joined": word, "alone": variant.word, "modality": variant.modality, "paired": PAIRED}
            rows.append(about | {"difference": difference(scored[word], scored[variant.word], SCORING[kind].COMPARED)})
    return rows
