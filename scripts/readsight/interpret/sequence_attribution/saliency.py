"""How steeply the output rises with each base, whatever the direction (Simonyan et al. 2014): |gradient|."""

from typing import Any

import numpy as np

from readsight.interpret.sequence_attribution.gradients import DIFFERENTIABLE, corrected, own_gradients
from readsight.interpret.sequence_attribution.query import Question

ON = DIFFERENTIABLE
NEAR = True


def attribute(question: Question, references: np.ndarray | None, spec: dict[str, Any], seed: int) -> np.ndarray:
    """Attributions (n, places, 4), ≥ 0."""
    return np.abs(corrected(own_gradients(question), spec))
