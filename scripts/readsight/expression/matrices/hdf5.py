"""Read .h5ad and .h5mu: one layer of one modality."""

from pathlib import Path

import anndata
import numpy as np
import pandas as pd

from readsight.errors import InputError
from readsight.expression.matrices.matrix import Matrix
from readsight.expression.metadata import cleaned, plain
from readsight.text import nearest

COUNTS, TPM = "counts", "tpm"


def names(path: str, table: str, modality: str | None) -> list[str]:
    """Names of the samples of a file."""
    return [str(name) for name in _open(path, table, modality, True).obs_names]


def read(path: str, table: str, modality: str | None, layer: str | None) -> Matrix:
    """The layer that is named, else `counts` where there is one, else X. table: its name, and its modality's if none is named.

    Raises InputError for a modality or layer that is not there, or for a file that cannot be read.
    """
    data = _open(path, table, modality, False)
    if layer is not None and layer not in data.layers:
        raise InputError(_unknown(f"{path}: has no layer", layer, list(data.layers), f"tables.{table}.layer"))
    taken = layer or (COUNTS if COUNTS in data.layers else None)
    numbers = data.layers[taken] if taken else data.X
    if numbers is None:
        raise InputError(f"{path}: holds no numbers (X is empty); name a layer in tables.{table}.layer")
    tpm = data.layers[TPM] if TPM in data.layers and taken == COUNTS else None
    kind = {COUNTS: "counts", TPM: "tpm"}.get(taken or "")
    obs = pd.DataFrame(
        {plain(c): [_text(v) for v in data.obs[c]] for c in data.obs}, index=_strings(data.obs_names), dtype=object
    )
    var = data.var[[c for c in data.var if c == plain(c)]].set_axis(_strings(data.var_names))
    notes = [f"taken from {f'layer {taken}' if taken else 'X'}"]
    return Matrix(path, _dense(numbers), obs, var, None if tpm is None else _dense(tpm), kind, notes)


def _open(path: str, table: str, modality: str | None, names_only: bool) -> anndata.AnnData:
    try:
        if Path(path).suffix != ".h5mu":
            return anndata.read_h5ad(path, backed="r" if names_only else None)
        import mudata

        data = mudata.read_h5mu(path)
    except (OSError, KeyError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as {Path(path).suffix or 'HDF5'}: {error}") from None
    wanted = modality or (table if table in data.mod else next(iter(data.mod)) if len(data.mod) == 1 else None)
    if wanted is None:
        raise InputError(f"{path}: holds {', '.join(data.mod)}; say with tables.{table}.modality which of them")
    if wanted not in data.mod:
        raise InputError(_unknown(f"{path}: has no modality", wanted, list(data.mod), f"tables.{table}.modality"))
    return data.mod[wanted]


def _unknown(words: str, name: str, known: list[str], key: str) -> str:
    near = nearest(name, known)
    return f"{words} {name!r} ({key}); " + (f"did you mean {near!r}?" if near else f"there are: {', '.join(known) or 'none'}")


def _dense(numbers) -> np.ndarray:
    numbers = numbers.toarray() if hasattr(numbers, "toarray") else np.asarray(numbers)
    largest = np.abs(numbers).max(initial=0) if np.issubdtype(numbers.dtype, np.integer) else 0
    return numbers.astype(np.float64 if largest >= 2**24 else np.float32)


def _text(value) -> str:
    return "" if pd.isna(value) else cleaned(str(value))


def _strings(names) -> list[str]:
    return [str(name) for name in names]
