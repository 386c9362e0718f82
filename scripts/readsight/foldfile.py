"""The folds of one repeat in one file: an HDF5 group `fold0`, `fold1`, … a fold, each an AnnData.

One role (train, validation, test, balanced) has one file, so that a rule that
is given the training file has nothing else in its hands. Read one by hand by
`anndata.io.read_elem(h5py.File(path)["fold0"])`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anndata
import h5py
import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Fold:
    """Examples of one role in one fold.

    values: (n, features) float32, scaled. labels: (n,) 0 or 1. weights: (n,).
    names: examples. groups: (n,). features: names. mark: hash of the split's certificate.
    """

    values: np.ndarray
    labels: np.ndarray
    weights: np.ndarray
    names: np.ndarray
    groups: np.ndarray
    features: list[str]
    mark: str

    def __len__(self) -> int:
        return len(self.labels)


def write(path: Path, folds: Iterator[anndata.AnnData]) -> None:
    """Write the folds of one role, in order."""
    with h5py.File(path, "w") as handle:
        for number, fold in enumerate(folds):
            anndata.io.write_elem(handle, f"fold{number}", fold)


def count(path: Path) -> int:
    """Number of folds in a file."""
    with h5py.File(path) as handle:
        return len(handle)


def read_data(path: Path, fold: int) -> anndata.AnnData:
    """One fold as AnnData; no other fold is read."""
    with h5py.File(path) as handle:
        return anndata.io.read_elem(handle[f"fold{fold}"])


def read(path: Path, fold: int) -> Fold:
    """One fold as arrays."""
    data = read_data(path, fold)
    weights = data.obs["weight"].to_numpy(float) if "weight" in data.obs else np.ones(data.n_obs)
    return Fold(
        values=np.asarray(data.X, np.float32),
        labels=data.obs["label"].to_numpy(int),
        weights=weights,
        names=data.obs_names.to_numpy(str),
        groups=data.obs["group"].astype(str).to_numpy(),
        features=list(data.var_names),
        mark=str(data.uns["split"]["certificate"]),
    )


def pack(values: np.ndarray, obs: pd.DataFrame, var: pd.DataFrame, about: dict[str, Any]) -> anndata.AnnData:
    """A fold as AnnData. about: certificate (hash), repeat, fold, role."""
    return anndata.AnnData(values, obs=obs.copy(), var=var.copy(), uns={"split": about})
