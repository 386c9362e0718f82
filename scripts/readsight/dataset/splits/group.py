"""Groups that a column of the examples names, such as the donor."""

from typing import Any

import pandas as pd

from readsight.errors import InputError


def assign_groups(obs: pd.DataFrame, spec: dict[str, Any]) -> pd.Series:
    """Group of each example: the column `group` if the examples have it, else the one named in spec.

    spec: column. Raises InputError if it is absent or has gaps.
    """
    column = "group" if "group" in obs else spec["column"]
    if column not in obs:
        raise InputError(f"split.column: the examples have no column {column!r}; available: {', '.join(map(str, obs.columns))}")
    has_gap = obs[column].isna()
    if has_gap.any():
        raise InputError(
            f"split.column: {has_gap.sum()} examples have no {column!r}, the first: {', '.join(map(str, obs.index[has_gap][:5]))}"
        )
    return obs[column].astype(str).rename("group")
