"""Groups that are genome blocks; neighbours across a border join their blocks."""

from typing import Any

import numpy as np
import pandas as pd


def assign_groups(obs: pd.DataFrame, spec: dict[str, Any]) -> pd.Series:
    """Block of each example, named by its first block: `chr1:5000`.

    obs: chrom, start, end (0-based half-open). spec: block (bases), gap (bases):
    where the last example of a block and the first of a later one lie nearer than
    `gap`, the blocks are one group, and so on along the chromosome.
    """
    order = obs.sort_values(["chrom", "start", "end"], kind="stable")
    block = order["start"] // spec["block"]
    block_names = order["chrom"].astype(str) + ":" + (block * spec["block"]).astype(str)
    reach = order.groupby("chrom", observed=True)["end"].cummax().shift()
    is_same_chromosome = order["chrom"].to_numpy() == order["chrom"].shift().to_numpy()
    is_near = order["start"].to_numpy() - reach.fillna(-np.inf).to_numpy() < spec["gap"]
    is_joined = is_same_chromosome & (is_near | (block_names.to_numpy() == block_names.shift().to_numpy()))
    first = block_names.where(~is_joined).ffill()
    return first.reindex(obs.index).rename("group")
