"""SMOTE: synthetic examples of the rarer classes, interpolated between neighbours (Chawla et al. 2002; imbalanced-learn)."""

import logging
from typing import Any

import numpy as np

from readsight.dataset.balancing.balanced import BalancedFold
from readsight.errors import InputError

log = logging.getLogger("readsight")


def balance(values: np.ndarray, labels: np.ndarray, spec: dict[str, Any], seed: int) -> BalancedFold:
    """The fold, and synthetic examples until all classes are equal.

    spec: neighbours, lowered with a warning to what the rarest class allows; classes (names), for messages.
    Raises InputError if a class has a single example, which has no neighbour.
    """
    from imblearn.over_sampling import SMOTE

    classes, counts = np.unique(labels, return_counts=True)
    rarest = int(counts.min())
    if rarest < 2:
        code = int(classes[counts.argmin()])
        name = spec["classes"][code] if "classes" in spec else code
        raise InputError(
            f"balance.method: SMOTE interpolates between neighbours of one class, and class {name} has only {rarest} "
            f"example in this training fold (of {len(labels)}); set balance.method to class_weight or oversample, "
            "or lower split.folds"
        )
    neighbours = min(spec["neighbours"], rarest - 1)
    if neighbours < spec["neighbours"]:
        log.warning(
            "SMOTE: %d examples of the rarest class: neighbours lowered from %d to %d", rarest, spec["neighbours"], neighbours
        )
    resampled, resampled_labels = SMOTE(random_state=seed, k_neighbors=neighbours).fit_resample(values, labels)
    synthetic_count = len(resampled) - len(values)
    parent = np.concatenate([np.arange(len(values)), np.full(synthetic_count, -1)])
    return BalancedFold(resampled.astype(np.float32), resampled_labels, np.ones(len(resampled)), parent)
