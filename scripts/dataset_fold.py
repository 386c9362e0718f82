"""Cut the folds of one repeat, each fitted on what its own training part gives: scaling, harmonisation, selection.

Of sequences nothing is fitted: their codes are copied as they are.
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
from readsight.dataset.certificate import sha256, verify
from readsight.dataset.cross_validation import ROLES, column, inner, outer
from readsight.dataset.features import REPRESENTATIONS
from readsight.errors import InputError
from readsight.step import step


def fit(data: anndata.AnnData, roles: pd.Series, spec: dict[str, Any]) -> dict[str, Any]:
    """What is fitted in a fold: the representation is handed the training rows, and nothing else."""
    own = data[(roles == "train").to_numpy()].copy()
    return REPRESENTATIONS[str(data.uns["task"]["representation"])].fit(own, spec)


def cut(
    data: anndata.AnnData, roles: pd.Series, groups: pd.Series, fitted: dict[str, Any], about: dict[str, Any]
) -> anndata.AnnData:
    """One role of one fold, by what was fitted. about: certificate, repeat, fold, role."""
    here = (roles == about["role"]).to_numpy()
    values, var = REPRESENTATIONS[fitted["representation"]].apply(data[here], fitted)
    obs = examples_file.plain(data.obs[here]).assign(group=groups.to_numpy(str)[here], split=about["role"])
    return fold_file.pack(values, obs, var, about, examples_file.outcome(data))


def cut_sequences(data: anndata.AnnData, roles: pd.Series, groups: pd.Series, about: dict[str, Any]) -> anndata.AnnData:
    """One role of one fold of sequences, whose codes (and targets along them) are mapped; read are those of this role."""
    here = np.flatnonzero((roles == about["role"]).to_numpy())
    obs = examples_file.plain(data.obs.iloc[here]).assign(group=groups.to_numpy(str)[here], split=about["role"])
    codes = np.asarray(data.obsm["sequence"][here])
    target = np.asarray(data.obsm["target"][here]) if "target" in data.obsm else None
    outcome = examples_file.outcome(data)
    return fold_file.pack_sequences(codes, obs, about, outcome, examples_file.sequence(data), target)


def parts(table: pd.DataFrame, repeat: int) -> list[tuple[str, str, list[str]]]:
    """Folds and inner folds of a repeat: name in the fold files, column of the split, roles written."""
    found = []
    prefix = f"repeat{repeat}."
    for number in range(sum(name.startswith(prefix) for name in outer(table.columns))):
        fold = column(repeat, number)
        found.append((fold_file.name(number), fold, list(ROLES)))
        found += [(name.removeprefix(prefix), name, ["train", "validation"]) for name in inner(table.columns, fold)]
    return found


@contextmanager
def placed(where: str) -> Iterator[None]:
    """Say of a fault in which fold it is: another may have none."""
    try:
        yield
    except InputError as error:
        raise InputError([f"{where}: {fault}" for fault in error.faults]) from None


def main(
    examples: Path,
    split: Path,
    certificate: Path,
    repeat: int,
    spec: dict[str, Any],
    outputs: dict[str, Path],
    scaler: Path,
) -> None:
    """Write the folds of a repeat, a file a role, and what was fitted.

    spec: harmonise and select, for samples. outputs: role → file; a role that a fold has not (nested folds have no
    validation part of their own) is left out. Raises InputError for a certificate that is not about these examples
    and this split.
    """
    verify(certificate, examples, split)
    mark = sha256(certificate)
    data = examples_file.read(examples)
    sequences = examples_file.sequence(data) is not None
    table = pd.read_parquet(split).set_index("example").loc[data.obs_names]
    with ExitStack() as stack:
        files = {role: stack.enter_context(h5py.File(path, "w")) for role, path in outputs.items()}
        held = stack.enter_context(h5py.File(scaler, "w"))
        for name, source, roles in parts(table, repeat):
            with placed(f"repeat {repeat}, {name}"):
                fitted = None if sequences else fit(data, table[source], spec)
                anndata.io.write_elem(held, name, fitted or {})
                number = int(name.removeprefix("fold").partition(".")[0])
                for role in (r for r in roles if (table[source] == r).any()):
                    about = {"certificate": mark, "repeat": repeat, "fold": number, "role": role}
                    own = (
                        cut_sequences(data, table[source], table["group"], about)
                        if sequences
                        else cut(data, table[source], table["group"], fitted, about)
                    )
                    anndata.io.write_elem(files[role], name, own)


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
