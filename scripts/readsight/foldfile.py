"""The folds of one repeat in one file: an HDF5 group `fold0`, `fold1`, … a fold, each an AnnData.

One role (train, validation, test, balanced) has one file, so that a rule that
is given the training file has nothing else in its hands. Where cross-validation is
nested, a fold's training part is divided again: `fold0.inner0`, `fold0.inner1`, …
stand beside it, each with what it was fitted on; the fold itself then has no
validation part. Read one by hand by `anndata.io.read_elem(h5py.File(path)["fold0"])`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import anndata
import h5py
import numpy as np
import pandas as pd

from readsight.outcome import Outcome


@dataclass(frozen=True)
class Fold:
    """Examples of one role in one fold.

    values: (n, features) float32, scaled; a modality that an example lacks is 0 throughout. labels: the
    target, shaped as `outcome` says. weights: (n,). names: examples. groups: (n,). var: a row a feature
    (index: its name; modality, where there are any). mark: hash of the split's certificate. outcome: what is predicted.
    """

    values: np.ndarray
    labels: np.ndarray
    weights: np.ndarray
    names: np.ndarray
    groups: np.ndarray
    var: pd.DataFrame
    mark: str
    outcome: Outcome

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def features(self) -> list[str]:
        return [str(name) for name in self.var.index]

    @property
    def modalities(self) -> dict[str, np.ndarray]:
        """Modality → its columns of `values`; all of them as `features` where none are told apart."""
        if "modality" not in self.var:
            return {"features": np.arange(self.values.shape[1])}
        own = self.var["modality"].astype(str).to_numpy()
        return {name: np.flatnonzero(own == name) for name in dict.fromkeys(own)}

    def on(self, modality: str | None) -> "Fold":
        """The same examples by one modality's features alone; None: by all."""
        if modality is None:
            return self
        columns = self.modalities[modality]
        return replace(self, values=self.values[:, columns], var=self.var.iloc[columns])


def name(fold: int, inner: int | None = None) -> str:
    """Name of a fold, or of one of its inner folds, in a file."""
    return f"fold{fold}" if inner is None else f"fold{fold}.inner{inner}"


def write(path: Path, folds: Iterable[tuple[str, anndata.AnnData]]) -> None:
    """Write the folds of one role, by name."""
    with h5py.File(path, "w") as handle:
        for key, fold in folds:
            anndata.io.write_elem(handle, key, fold)


def names(path: Path) -> list[str]:
    """Names of all folds and inner folds in a file, each fold before its inner ones."""
    with h5py.File(path) as handle:
        return sorted(handle, key=_numbers)


def count(path: Path) -> int:
    """Number of folds in a file, inner ones not counted."""
    return len({_numbers(key)[0] for key in names(path)})


def inner(path: Path, fold: int) -> list[int]:
    """Numbers of a fold's inner folds; none where cross-validation is not nested."""
    return [own[1] for own in map(_numbers, names(path)) if own[0] == fold and own[1] >= 0]


def _numbers(key: str) -> tuple[int, int]:
    outer, _, own = key.removeprefix("fold").partition(".inner")
    return int(outer), int(own) if own else -1


def read_data(path: Path, fold: int | str, inner: int | None = None) -> anndata.AnnData:
    """One fold as AnnData, by number or by name; no other fold is read."""
    with h5py.File(path) as handle:
        return anndata.io.read_elem(handle[fold if isinstance(fold, str) else name(fold, inner)])


def read(path: Path, fold: int | str, inner: int | None = None) -> Fold:
    """One fold as arrays."""
    data = read_data(path, fold, inner)
    weights = data.obs["weight"].to_numpy(float) if "weight" in data.obs else np.ones(data.n_obs)
    outcome = Outcome.of(data.uns["outcome"])
    return Fold(
        values=np.asarray(data.X, np.float32),
        labels=outcome.target(data.obs),
        weights=weights,
        names=data.obs_names.to_numpy(str),
        groups=data.obs["group"].astype(str).to_numpy(),
        var=data.var,
        mark=str(data.uns["split"]["certificate"]),
        outcome=outcome,
    )


def pack(values: np.ndarray, obs: pd.DataFrame, var: pd.DataFrame, about: dict[str, Any], outcome: Outcome) -> anndata.AnnData:
    """A fold as AnnData. obs: the outcome's columns and group, at least. about: certificate (hash), repeat, fold, role."""
    return anndata.AnnData(values, obs=obs.copy(), var=var.copy(), uns={"split": about, "outcome": outcome.plain()})
