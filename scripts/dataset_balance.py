"""Balance the classes of the training folds; this step is given nothing else."""

import logging
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pandas as pd

from readsight import foldfile
from readsight.balances import BALANCES
from readsight.errors import InputError
from readsight.outcome import Outcome
from readsight.step import step

log = logging.getLogger("readsight")


def balanced(train: anndata.AnnData, spec: dict[str, Any], seed: int) -> anndata.AnnData:
    """A training fold with its classes balanced.

    Returns rows with obs: the outcome's columns, group, weight, parent (name of the training
    example, empty for a synthetic one), origin (`train` or `synthetic`).
    Raises InputError where there are no classes to balance and a method is asked for.
    """
    outcome = Outcome.of(train.uns["outcome"])
    if outcome.kind in ("multilabel", "survival") and spec["method"] != "none":
        raise InputError(f"balance.method: there are no classes to balance ({outcome.kind}); use none")
    spec = spec | {"classes": outcome.classes}
    made = BALANCES[spec["method"]].balance(np.asarray(train.X), outcome.target(train.obs), spec, seed)
    real = made.parent >= 0
    about = {
        "group": np.where(real, train.obs["group"].to_numpy(str)[made.parent], ""),
        "weight": made.weights,
        "parent": np.where(real, train.obs_names.to_numpy(str)[made.parent], ""),
        "origin": np.where(real, "train", "synthetic"),
    }
    obs = pd.DataFrame(outcome.targets(made.labels) | about, index=[f"{i}" for i in range(len(made.labels))])
    split = {key: value for key, value in train.uns["split"].items()} | {"role": "balanced"}
    return foldfile.pack(made.values, obs, train.var, split, outcome)


def main(train: Path, spec: dict[str, Any], seed: int, out: Path) -> None:
    """Balance each fold's training part, and those of its inner folds."""
    names = foldfile.names(train)
    foldfile.write(out, ((name, balanced(foldfile.read_data(train, name), spec, seed)) for name in names))
    for name in names:
        log.info("%s: %d → %d examples", name, len(foldfile.read(train, name)), len(foldfile.read(out, name)))


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(job.input.train, dict(job.params.spec), job.params.seed, job.output.balanced)
