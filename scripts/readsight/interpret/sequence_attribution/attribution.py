"""Attributions of a query by the name of a method, averaged over strands if the model averages over them."""

from contextlib import nullcontext
from typing import Any

import numpy as np

from readsight.errors import InputError
from readsight.interpret.sequence_attribution.gradients import freeze_network, score_points
from readsight.interpret.sequence_attribution.query import AttributionQuery, reverse_attributions
from readsight.interpret.sequence_attribution.receptive_field import crop_query
from readsight.interpret.sequence_attribution.references import build_reference_codes, build_references
from readsight.interpret.sequence_attribution.registry import EXPLANATIONS
from readsight.models.sequence import NETWORKS
from readsight.models.sequence.network_model import SequenceModel

MAX_BATCH = 128  # sequences per call of a method
SHOWN = 5


def attribute(method_name: str, query: AttributionQuery, spec: dict[str, Any], seed: int, names: Any = None) -> np.ndarray:
    """Attributions (n, positions, 4) float32, as described in `attribution_file`.

    Parameters
    ----------
    method_name : key of `registry.EXPLANATIONS`.
    spec : config section `interpret`.
    names : of the examples, for messages.

    Raises
    ------
    InputError for a method that does not support the model, and for attributions that are not finite.
    """
    method = EXPLANATIONS[method_name]
    check_supported(method_name, query)
    attributions = np.zeros((*query.codes.shape, 4), np.float32)
    with freeze_network(query.net) if isinstance(query.model, SequenceModel) else nullcontext():
        for i in range(0, len(query), MAX_BATCH):
            rows = np.arange(i, min(i + MAX_BATCH, len(query)))
            batch = query.select_rows(rows)
            attributions[rows] = _attribute_strand(method, batch, spec, seed)
            if should_average_strands(method, query):
                reverse = reverse_attributions(_attribute_strand(method, batch.reverse_strand(), spec, seed), query.description)
                attributions[rows] = (attributions[rows] + reverse) / 2
    check_finite(method_name, attributions, names)
    return attributions


def _attribute_strand(method: Any, query: AttributionQuery, spec: dict[str, Any], seed: int) -> np.ndarray:
    baselines = select_references(method, query, spec, seed)
    cropped = crop_query(query) if getattr(method, "USES_RECEPTIVE_FIELD", False) else None
    if cropped is None:
        return method.attribute(query, baselines, spec, seed)
    return cropped.restore(method.attribute(cropped.query, None if baselines is None else cropped.crop(baselines), spec, seed))


def select_references(method: Any, query: AttributionQuery, spec: dict[str, Any], seed: int) -> np.ndarray | None:
    """References for a method: (n, m, positions, 4), codes (n, m, positions), or None."""
    codes = np.asarray(query.codes)
    if getattr(method, "NEEDS_REFERENCE_CODES", False):
        return build_reference_codes(codes, spec, seed, count_windows(query))
    return build_references(codes, spec, seed, count_windows(query)) if getattr(method, "NEEDS_REFERENCES", False) else None


def should_average_strands(method: Any, query: AttributionQuery) -> bool:
    """Whether both strands are explained; not for methods based on predictions, which are averaged already."""
    return query.averages_strands and (query.is_differentiable or getattr(method, "SUPPORTS_TOKENS", False))


def count_windows(query: AttributionQuery) -> int:
    """Number of concatenated windows in the codes: 2 for pairs."""
    return 2 if query.description.get("pair") else 1


def check_supported(method_name: str, query: AttributionQuery) -> None:
    """Raise InputError if a method does not support the model; the message names the methods that do."""
    if is_supported(method_name, query):
        return
    model, encoding = network_name(query), get_encoding_name(query)
    supported = ", ".join(name for name in EXPLANATIONS if is_supported(name, query))
    raise InputError(f"attributions: {method_name!r} is not defined on {model} ({encoding}); use {supported}")


def is_supported(method_name: str, query: AttributionQuery) -> bool:
    """Whether a method supports the model."""
    method = EXPLANATIONS[method_name]
    if method.SUPPORTED_NETWORKS is None:
        return True
    return network_name(query) in method.SUPPORTED_NETWORKS and (
        query.is_differentiable or getattr(method, "SUPPORTS_TOKENS", False)
    )


def network_name(query: AttributionQuery) -> str:
    """Name of the model if it is a network, else `a model without gradients`."""
    return next((name for name in NETWORKS if NETWORKS[name] is query.model), "a model without gradients")


def get_encoding_name(query: AttributionQuery) -> str:
    return (query.description.get("encoding") or {}).get("name", "codes")


def check_finite(method_name: str, attributions: np.ndarray, names: Any = None) -> None:
    """Raise InputError for attributions that are not finite."""
    invalid = np.flatnonzero(~np.isfinite(attributions).all(axis=(1, 2)))
    if not len(invalid):
        return
    example_list = ", ".join(str(i if names is None else names[i]) for i in invalid[:SHOWN]) + (
        ", …" if len(invalid) > SHOWN else ""
    )
    raise InputError(
        f"attributions: {method_name} is not finite for {len(invalid)} of {len(attributions)} examples ({example_list}): the model's output or its gradient is "
        "infinite there; train it with a lower training.learning_rate or a smaller training.clip, or leave this method out"
    )


def score_query(query: AttributionQuery) -> np.ndarray:
    """Explained output of each sequence, (n,) float64; mean over strands if the model averages over them."""
    if not (query.averages_strands and query.is_differentiable):
        return query.compute_scores()
    return (query.compute_scores() + query.reverse_strand().compute_scores()) / 2


def score_change(query: AttributionQuery, spec: dict[str, Any], seed: int, method_name: str | None = None) -> np.ndarray:
    """Sum that the contributions of a complete method should reach, (n,): score minus its mean over the sequence's references.

    Mean over strands if the model averages over them. method_name: if None, references are base mixtures for differentiable
    models, else codes.
    """
    method = EXPLANATIONS[method_name or ("integrated_gradients" if query.is_differentiable else "shap")]
    changes = []
    for i in range(0, len(query), MAX_BATCH):
        batch = query.select_rows(np.arange(i, min(i + MAX_BATCH, len(query))))
        strands = [batch, batch.reverse_strand()] if should_average_strands(method, batch) else [batch]
        changes.append(np.mean([_compute_change(method, strand, spec, seed) for strand in strands], axis=0))
    return np.concatenate(changes) if changes else np.zeros(0)


def _compute_change(method: Any, query: AttributionQuery, spec: dict[str, Any], seed: int) -> np.ndarray:
    baselines = select_references(method, query, spec, seed)
    if baselines is None:
        raise ValueError("completeness is undefined for a method without references")
    n, m, length = baselines.shape[:3]
    if baselines.ndim == 4:
        baseline_scores = score_points(query, baselines.reshape(-1, length, 4), np.repeat(np.arange(n), m))
    else:
        positions = None if query.positions is None else np.repeat(query.positions, m)
        baseline_scores = query.with_codes(baselines.reshape(-1, length), positions).compute_scores()
    return query.compute_scores() - baseline_scores.reshape(n, m).mean(axis=1)
