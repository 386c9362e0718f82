"""Saliency: absolute gradient of the output at a sequence (Simonyan et al. 2014)."""

from typing import Any

import numpy as np

from readsight.interpret.sequence_attribution.gradients import DIFFERENTIABLE, correct_gradient, sequence_gradients
from readsight.interpret.sequence_attribution.query import AttributionQuery

SUPPORTED_NETWORKS = DIFFERENTIABLE
USES_RECEPTIVE_FIELD = True


def attribute(query: AttributionQuery, references: np.ndarray | None, spec: dict[str, Any], seed: int) -> np.ndarray:
    """Attributions (n, positions, 4), ≥ 0."""
    return np.abs(correct_gradient(sequence_gradients(query), spec))
