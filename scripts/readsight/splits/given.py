"""A split that the data bring, in the column `split`."""

from typing import Any

import pandas as pd

from readsight.errors import InputError
from readsight.folds import ROLES


def groups(obs: pd.DataFrame, spec: dict[str, Any]) -> pd.Series:
    """The column `group` where there is one; else each example is its own."""
    own = obs["group"] if "group" in obs else pd.Series(obs.index, obs.index)
    return own.astype(str).rename("group")


def roles(obs: pd.DataFrame) -> pd.Series:
    """Role of each example. Raises InputError where the column is absent or names anything but the three roles."""
    if "split" not in obs:
        raise InputError(
            "split.by: 'given' needs a column `split` in the examples, and these have none; use block, chromosome or group"
        )
    odd = sorted(set(obs["split"].astype(str)) - set(ROLES))
    if odd:
        raise InputError(f"split.by: the column `split` says {odd[0]!r}; it may say {', '.join(ROLES)}")
    return obs["split"].astype(str)
