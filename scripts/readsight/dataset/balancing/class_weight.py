"""Keep all examples and weight each class by its inverse frequency."""

from dataclasses import replace
from typing import Any

import numpy as np

from readsight.dataset.balancing.balanced import BalancedFold, select_rows


def balance(values: np.ndarray, labels: np.ndarray, spec: dict[str, Any], seed: int) -> BalancedFold:
    """The fold with weights of mean one and equal sum per class."""
    classes, class_index, counts = np.unique(labels, return_inverse=True, return_counts=True)
    weights = len(labels) / (len(classes) * counts[class_index])
    return replace(select_rows(values, labels, np.arange(len(labels))), weights=weights)
