"""Groups that are complete chromosomes."""

from typing import Any

import pandas as pd

from readsight.errors import InputError


def assign_groups(obs: pd.DataFrame, spec: dict[str, Any]) -> pd.Series:
    """Chromosome of each example. Raises InputError if some have none."""
    chrom = obs["chrom"].astype(str)
    is_missing = chrom == ""
    if is_missing.any():
        raise InputError(
            f"split.by: 'chromosome' needs the coordinates of each example, but {int(is_missing.sum())} of {len(obs)} have none, the "
            f"first: {', '.join(map(str, obs.index[is_missing][:5]))}; provide regions or names such as chr1:100-200, or use homology"
        )
    return chrom.rename("group")
