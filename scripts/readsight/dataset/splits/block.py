"""Groups that are genome blocks; neighbours across a border join their blocks."""

from typing import Any

import numpy as np
import pandas as pd


def groups(obs: pd.DataFrame, spec: dict[str, Any]) -> pd.Series:
    """Block of each example, named by its first block: `chr1:5000`.

    obs: chrom, start, end (0-based half-open). spec: block (bases), gap (bases):
    where the last example of a block and the first of a later one lie nearer than
    `gap`, the blocks are one group, and so on along the chromosome.
    """
    order = obs.sort_values(["chrom", "start", "end"], kind="stable")
    block = order["start"] // spec["block"]
    named = order["chrom"].astype(str) + ":" + (block * spec["block"]).astype(str)
    reach = order.groupby("chrom", observed=True)["end"].cummax().shift()
    same = order["chrom"].to_numpy() == order["chrom"].shift().to_numpy()
    near = order["start"].to_numpy() - reach.fillna(-np.inf).to_numpy() < spec["gap"]
    joined = same & (near | (named.to_numpy() == named.shift().to_numpy()))
    first = named.where(~joined).ffill()
    return first.reindex(obs.index).rename("group")
