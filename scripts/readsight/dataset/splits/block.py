"""Groups that are genome blocks; blocks with neighbours across their border are joined."""

from typing import Any

import numpy as np
import pandas as pd


def assign_groups(obs: pd.DataFrame, spec: dict[str, Any]) -> pd.Series:
    """Block of each example, named after its first block: `chr1:5000`.

    obs: chrom, start, end (0-based half-open). spec: block (bases), gap (bases): blocks are joined if the last example of
    one and the first of a later one are closer than `gap`, and so on through the chromosome.
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
