"""Time to an event: how well risks order the examples of a test fold."""

from collections.abc import Collection

import numpy as np

from readsight.evaluation.predictions import Part, named
from readsight.stats import survival

PRIMARY = "c_index"
COMPARED = ("c_index", "uno_c")
CHANCE = {"c_index": 0.5}
WORDS = {
    "c_index": "Harrell's concordance of risk and time to event, within test folds",
    "uno_c": "Uno's concordance, weighted against censoring, within test folds",
}


def scores(part: Part, names: Collection[str] | None = None) -> dict[str, np.ndarray]:
    """Metrics of one repeat, each (resamples,): all, or those named."""
    time, event = part.target.T
    own = (part.raw, time, event, part.fold, part.weights)
    return named({"c_index": lambda: survival.c_index(*own), "uno_c": lambda: survival.c_index(*own, uno=True)}, names)
