"""The examples of a task as one table, whether they are kept as AnnData or, of several modalities, as MuData."""

from pathlib import Path

import anndata
import numpy as np
import pandas as pd

from readsight.outcome import Outcome


def read(path: Path) -> anndata.AnnData:
    """Examples of a task: X (n, features), NaN where missing; obs with the outcome's columns; uns["task"], uns["outcome"].

    Of a MuData the modalities stand side by side: features are called `modality:feature`, var says `modality`
    beside what the modality says of them, and a sample that lacks a modality has NaN there.
    """
    if path.suffix == ".h5ad":
        return anndata.read_h5ad(path)
    import mudata

    data = mudata.read_h5mu(path)
    blocks, rows = [], []
    for name, own in data.mod.items():
        block = np.full((data.n_obs, own.n_vars), np.nan, np.float32)
        block[data.obs_names.get_indexer(own.obs_names)] = own.X
        blocks.append(block)
        rows.append(own.var.assign(modality=name, feature=own.var_names).set_axis([f"{name}:{f}" for f in own.var_names]))
    return anndata.AnnData(np.hstack(blocks), obs=data.obs.copy(), var=pd.concat(rows), uns=dict(data.uns))


def outcome(data: anndata.AnnData) -> Outcome:
    """What is predicted of these examples."""
    return Outcome.of(data.uns["outcome"])
