"""Leave the training fold as it is."""

from typing import Any

import numpy as np

from readsight.dataset.balancing.balanced import BalancedFold, select_rows


def balance(values: np.ndarray, labels: np.ndarray, spec: dict[str, Any], seed: int) -> BalancedFold:
    """The fold itself."""
    return select_rows(values, labels, np.arange(len(labels)))
