"""A split provided by the user, in the column `split`."""

from typing import Any

import pandas as pd

from readsight.dataset.cross_validation import ROLES
from readsight.errors import InputError


def assign_groups(obs: pd.DataFrame, spec: dict[str, Any]) -> pd.Series:
    """The column `group` if present; else each example separately."""
    group_names = obs["group"] if "group" in obs else pd.Series(obs.index, obs.index)
    return group_names.astype(str).rename("group")


def read_roles(obs: pd.DataFrame, keep_validation: bool = False) -> pd.Series:
    """Role of each example, train or test; validation is merged into train, and divided again later.

    keep_validation: keep it separate. Raises InputError if the column is absent or has a value that is not a role.
    """
    if "split" not in obs:
        raise InputError(
            "split.by: 'given' needs a column `split` in the examples, but these have none; use block, chromosome or group"
        )
    labels = obs["split"].astype(str).str.strip().str.lower()
    invalid = labels[~labels.isin(ROLES)]
    if len(invalid):
        raise InputError(
            f"split.given: the column has {invalid.iloc[0]!r} for {len(invalid)} examples, the first: "
            f"{', '.join(map(str, invalid.index[:5]))}; allowed are {', '.join(ROLES)}"
        )
    return labels if keep_validation else labels.replace("validation", "train")
