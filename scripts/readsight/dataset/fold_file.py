"""The folds of one repeat in one file: an HDF5 group `fold0`, `fold1`, … a fold, each an AnnData.

Of sequences X is empty, and `obsm["sequence"]` holds codes: they are mapped from the file, not read, so that
a training fold of any size takes the memory of a batch. So are targets along a sequence, `obsm["target"]`.

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

from readsight.dataset.outcome import Outcome


@dataclass(frozen=True)
class Sequence:
    """What sequences are. length: bases of a window. pair: codes are reference and alternative windows side by side,
    (n, 2 × length). stranded: whether the strand means something. bin: bases of a number of a profile.
    """

    length: int
    pair: bool = False
    stranded: bool = False
    bin: int = 1

    @classmethod
    def of(cls, content: Any) -> "Sequence":
        """From what `plain` gave, read back from a file."""
        return cls(int(content["length"]), bool(content["pair"]), bool(content["stranded"]), int(content["bin"]))

    def plain(self) -> dict[str, Any]:
        """As plain values, for JSON and HDF5."""
        return {"length": self.length, "pair": self.pair, "stranded": self.stranded, "bin": self.bin}


@dataclass(frozen=True)
class Encoding:
    """A representation of sequences as it was learned. name: word of the registry. about: JSON-able. arrays: by name."""

    name: str
    about: dict[str, Any]
    arrays: dict[str, np.ndarray]


@dataclass(frozen=True)
class Fold:
    """Examples of one role in one fold.

    values: (n, features) float32, scaled; a modality that an example lacks is 0 throughout; of sequences (n, length)
    uint8, codes. sequence: what kind of sequences they are, None where they are none. encoding: how they are represented,
    as it was learned from this fold's training part; None until it is given (`replace`). labels: the target, shaped as `outcome` says. weights: (n,). names: examples. groups: (n,). var: a row a feature
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
    sequence: Sequence | None = None
    encoding: Encoding | None = None

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
    """One fold as arrays; codes of sequences, and targets along them, are mapped from the file."""
    own = fold if isinstance(fold, str) else name(fold, inner)
    with h5py.File(path) as handle:
        part = handle[own]
        obs, var, uns = (anndata.io.read_elem(part[key]) for key in ("obs", "var", "uns"))
        outcome = Outcome.of(uns["outcome"])
        sequence = Sequence.of(uns["sequence"]) if "sequence" in uns else None
        values = np.asarray(anndata.io.read_elem(part["X"]), np.float32) if sequence is None else mapped(part["obsm/sequence"])
        labels = mapped(part["obsm/target"]) if outcome.along else outcome.target(obs)
    return Fold(
        values=values,
        labels=labels,
        weights=obs["weight"].to_numpy(float) if "weight" in obs else np.ones(len(obs)),
        names=obs.index.to_numpy(str),
        groups=obs["group"].astype(str).to_numpy(),
        var=var,
        mark=str(uns["split"]["certificate"]),
        outcome=outcome,
        sequence=sequence,
    )


def mapped(held: h5py.Dataset) -> np.ndarray:
    """A data set as an array that the system reads page by page, where it lies in one piece; else it is read."""
    offset = held.id.get_offset()
    if offset is None or not held.size:
        return held[...]
    return np.memmap(held.file.filename, held.dtype, "r", offset, held.shape)


def pack(values: np.ndarray, obs: pd.DataFrame, var: pd.DataFrame, about: dict[str, Any], outcome: Outcome) -> anndata.AnnData:
    """A fold as AnnData. obs: the outcome's columns and group, at least. about: certificate (hash), repeat, fold, role."""
    return anndata.AnnData(values, obs=obs.copy(), var=var.copy(), uns={"split": about, "outcome": outcome.plain()})


def pack_sequences(
    codes: np.ndarray,
    obs: pd.DataFrame,
    about: dict[str, Any],
    outcome: Outcome,
    sequence: Sequence,
    target: np.ndarray | None = None,
) -> anndata.AnnData:
    """A fold of sequences as AnnData. codes: (n, length) uint8. target: (n, …), where it is one along the sequence."""
    uns = {"split": about, "outcome": outcome.plain(), "sequence": sequence.plain()}
    obsm = {"sequence": codes} | ({} if target is None else {"target": target})
    return anndata.AnnData(obs=obs.copy(), obsm=obsm, uns=uns)
