"""The examples of a task as one table, whether they are kept as AnnData or, of several modalities, as MuData."""

from pathlib import Path

import anndata
import h5py
import numpy as np
import pandas as pd

from readsight.dataset.fold_file import Sequence, mapped
from readsight.dataset.outcome import Outcome


def read(path: Path) -> anndata.AnnData:
    """Examples of a task: X (n, features), NaN where missing; obs with the outcome's columns; uns["task"], uns["outcome"].

    Of a MuData the modalities stand side by side: features are called `modality:feature`, var says `modality`
    beside what the modality says of them, and a sample that lacks a modality has NaN there. Of sequences there is no X,
    and obsm is mapped, not read.
    """
    path = Path(path)
    if path.suffix == ".h5ad":
        with h5py.File(path) as handle:
            return sequences(handle) if "sequence" in handle["uns"] else anndata.read_h5ad(path)
    import mudata

    mudata.set_options(pull_on_update=False)  # columns stand where dataset_assemble_samples put them
    data = mudata.read_h5mu(path)
    values = np.full((data.n_obs, sum(own.n_vars for own in data.mod.values())), np.nan, np.float32)
    rows, start = [], 0
    for name, own in data.mod.items():
        values[data.obs_names.get_indexer(own.obs_names), start : start + own.n_vars] = own.X
        start += own.n_vars
        rows.append(own.var.assign(modality=name, feature=own.var_names).set_axis([f"{name}:{f}" for f in own.var_names]))
    return anndata.AnnData(values, obs=plain(data.obs), var=plain(pd.concat(rows)), uns=dict(data.uns))


def sequences(held: h5py.Group) -> anndata.AnnData:
    """An AnnData of sequences, or a fold of one, as it lies in a file: obs and uns are read, obsm is mapped."""
    obs, uns = (anndata.io.read_elem(held[key]) for key in ("obs", "uns"))
    return anndata.AnnData(obs=obs, uns=uns, obsm={name: mapped(own) for name, own in held["obsm"].items()})


def sequence(data: anndata.AnnData) -> Sequence | None:
    """What sequences these examples are; None where they are none."""
    return Sequence.of(data.uns["sequence"]) if "sequence" in data.uns else None


def plain(table: pd.DataFrame) -> pd.DataFrame:
    """The table with text as plain text: no categories, which would name rows that are cut away; empty where none is given."""
    made = {
        name: own if pd.api.types.is_numeric_dtype(own) else own.astype(object).where(own.notna(), "").astype(str)
        for name, own in table.items()
    }
    return pd.DataFrame(made, index=table.index.astype(str))


def outcome(data: anndata.AnnData) -> Outcome:
    """What is predicted of these examples."""
    return Outcome.of(data.uns["outcome"])
