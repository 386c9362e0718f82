"""Leave the examples, and weigh each class by the inverse of its frequency."""

from dataclasses import replace
from typing import Any

import numpy as np

from readsight.dataset.balancing.balanced import Balanced, chosen


def balance(values: np.ndarray, labels: np.ndarray, spec: dict[str, Any], seed: int) -> Balanced:
    """The fold, with weights whose mean is one and whose sum is the same for each class."""
    classes, place, counts = np.unique(labels, return_inverse=True, return_counts=True)
    weights = len(labels) / (len(classes) * counts[place])
    return replace(chosen(values, labels, np.arange(len(labels))), weights=weights)
