"""The examples of a task as one table, stored as AnnData or, with several modalities, as MuData."""

from pathlib import Path

import anndata
import h5py
import numpy as np
import pandas as pd

from readsight.dataset.fold_file import SequenceLayout, map_dataset
from readsight.dataset.outcome import Outcome


def read(path: Path) -> anndata.AnnData:
    """Examples of a task: X (n, features), NaN if missing; obs with the outcome's columns; uns["task"], uns["outcome"].

    The modalities of a MuData are concatenated: features are named `modality:feature`, var has `modality` and the columns
    of each modality, and a sample without a modality has NaN there. Sequences have no X, and obsm is memory-mapped.
    """
    path = Path(path)
    if path.suffix == ".h5ad":
        with h5py.File(path) as handle:
            return read_sequences(handle) if "sequence" in handle["uns"] else anndata.read_h5ad(path)
    import mudata

    mudata.set_options(pull_on_update=False)  # columns stay where dataset_assemble_samples put them
    data = mudata.read_h5mu(path)
    values = np.full((data.n_obs, sum(subset.n_vars for subset in data.mod.values())), np.nan, np.float32)
    feature_tables, offset = [], 0
    for name, subset in data.mod.items():
        values[data.obs_names.get_indexer(subset.obs_names), offset : offset + subset.n_vars] = subset.X
        offset += subset.n_vars
        feature_tables.append(
            subset.var.assign(modality=name, feature=subset.var_names).set_axis(
                [f"{name}:{feature}" for feature in subset.var_names]
            )
        )
    return anndata.AnnData(
        values, obs=plain_text_columns(data.obs), var=plain_text_columns(pd.concat(feature_tables)), uns=dict(data.uns)
    )


def read_sequences(group: h5py.Group) -> anndata.AnnData:
    """AnnData of sequences, or of one fold, from a file: obs and uns are read, obsm is memory-mapped."""
    obs, uns = (anndata.io.read_elem(group[key]) for key in ("obs", "uns"))
    return anndata.AnnData(obs=obs, uns=uns, obsm={name: map_dataset(dataset) for name, dataset in group["obsm"].items()})


def read_sequence_layout(data: anndata.AnnData) -> SequenceLayout | None:
    """Layout of the sequences; None if the examples are not sequences."""
    return SequenceLayout.from_dict(data.uns["sequence"]) if "sequence" in data.uns else None


def plain_text_columns(table: pd.DataFrame) -> pd.DataFrame:
    """The table with all text as plain strings: no categories, which would keep removed values; missing text is empty."""
    columns = {
        name: column if pd.api.types.is_numeric_dtype(column) else column.astype(object).where(column.notna(), "").astype(str)
        for name, column in table.items()
    }
    return pd.DataFrame(columns, index=table.index.astype(str))


def read_outcome(data: anndata.AnnData) -> Outcome:
    """The outcome to predict."""
    return Outcome.from_dict(data.uns["outcome"])
