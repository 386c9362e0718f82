"""Time to an event: how well risks order the examples of a test fold."""

import numpy as np

from readsight import concordance
from readsight.scoring.part import Part

PRIMARY = "c_index"
COMPARED = ("c_index", "uno_c")
CHANCE = {"c_index": 0.5}
WORDS = {
    "c_index": "Harrell's concordance of risk and time to event, within test folds",
    "uno_c": "Uno's concordance, weighted against censoring, within test folds",
}


def scores(part: Part) -> dict[str, np.ndarray]:
    """All metrics of one repeat, each (resamples,)."""
    time, event = part.target.T
    return {
        "c_index": concordance.c_index(part.raw, time, event, part.fold, part.weights),
        "uno_c": concordance.c_index(part.raw, time, event, part.fold, part.weights, uno=True),
    }
