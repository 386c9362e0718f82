"""Input × gradient: the gradient at a sequence, multiplied by its bases (Shrikumar et al. 2016)."""

from typing import Any

import numpy as np

from readsight.interpret.sequence_attribution.gradients import DIFFERENTIABLE, correct_gradient, sequence_gradients
from readsight.interpret.sequence_attribution.query import AttributionQuery

SUPPORTED_NETWORKS = DIFFERENTIABLE
USES_RECEPTIVE_FIELD = True


def attribute(query: AttributionQuery, references: np.ndarray | None, spec: dict[str, Any], seed: int) -> np.ndarray:
    """Attributions (n, positions, 4)."""
    return correct_gradient(sequence_gradients(query), spec)
