"""Groups that are whole chromosomes."""

from typing import Any

import pandas as pd


def groups(obs: pd.DataFrame, spec: dict[str, Any]) -> pd.Series:
    """Chromosome of each example."""
    return obs["chrom"].astype(str).rename("group")
