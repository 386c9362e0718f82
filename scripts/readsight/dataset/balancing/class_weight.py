"""Leave the examples, and weigh each class by the inverse of its frequency."""

from dataclasses import replace
from typing import Any

import numpy as np

from readsight.dataset.balancing.balanced import BalancedFold, select_rows


def balance(values: np.ndarray, labels: np.ndarray, spec: dict[str, Any], seed: int) -> BalancedFold:
    """The fold, with weights whose mean is one and whose sum is the same for each class."""
    classes, class_index, counts = np.unique(labels, return_inverse=True, return_counts=True)
    weights = len(labels) / (len(classes) * counts[class_index])
    return replace(select_rows(values, labels, np.arange(len(labels))), weights=weights)
