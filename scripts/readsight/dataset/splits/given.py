"""A split that the data bring, in the column `split`."""

from typing import Any

import pandas as pd

from readsight.dataset.cross_validation import ROLES
from readsight.errors import InputError


def assign_groups(obs: pd.DataFrame, spec: dict[str, Any]) -> pd.Series:
    """The column `group` where there is one; else each example is its own."""
    group_names = obs["group"] if "group" in obs else pd.Series(obs.index, obs.index)
    return group_names.astype(str).rename("group")


def read_roles(obs: pd.DataFrame, keep_validation: bool = False) -> pd.Series:
    """Role of each example, train or test; what is given as validation is trained on, and divided again within.

    keep_validation: keep it as validation. Raises InputError where the column is absent or names anything but the three roles.
    """
    if "split" not in obs:
        raise InputError(
            "split.by: 'given' needs a column `split` in the examples, and these have none; use block, chromosome or group"
        )
    labels = obs["split"].astype(str).str.strip().str.lower()
    invalid = labels[~labels.isin(ROLES)]
    if len(invalid):
        raise InputError(
            f"split.given: the column says {invalid.iloc[0]!r} of {len(invalid)} examples, the first: "
            f"{', '.join(map(str, invalid.index[:5]))}; it may say {', '.join(ROLES)}"
        )
    return labels if keep_validation else labels.replace("validation", "train")
