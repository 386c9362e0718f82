"""Leave out examples of the commoner classes until all classes are equal."""

from typing import Any

import numpy as np

from readsight.dataset.balancing.balanced import BalancedFold, select_rows


def balance(values: np.ndarray, labels: np.ndarray, spec: dict[str, Any], seed: int) -> BalancedFold:
    """A part of the fold."""
    from imblearn.under_sampling import RandomUnderSampler

    sampler = RandomUnderSampler(random_state=seed)
    sampler.fit_resample(values, labels)
    return select_rows(values, labels, np.sort(np.asarray(sampler.sample_indices_)))
