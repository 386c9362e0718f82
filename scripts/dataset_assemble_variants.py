"""Assemble the examples of a variant task: labels, coordinates and features, in one AnnData file."""

import json
import logging
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pandas as pd

from readsight.dataset.certificate import sha256
from readsight.dataset.features import REPRESENTATIONS
from readsight.dataset.outcome import Outcome
from readsight.dataset.sources import SOURCES
from readsight.step import step

log = logging.getLogger("readsight")


def assemble_examples(obs: pd.DataFrame, table: pd.DataFrame, var: pd.DataFrame, task: dict[str, Any]) -> anndata.AnnData:
    """AnnData with one row per example: features in X (float64, NaN if missing); task, file hashes and outcome in uns."""
    obs, outcome = obs.copy(), Outcome("binary", tuple(task["classes"]))
    for name in obs.columns[[not pd.api.types.is_numeric_dtype(obs[c]) for c in obs]]:
        obs[name] = obs[name].astype(str)
    return anndata.AnnData(table.to_numpy(np.float64), obs=obs, var=var, uns={"task": task, "outcome": outcome.to_dict()})


def main(labels: Path, fasta: Path, spec: dict[str, Any], examples: Path) -> None:
    """Read the calls, compute their features and write the examples.

    spec: name, source, representation, label, caller. Raises InputError for zero examples or a single class.
    """
    source = SOURCES[spec["source"]]
    obs, annotations = source.read(labels)
    table, var = REPRESENTATIONS[spec["representation"]].compute_features(obs, annotations, fasta)
    made_from = {labels.name: sha256(labels), fasta.name: sha256(fasta)}
    task = spec | {"spec": json.dumps(spec, sort_keys=True), "made_from": made_from, "classes": source.CLASSES}
    assemble_examples(obs, table, var, task).write_h5ad(examples)
    log.info("%d examples (%s) with %d features", len(obs), obs["label"].value_counts().to_dict(), table.shape[1])


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(job.input.labels, job.input.fasta, dict(job.params.spec), job.output.examples)
