"""How steeply the output rises with each base, whatever the direction (Simonyan et al. 2014): |gradient|."""

from typing import Any

import numpy as np

from readsight.interpret.sequence_attribution.gradients import DIFFERENTIABLE, correct_gradient, sequence_gradients
from readsight.interpret.sequence_attribution.query import AttributionQuery

SUPPORTED_NETWORKS = DIFFERENTIABLE
USES_RECEPTIVE_FIELD = True


def attribute(query: AttributionQuery, references: np.ndarray | None, spec: dict[str, Any], seed: int) -> np.ndarray:
    """Attributions (n, places, 4), ≥ 0."""
    return np.abs(correct_gradient(sequence_gradients(query), spec))
