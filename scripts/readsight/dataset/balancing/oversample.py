"""Repeat random examples of the rarer classes until all classes are equal."""

from typing import Any

import numpy as np

from readsight.dataset.balancing.balanced import BalancedFold, select_rows


def balance(values: np.ndarray, labels: np.ndarray, spec: dict[str, Any], seed: int) -> BalancedFold:
    """The fold, and repeated examples of the rarer classes."""
    from imblearn.over_sampling import RandomOverSampler

    sampler = RandomOverSampler(random_state=seed)
    sampler.fit_resample(values, labels)
    return select_rows(values, labels, np.asarray(sampler.sample_indices_))
