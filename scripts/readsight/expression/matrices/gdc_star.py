"""Read gene counts of STAR as the GDC gives them, a file a sample, into samples × genes."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from readsight.errors import InputError
from readsight.expression.matrices import header
from readsight.expression.matrices.matrix import Matrix

COUNTS, TPM = "unstranded", "tpm_unstranded"


def read(paths: Sequence[str], named: Mapping[str, str]) -> Matrix:
    """Counts and TPM of all files. Raises InputError where files have other genes, or two are of one sample."""
    first = _one(paths[0])
    shape = (len(paths), len(first))
    values, tpm = np.empty(shape, np.float32), np.empty(shape, np.float32)
    samples: dict[str, str] = {}
    whole = TPM in first
    for i, path in enumerate(paths):
        own = first if i == 0 else _one(path)
        if not own.index.equals(first.index):
            raise InputError(f"{path}: has other genes than {paths[0]}; files of one table are of one GDC release")
        sample = header.sample_of(path, named)
        if sample in samples:
            raise InputError(f"{path}: is of sample {sample!r}, as {samples[sample]} is; keep one of them")
        samples[sample] = path
        values = values.astype(np.float64) if own[COUNTS].max() >= 2**24 else values
        values[i] = own[COUNTS]
        whole = whole and TPM in own
        if whole:
            tpm[i] = own[TPM]
    var = pd.DataFrame(
        {"symbol": first["gene_name"].to_numpy(), "biotype": first["gene_type"].to_numpy()}, index=list(first.index)
    )
    known = sum(Path(p).name in named or Path(p).name.removesuffix(".gz") in named for p in paths)
    note = f"samples of {known} of {len(paths)} files are told by the GDC's sample sheet, of the others by the files' names"
    obs = pd.DataFrame(index=list(samples))
    return Matrix(paths[0], values, obs, var, tpm if whole else None, "counts", [note])


def _one(path: str) -> pd.DataFrame:
    """A file's genes; what was not counted (N_unmapped, …) is left out."""
    try:
        table = pd.read_csv(
            path, sep="\t", comment="#", dtype={"gene_id": str, "gene_name": str, "gene_type": str}, keep_default_na=False
        )
        table = table[~table["gene_id"].str.startswith("N_")]
        numbers = [c for c in (COUNTS, TPM) if c in table]
        return table.astype({c: np.float64 for c in numbers}).set_index("gene_id")
    except (ValueError, KeyError) as error:
        raise InputError(f"{path}: is not a whole table of STAR counts ({error}); get the file again from the GDC") from None
