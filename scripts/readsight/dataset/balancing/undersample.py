"""Drop random examples of the more common classes until all classes are equal."""

from typing import Any

import numpy as np

from readsight.dataset.balancing.balanced import BalancedFold, select_rows


def balance(values: np.ndarray, labels: np.ndarray, spec: dict[str, Any], seed: int) -> BalancedFold:
    """A subset of the fold with equal classes."""
    from imblearn.under_sampling import RandomUnderSampler

    sampler = RandomUnderSampler(random_state=seed)
    sampler.fit_resample(values, labels)
    return select_rows(values, labels, np.sort(np.asarray(sampler.sample_indices_)))
