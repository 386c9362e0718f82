"""A split that the data bring, in the column `split`."""

from typing import Any

import pandas as pd

from readsight.dataset.cross_validation import ROLES
from readsight.errors import InputError


def groups(obs: pd.DataFrame, spec: dict[str, Any]) -> pd.Series:
    """The column `group` where there is one; else each example is its own."""
    own = obs["group"] if "group" in obs else pd.Series(obs.index, obs.index)
    return own.astype(str).rename("group")


def roles(obs: pd.DataFrame, whole: bool = False) -> pd.Series:
    """Role of each example, train or test; what is given as validation is trained on, and divided again within.

    whole: keep it as validation. Raises InputError where the column is absent or names anything but the three roles.
    """
    if "split" not in obs:
        raise InputError(
            "split.by: 'given' needs a column `split` in the examples, and these have none; use block, chromosome or group"
        )
    said = obs["split"].astype(str).str.strip().str.lower()
    odd = said[~said.isin(ROLES)]
    if len(odd):
        raise InputError(
            f"split.given: the column says {odd.iloc[0]!r} of {len(odd)} examples, the first: "
            f"{', '.join(map(str, odd.index[:5]))}; it may say {', '.join(ROLES)}"
        )
    return said if whole else said.replace("validation", "train")
