"""Balance the classes of the training folds. This step reads training folds only."""

import logging
from pathlib import Path
from typing import Any

import anndata
import h5py
import numpy as np
import pandas as pd

from readsight.dataset import examples, fold_file
from readsight.dataset.balancing import BALANCES
from readsight.dataset.balancing.balanced import BalancedFold
from readsight.dataset.outcome import Outcome
from readsight.errors import InputError
from readsight.step import step

log = logging.getLogger("readsight")


def balance_fold(train: anndata.AnnData, spec: dict[str, Any], seed: int) -> anndata.AnnData:
    """A training fold with balanced classes.

    Returns
    -------
    AnnData whose obs has the outcome's columns, group, weight, parent (name of the training example, empty for a
    synthetic one) and origin (`train`, `synthetic`, or `mutated` for a changed copy of its parent).

    Raises
    ------
    InputError if a balancing method is configured but the outcome has no classes.
    """
    outcome = Outcome.from_dict(train.uns["outcome"])
    if outcome.kind not in ("binary", "multiclass") and spec["method"] != "none":
        raise InputError(f"balance.method: the outcome has no classes to balance ({outcome.kind}); use none")
    spec = spec | {"classes": outcome.classes}
    sequence = examples.read_sequence_layout(train)
    if sequence is not None:
        return balance_sequences(train, spec | {"sequence": sequence}, seed, outcome)
    balanced = BALANCES[spec["method"]].balance(np.asarray(train.X), outcome.read_target(train.obs), spec, seed)
    return fold_file.pack_fold(
        balanced.values, describe_rows(train.obs, balanced, outcome), train.var, describe_split(train), outcome
    )


def balance_sequences(train: anndata.AnnData, spec: dict[str, Any], seed: int, outcome: Outcome) -> anndata.AnnData:
    """Balanced fold of sequences. Methods that select examples receive row numbers instead of bases."""
    codes = train.obsm["sequence"]
    target = train.obsm["target"] if outcome.is_positional else outcome.read_target(train.obs)
    if spec["method"] == "smote":
        raise InputError(
            "balance.method: smote interpolates numbers and cannot be used for sequences; use mutagenesis or oversample"
        )
    uses_indices = spec["method"] != "mutagenesis"
    values = np.arange(len(codes))[:, None] if uses_indices else np.asarray(codes)
    balanced = BALANCES[spec["method"]].balance(values, target, spec, seed)
    values = np.asarray(codes[balanced.parent]) if uses_indices else balanced.values
    positional_targets = np.asarray(balanced.labels) if outcome.is_positional else None
    return fold_file.pack_sequences(
        values, describe_rows(train.obs, balanced, outcome), describe_split(train), outcome, spec["sequence"], positional_targets
    )


def describe_rows(obs: pd.DataFrame, balanced: BalancedFold, outcome: Outcome) -> pd.DataFrame:
    """obs of a balanced fold, derived from the training fold's `obs`."""
    is_real = balanced.parent >= 0
    origin = np.where(is_real, "train", "synthetic")
    columns = {
        "group": np.where(is_real, obs["group"].to_numpy(str)[balanced.parent], ""),
        "weight": balanced.weights,
        "parent": np.where(is_real, obs.index.to_numpy(str)[balanced.parent], ""),
        "origin": origin if balanced.changed is None else np.where(balanced.changed, "mutated", origin),
    }
    labels = {} if outcome.is_positional else outcome.target_columns(balanced.labels)
    return pd.DataFrame(labels | columns, index=[f"{i}" for i in range(len(balanced.parent))])


def describe_split(train: anndata.AnnData) -> dict[str, Any]:
    """Split and fold that the rows belong to."""
    return dict(train.uns["split"].items()) | {"role": "balanced"}


def read_fold(train: Path, name: str) -> anndata.AnnData:
    """One fold as AnnData; sequences are memory-mapped."""
    with h5py.File(train) as handle:
        group = handle[name]
        return examples.read_sequences(group) if "sequence" in group["uns"] else anndata.io.read_elem(group)


def main(train: Path, spec: dict[str, Any], seed: int, out: Path) -> None:
    """Balance the training set of each fold and of its inner folds."""
    names = fold_file.fold_names(train)
    fold_file.write(out, ((name, balance_fold(read_fold(train, name), spec, seed)) for name in names))
    for name in names:
        log.info("%s: %d → %d examples", name, len(fold_file.read(train, name)), len(fold_file.read(out, name)))


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(job.input.train, dict(job.params.spec), job.params.seed, job.output.balanced)
