"""Expected gradients (Erion et al. 2021): gradients at points of the paths from all references, which together lie evenly.

Points are not drawn but set: the s-th of m × POINTS equal parts of the way is looked at in its middle, on the path from reference
s modulo m. So contributions add up but for how uneven gradients are along a path, and two runs give the same.
"""

from typing import Any

import numpy as np

from readsight.interpret.sequence_attribution.gradients import (
    DIFFERENTIABLE,
    hypothetical_contributions,
    integrate_paths,
    list_pairs,
)
from readsight.interpret.sequence_attribution.query import AttributionQuery

SUPPORTED_NETWORKS = DIFFERENTIABLE
USES_RECEPTIVE_FIELD = True
NEEDS_REFERENCES = True
IS_COMPLETE = True
POINTS = 32  # of each path: so many that on networks of the demo what is missed is less than one part in a hundred


def attribute(query: AttributionQuery, references: np.ndarray, spec: dict[str, Any], seed: int) -> np.ndarray:
    """Attributions (n, places, 4); they add up, about, to the score less its mean over the references."""
    m, pairs = references.shape[1], list_pairs(references)
    points = (np.arange(POINTS) * m + pairs[:, 1:] + 0.5) / (m * POINTS)
    gradients = integrate_paths(query, references, pairs, points, np.full(points.shape, 1 / POINTS))
    return hypothetical_contributions(gradients.reshape(references.shape), references)
