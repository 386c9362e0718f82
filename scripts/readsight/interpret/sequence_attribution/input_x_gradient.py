"""The gradient at a sequence, times its bases (Shrikumar et al. 2016)."""

from typing import Any

import numpy as np

from readsight.interpret.sequence_attribution.gradients import DIFFERENTIABLE, corrected, own_gradients
from readsight.interpret.sequence_attribution.query import Question

ON = DIFFERENTIABLE
NEAR = True


def attribute(question: Question, references: np.ndarray | None, spec: dict[str, Any], seed: int) -> np.ndarray:
    """Attributions (n, places, 4)."""
    return corrected(own_gradients(question), spec)
