"""Metrics of time to event: concordance of risks and times within test folds."""

from collections.abc import Collection

import numpy as np

from readsight.evaluation.predictions import PredictionSubset, compute_requested
from readsight.stats import survival

PRIMARY = "c_index"
COMPARED = ("c_index", "uno_c")
CHANCE = {"c_index": 0.5}
DESCRIPTIONS = {
    "c_index": "Harrell's concordance of risk and time to event, within test folds",
    "uno_c": "Uno's concordance, weighted against censoring, within test folds",
}


def compute_metrics(subset: PredictionSubset, names: Collection[str] | None = None) -> dict[str, np.ndarray]:
    """Metrics of one repeat, (resamples,) each: all, or those in `names`."""
    time, event = subset.target.T
    arguments = (subset.raw, time, event, subset.fold, subset.weights)
    return compute_requested(
        {"c_index": lambda: survival.c_index(*arguments), "uno_c": lambda: survival.c_index(*arguments, uno=True)}, names
    )
