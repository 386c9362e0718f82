"""Write the folds of one repeat. Harmonisation, selection and scaling are fitted on the training set of each fold.

Nothing is fitted for sequences: their codes are copied unchanged.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import anndata
import h5py
import numpy as np
import pandas as pd

from readsight.dataset import examples as examples_file
from readsight.dataset import fold_file
from readsight.dataset.certificate import sha256, verify_split
from readsight.dataset.cross_validation import ROLES, fold_column, inner_columns, outer_columns
from readsight.dataset.features import REPRESENTATIONS
from readsight.errors import InputError
from readsight.step import step


def fit(data: anndata.AnnData, roles: pd.Series, spec: dict[str, Any]) -> dict[str, Any]:
    """Fit the representation of a fold on its training rows only."""
    training = data[(roles == "train").to_numpy()].copy()
    return REPRESENTATIONS[str(data.uns["task"]["representation"])].fit(training, spec)


def cut_samples(
    data: anndata.AnnData, roles: pd.Series, groups: pd.Series, fitted: dict[str, Any], split_description: dict[str, Any]
) -> anndata.AnnData:
    """One role of one fold, transformed with the fitted representation. split_description: certificate, repeat, fold, role."""
    is_in_role = (roles == split_description["role"]).to_numpy()
    values, var = REPRESENTATIONS[fitted["representation"]].apply(data[is_in_role], fitted)
    obs = examples_file.plain_text_columns(data.obs[is_in_role]).assign(
        group=groups.to_numpy(str)[is_in_role], split=split_description["role"]
    )
    return fold_file.pack_fold(values, obs, var, split_description, examples_file.read_outcome(data))


def cut_sequences(
    data: anndata.AnnData, roles: pd.Series, groups: pd.Series, split_description: dict[str, Any]
) -> anndata.AnnData:
    """One role of one fold of sequences. Codes and positional targets are memory-mapped; only rows of this role are read."""
    rows = np.flatnonzero((roles == split_description["role"]).to_numpy())
    obs = examples_file.plain_text_columns(data.obs.iloc[rows]).assign(
        group=groups.to_numpy(str)[rows], split=split_description["role"]
    )
    codes = np.asarray(data.obsm["sequence"][rows])
    target = np.asarray(data.obsm["target"][rows]) if "target" in data.obsm else None
    outcome = examples_file.read_outcome(data)
    return fold_file.pack_sequences(codes, obs, split_description, outcome, examples_file.read_sequence_layout(data), target)


def list_folds(table: pd.DataFrame, repeat: int) -> list[tuple[str, str, list[str]]]:
    """Folds and inner folds of a repeat: name in the fold files, column of the split table, roles to write."""
    folds = []
    prefix = f"repeat{repeat}."
    for number in range(sum(name.startswith(prefix) for name in outer_columns(table.columns))):
        fold = fold_column(repeat, number)
        folds.append((fold_file.fold_name(number), fold, list(ROLES)))
        folds += [(name.removeprefix(prefix), name, ["train", "validation"]) for name in inner_columns(table.columns, fold)]
    return folds


@contextmanager
def name_fold_in_errors(fold_name: str) -> Iterator[None]:
    """Prefix the faults of an InputError with the fold: other folds may be fine."""
    try:
        yield
    except InputError as error:
        raise InputError([f"{fold_name}: {fault}" for fault in error.faults]) from None


def main(
    examples: Path,
    split: Path,
    certificate: Path,
    repeat: int,
    spec: dict[str, Any],
    outputs: dict[str, Path],
    scaler: Path,
) -> None:
    """Write the folds of a repeat, one file per role, and the fitted parameters.

    Parameters
    ----------
    spec : harmonise and select, for samples.
    outputs : role → file. A role that a fold lacks is skipped (nested folds have no validation set).

    Raises
    ------
    InputError if the certificate does not cover these examples and this split.
    """
    verify_split(certificate, examples, split)
    digest = sha256(certificate)
    data = examples_file.read(examples)
    sequences = examples_file.read_sequence_layout(data) is not None
    table = pd.read_parquet(split).set_index("example").loc[data.obs_names]
    with ExitStack() as stack:
        files = {role: stack.enter_context(h5py.File(path, "w")) for role, path in outputs.items()}
        scaler_file = stack.enter_context(h5py.File(scaler, "w"))
        for name, source, roles in list_folds(table, repeat):
            with name_fold_in_errors(f"repeat {repeat}, {name}"):
                fitted = None if sequences else fit(data, table[source], spec)
                anndata.io.write_elem(scaler_file, name, fitted or {})
                number = int(name.removeprefix("fold").partition(".")[0])
                for role in (r for r in roles if (table[source] == r).any()):
                    split_description = {"certificate": digest, "repeat": repeat, "fold": number, "role": role}
                    fold_data = (
                        cut_sequences(data, table[source], table["group"], split_description)
                        if sequences
                        else cut_samples(data, table[source], table["group"], fitted, split_description)
                    )
                    anndata.io.write_elem(files[role], name, fold_data)


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(
            job.input.examples,
            job.input.split,
            job.input.certificate,
            int(job.wildcards.repeat),
            dict(job.params.spec),
            {role: getattr(job.output, role) for role in ROLES},
            job.output.scaler,
        )
