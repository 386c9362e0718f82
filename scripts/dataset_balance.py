"""Balance the classes of the training folds; this step is given nothing else."""

import logging
from pathlib import Path
from typing import Any

import anndata
import h5py
import numpy as np
import pandas as pd

from readsight.dataset import examples, fold_file
from readsight.dataset.balancing import BALANCES
from readsight.dataset.balancing.balanced import Balanced
from readsight.dataset.outcome import Outcome
from readsight.errors import InputError
from readsight.step import step

log = logging.getLogger("readsight")


def balanced(train: anndata.AnnData, spec: dict[str, Any], seed: int) -> anndata.AnnData:
    """A training fold with its classes balanced.

    Returns rows with obs: the outcome's columns, group, weight, parent (name of the training
    example, empty for a synthetic one), origin (`train`, `synthetic`, or `mutated`: a changed copy of its parent).
    Raises InputError where there are no classes to balance and a method is asked for.
    """
    outcome = Outcome.of(train.uns["outcome"])
    if outcome.kind not in ("binary", "multiclass") and spec["method"] != "none":
        raise InputError(f"balance.method: there are no classes to balance ({outcome.kind}); use none")
    spec = spec | {"classes": outcome.classes}
    sequence = examples.sequence(train)
    if sequence is not None:
        return balanced_sequences(train, spec | {"sequence": sequence}, seed, outcome)
    made = BALANCES[spec["method"]].balance(np.asarray(train.X), outcome.target(train.obs), spec, seed)
    return fold_file.pack(made.values, rows(train.obs, made, outcome), train.var, split_of(train), outcome)


def balanced_sequences(train: anndata.AnnData, spec: dict[str, Any], seed: int, outcome: Outcome) -> anndata.AnnData:
    """As `balanced`, of sequences: methods that choose among examples are given their numbers, not their bases."""
    codes = train.obsm["sequence"]
    target = train.obsm["target"] if outcome.along else outcome.target(train.obs)
    if spec["method"] == "smote":
        raise InputError("balance.method: smote draws between numbers, and sequences are none; use mutagenesis or oversample")
    chosen = spec["method"] != "mutagenesis"
    values = np.arange(len(codes))[:, None] if chosen else np.asarray(codes)
    made = BALANCES[spec["method"]].balance(values, target, spec, seed)
    values = np.asarray(codes[made.parent]) if chosen else made.values
    along = np.asarray(made.labels) if outcome.along else None
    return fold_file.pack_sequences(values, rows(train.obs, made, outcome), split_of(train), outcome, spec["sequence"], along)


def rows(obs: pd.DataFrame, made: Balanced, outcome: Outcome) -> pd.DataFrame:
    """What there is to say of each row of a balanced fold, made of a training fold's `obs`."""
    real = made.parent >= 0
    origin = np.where(real, "train", "synthetic")
    about = {
        "group": np.where(real, obs["group"].to_numpy(str)[made.parent], ""),
        "weight": made.weights,
        "parent": np.where(real, obs.index.to_numpy(str)[made.parent], ""),
        "origin": origin if made.changed is None else np.where(made.changed, "mutated", origin),
    }
    labels = {} if outcome.along else outcome.targets(made.labels)
    return pd.DataFrame(labels | about, index=[f"{i}" for i in range(len(made.parent))])


def split_of(train: anndata.AnnData) -> dict[str, Any]:
    """Of which split and fold the rows are."""
    return dict(train.uns["split"].items()) | {"role": "balanced"}


def read(train: Path, name: str) -> anndata.AnnData:
    """One fold as AnnData; sequences are mapped, not read."""
    with h5py.File(train) as handle:
        part = handle[name]
        return examples.sequences(part) if "sequence" in part["uns"] else anndata.io.read_elem(part)


def main(train: Path, spec: dict[str, Any], seed: int, out: Path) -> None:
    """Balance each fold's training part, and those of its inner folds."""
    names = fold_file.names(train)
    fold_file.write(out, ((name, balanced(read(train, name), spec, seed)) for name in names))
    for name in names:
        log.info("%s: %d → %d examples", name, len(fold_file.read(train, name)), len(fold_file.read(out, name)))


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(job.input.train, dict(job.params.spec), job.params.seed, job.output.balanced)
