"""Balance the classes of the training folds; this step is given nothing else."""

import logging
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pandas as pd

from readsight import foldfile
from readsight.balances import BALANCES
from readsight.step import step

log = logging.getLogger("readsight")


def balanced(train: anndata.AnnData, spec: dict[str, Any], seed: int) -> anndata.AnnData:
    """A training fold with its classes balanced.

    Returns rows with obs: label, group, weight, parent (name of the training
    example, empty for a synthetic one), origin (`train` or `synthetic`).
    """
    labels = train.obs["label"].to_numpy(int)
    made = BALANCES[spec["method"]].balance(np.asarray(train.X), labels, spec, seed)
    real = made.parent >= 0
    parents = np.where(real, train.obs_names.to_numpy(str)[made.parent], "")
    groups = np.where(real, train.obs["group"].to_numpy(str)[made.parent], "")
    obs = pd.DataFrame(
        {
            "label": made.labels,
            "group": groups,
            "weight": made.weights,
            "parent": parents,
            "origin": np.where(real, "train", "synthetic"),
        },
        index=[f"{i}" for i in range(len(made.labels))],
    )
    about = {key: value for key, value in train.uns["split"].items()} | {"role": "balanced"}
    return foldfile.pack(made.values, obs, train.var, about)


def main(train: Path, spec: dict[str, Any], seed: int, out: Path) -> None:
    """Balance each fold's training part."""
    numbers = range(foldfile.count(train))
    foldfile.write(out, (balanced(foldfile.read_data(train, n), spec, seed) for n in numbers))
    for n in numbers:
        log.info("fold %d: %d → %d examples", n, len(foldfile.read(train, n)), len(foldfile.read(out, n)))


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(job.input.train, dict(job.params.spec), job.params.seed, job.output.balanced)
