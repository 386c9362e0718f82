"""Reader of STAR gene counts from the GDC (one file per sample) into samples × genes."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from readsight.errors import InputError
from readsight.expression.matrices import header
from readsight.expression.matrices.matrix import Matrix

COUNTS, TPM = "unstranded", "tpm_unstranded"


def read_star_counts(paths: Sequence[str], file_samples: Mapping[str, str]) -> Matrix:
    """Read counts and TPM of all files. Raises InputError if genes differ between files or a sample occurs twice."""
    first = _read_file(paths[0])
    shape = (len(paths), len(first))
    values, tpm = np.empty(shape, np.float32), np.empty(shape, np.float32)
    samples: dict[str, str] = {}
    has_tpm = TPM in first
    for i, path in enumerate(paths):
        table = first if i == 0 else _read_file(path)
        if not table.index.equals(first.index):
            raise InputError(
                f"{path}: has different genes from {paths[0]}; all files of one table must come from the same GDC release"
            )
        sample = header.star_sample_name(path, file_samples)
        if sample in samples:
            raise InputError(f"{path}: belongs to sample {sample!r}, like {samples[sample]}; keep one of them")
        samples[sample] = path
        values = values.astype(np.float64) if table[COUNTS].max() >= 2**24 else values
        values[i] = table[COUNTS]
        has_tpm = has_tpm and TPM in table
        if has_tpm:
            tpm[i] = table[TPM]
    var = pd.DataFrame(
        {"symbol": first["gene_name"].to_numpy(), "biotype": first["gene_type"].to_numpy()}, index=list(first.index)
    )
    sheet_count = sum(Path(p).name in file_samples or Path(p).name.removesuffix(".gz") in file_samples for p in paths)
    note = f"samples of {sheet_count} of {len(paths)} files come from the GDC sample sheet, all remaining ones from file names"
    obs = pd.DataFrame(index=list(samples))
    return Matrix(paths[0], values, obs, var, tpm if has_tpm else None, "counts", [note])


def _read_file(path: str) -> pd.DataFrame:
    """Read the genes of one file; STAR's summary rows (N_unmapped, …) are dropped."""
    try:
        table = pd.read_csv(
            path, sep="\t", comment="#", dtype={"gene_id": str, "gene_name": str, "gene_type": str}, keep_default_na=False
        )
        table = table[~table["gene_id"].str.startswith("N_")]
        numbers = [c for c in (COUNTS, TPM) if c in table]
        return table.astype({c: np.float64 for c in numbers}).set_index("gene_id")
    except (ValueError, KeyError) as error:
        raise InputError(
            f"{path}: is not a complete table of STAR counts ({error}); download the file again from the GDC"
        ) from None
