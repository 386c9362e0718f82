"""The folds of one repeat in one HDF5 file: one group per fold (`fold0`, `fold1`, …), each an AnnData.

For sequences X is empty and `obsm["sequence"]` holds codes. They are memory-mapped, so a training fold of any size
needs the memory of a batch. So are positional targets, `obsm["target"]`.

Each role (train, validation, test, balanced) has its file, so a rule that receives the training file can read nothing
else. With nested cross-validation the training set of a fold is divided again: `fold0.inner0`, `fold0.inner1`, …, each
fitted separately; the fold then has no validation set. To read one by hand:
`anndata.io.read_elem(h5py.File(path)["fold0"])`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import anndata
import h5py
import numpy as np
import pandas as pd

from readsight.dataset.outcome import Outcome


@dataclass(frozen=True)
class SequenceLayout:
    """Layout of sequences.

    length: bases of a window. pair: codes are concatenated reference and alternative windows, (n, 2 × length).
    stranded: whether the strand is meaningful. bin: bases per value of a profile.
    """

    length: int
    pair: bool = False
    stranded: bool = False
    bin: int = 1

    @classmethod
    def from_dict(cls, content: Any) -> "SequenceLayout":
        """Inverse of `to_dict`, from values read from a file."""
        return cls(int(content["length"]), bool(content["pair"]), bool(content["stranded"]), int(content["bin"]))

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON and HDF5."""
        return {"length": self.length, "pair": self.pair, "stranded": self.stranded, "bin": self.bin}


@dataclass(frozen=True)
class Encoding:
    """A fitted encoding of sequences. name: in the registry. description: JSON-serialisable. arrays: by name."""

    name: str
    description: dict[str, Any]
    arrays: dict[str, np.ndarray]


@dataclass(frozen=True)
class Fold:
    """Examples of one role in one fold.

    values: (n, features) float32, scaled; 0 for a modality that an example lacks; for sequences (n, length) uint8 codes.
    labels: the target, shaped as `outcome` requires. weights: (n,). names: of the examples. groups: (n,). var: one row per
    feature (index: name; modality, if there are several). digest: of the split's certificate. outcome: to predict.
    sequence: layout of sequences, None for other examples. encoding: of sequences, fitted on this fold's training set;
    None until it is set (`replace`).
    """

    values: np.ndarray
    labels: np.ndarray
    weights: np.ndarray
    names: np.ndarray
    groups: np.ndarray
    var: pd.DataFrame
    digest: str
    outcome: Outcome
    sequence: SequenceLayout | None = None
    encoding: Encoding | None = None

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def features(self) -> list[str]:
        return [str(name) for name in self.var.index]

    @property
    def modalities(self) -> dict[str, np.ndarray]:
        """Modality → its columns of `values`; a single entry `features` if there are no modalities."""
        if "modality" not in self.var:
            return {"features": np.arange(self.values.shape[1])}
        modality_of = self.var["modality"].astype(str).to_numpy()
        return {name: np.flatnonzero(modality_of == name) for name in dict.fromkeys(modality_of)}

    def select_modality(self, modality: str | None) -> "Fold":
        """The same examples with the features of one modality; None: all features."""
        if modality is None:
            return self
        columns = self.modalities[modality]
        return replace(self, values=self.values[:, columns], var=self.var.iloc[columns])


def fold_name(fold: int, inner: int | None = None) -> str:
    """Name of a fold, or of one of its inner folds, in a file."""
    return f"fold{fold}" if inner is None else f"fold{fold}.inner{inner}"


def write(path: Path, folds: Iterable[tuple[str, anndata.AnnData]]) -> None:
    """Write the folds of one role, by name."""
    with h5py.File(path, "w") as handle:
        for key, fold in folds:
            anndata.io.write_elem(handle, key, fold)


def fold_names(path: Path) -> list[str]:
    """Names of all folds and inner folds in a file, each fold before its inner folds."""
    with h5py.File(path) as handle:
        return sorted(handle, key=_parse_name)


def count_folds(path: Path) -> int:
    """Number of folds in a file, without inner folds."""
    return len({_parse_name(key)[0] for key in fold_names(path)})


def inner_numbers(path: Path, fold: int) -> list[int]:
    """Numbers of a fold's inner folds; empty without nested cross-validation."""
    return [numbers[1] for numbers in map(_parse_name, fold_names(path)) if numbers[0] == fold and numbers[1] >= 0]


def _parse_name(key: str) -> tuple[int, int]:
    outer, _, inner = key.removeprefix("fold").partition(".inner")
    return int(outer), int(inner) if inner else -1


def read_anndata(path: Path, fold: int | str, inner: int | None = None) -> anndata.AnnData:
    """One fold as AnnData, by number or name; no second fold is read."""
    with h5py.File(path) as handle:
        return anndata.io.read_elem(handle[fold if isinstance(fold, str) else fold_name(fold, inner)])


def read(path: Path, fold: int | str, inner: int | None = None) -> Fold:
    """One fold as arrays; sequence codes and positional targets are memory-mapped."""
    group_name = fold if isinstance(fold, str) else fold_name(fold, inner)
    with h5py.File(path) as handle:
        group = handle[group_name]
        obs, var, uns = (anndata.io.read_elem(group[key]) for key in ("obs", "var", "uns"))
        outcome = Outcome.from_dict(uns["outcome"])
        sequence = SequenceLayout.from_dict(uns["sequence"]) if "sequence" in uns else None
        values = (
            np.asarray(anndata.io.read_elem(group["X"]), np.float32) if sequence is None else map_dataset(group["obsm/sequence"])
        )
        labels = map_dataset(group["obsm/target"]) if outcome.is_positional else outcome.read_target(obs)
    return Fold(
        values=values,
        labels=labels,
        weights=obs["weight"].to_numpy(float) if "weight" in obs else np.ones(len(obs)),
        names=obs.index.to_numpy(str),
        groups=obs["group"].astype(str).to_numpy(),
        var=var,
        digest=str(uns["split"]["certificate"]),
        outcome=outcome,
        sequence=sequence,
    )


def map_dataset(dataset: h5py.Dataset) -> np.ndarray:
    """A data set as memory-mapped array if it is contiguous; else it is read."""
    offset = dataset.id.get_offset()
    if offset is None or not dataset.size:
        return dataset[...]
    return np.memmap(dataset.file.filename, dataset.dtype, "r", offset, dataset.shape)


def pack_fold(
    values: np.ndarray, obs: pd.DataFrame, var: pd.DataFrame, split_description: dict[str, Any], outcome: Outcome
) -> anndata.AnnData:
    """A fold as AnnData. obs: at least the outcome's columns and group. split_description: certificate (digest), repeat, fold, role."""
    return anndata.AnnData(values, obs=obs.copy(), var=var.copy(), uns={"split": split_description, "outcome": outcome.to_dict()})


def pack_sequences(
    codes: np.ndarray,
    obs: pd.DataFrame,
    split_description: dict[str, Any],
    outcome: Outcome,
    sequence: SequenceLayout,
    target: np.ndarray | None = None,
) -> anndata.AnnData:
    """A fold of sequences as AnnData. codes: (n, length) uint8. target: (n, …), for positional outcomes."""
    uns = {"split": split_description, "outcome": outcome.to_dict(), "sequence": sequence.to_dict()}
    obsm = {"sequence": codes} | ({} if target is None else {"target": target})
    return anndata.AnnData(obs=obs.copy(), obsm=obsm, uns=uns)
