"""Cut the folds of one repeat, each scaled by what its own training part gives."""

import json
from collections.abc import Iterator
from pathlib import Path

import anndata
import numpy as np
import pandas as pd

from readsight import foldfile
from readsight.certificate import sha256, verify
from readsight.folds import ROLES, column
from readsight.representations import REPRESENTATIONS
from readsight.step import step


def fit(data: anndata.AnnData, roles: pd.Series) -> dict:
    """What is fitted in a fold, on its training part alone."""
    here = (roles == "train").to_numpy()
    representation = REPRESENTATIONS[str(data.uns["task"]["representation"])]
    return representation.fit(np.asarray(data.X[here]), list(data.var_names))


def cut(
    data: anndata.AnnData, table: pd.DataFrame, repeat: int, fold: int, role: str, scaler: dict, mark: str
) -> anndata.AnnData:
    """One role of one fold, scaled."""
    here = (table[column(repeat, fold)] == role).to_numpy()
    representation = REPRESENTATIONS[scaler["representation"]]
    obs = data.obs[here].assign(group=table["group"].to_numpy(str)[here], split=role)
    about = {"certificate": mark, "repeat": repeat, "fold": fold, "role": role}
    return foldfile.pack(representation.apply(np.asarray(data.X[here]), scaler), obs, data.var, about)


def main(examples: Path, split: Path, certificate: Path, repeat: int, outputs: dict[str, Path], scaler: Path) -> None:
    """Write the folds of a repeat, a file a role, and what was fitted.

    outputs: role → file. Raises InputError for a certificate that is not about these examples and this split.
    """
    verify(certificate, examples, split)
    mark = sha256(certificate)
    data = anndata.read_h5ad(examples)
    table = pd.read_parquet(split).set_index("example").loc[data.obs_names]
    numbers = [n for n in range(table.shape[1]) if column(repeat, n) in table]
    fitted = [fit(data, table[column(repeat, n)]) for n in numbers]

    def folds(role: str) -> Iterator[anndata.AnnData]:
        for number, scaling in zip(numbers, fitted, strict=True):
            yield cut(data, table, repeat, number, role, scaling, mark)

    for role in ROLES:
        foldfile.write(outputs[role], folds(role))
    scaler.write_text(json.dumps({f"fold{n}": f for n, f in zip(numbers, fitted, strict=True)}, indent=1) + "\n")


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(
            job.input.examples,
            job.input.split,
            job.input.certificate,
            int(job.wildcards.repeat),
            {role: getattr(job.output, role) for role in ROLES},
            job.output.scaler,
        )
