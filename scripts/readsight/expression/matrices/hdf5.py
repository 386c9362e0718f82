"""Reader of .h5ad and .h5mu files: one layer of one modality."""

from pathlib import Path

import anndata
import numpy as np
import pandas as pd

from readsight.errors import InputError
from readsight.expression.matrices.matrix import Matrix
from readsight.expression.metadata import clean_value, hdf5_name
from readsight.text import find_closest

COUNTS, TPM = "counts", "tpm"


def read_sample_names(path: str, table: str, modality: str | None) -> list[str]:
    """Return the sample names of a file."""
    return [str(name) for name in _open_modality(path, table, modality, True).obs_names]


def read_hdf5(path: str, table: str, modality: str | None, layer: str | None) -> Matrix:
    """Read the given layer, by default `counts` if present, else X.

    Parameters
    ----------
    table : name of the table in the config; also the default modality.

    Raises
    ------
    InputError for an unknown modality or layer, or an unreadable file.
    """
    data = _open_modality(path, table, modality, False)
    if layer is not None and layer not in data.layers:
        raise InputError(_unknown_name_fault(f"{path}: has no layer", layer, list(data.layers), f"tables.{table}.layer"))
    layer_name = layer or (COUNTS if COUNTS in data.layers else None)
    values = data.layers[layer_name] if layer_name else data.X
    if values is None:
        raise InputError(f"{path}: has no values (X is empty); name a layer in tables.{table}.layer")
    tpm = data.layers[TPM] if TPM in data.layers and layer_name == COUNTS else None
    kind = {COUNTS: "counts", TPM: "tpm"}.get(layer_name or "")
    obs = pd.DataFrame(
        {hdf5_name(c): [_cell_text(v) for v in data.obs[c]] for c in data.obs}, index=_as_strings(data.obs_names), dtype=object
    )
    var = data.var[[c for c in data.var if c == hdf5_name(c)]].set_axis(_as_strings(data.var_names))
    notes = [f"values from {f'layer {layer_name}' if layer_name else 'X'}"]
    return Matrix(path, _to_dense(values), obs, var, None if tpm is None else _to_dense(tpm), kind, notes)


def _open_modality(path: str, table: str, modality: str | None, names_only: bool) -> anndata.AnnData:
    try:
        if Path(path).suffix != ".h5mu":
            return anndata.read_h5ad(path, backed="r" if names_only else None)
        import mudata

        data = mudata.read_h5mu(path)
    except (OSError, KeyError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as {Path(path).suffix or 'HDF5'}: {error}") from None
    modality_name = modality or (table if table in data.mod else next(iter(data.mod)) if len(data.mod) == 1 else None)
    if modality_name is None:
        raise InputError(f"{path}: holds {', '.join(data.mod)}; choose one with tables.{table}.modality")
    if modality_name not in data.mod:
        raise InputError(
            _unknown_name_fault(f"{path}: has no modality", modality_name, list(data.mod), f"tables.{table}.modality")
        )
    return data.mod[modality_name]


def _unknown_name_fault(message: str, name: str, known: list[str], key: str) -> str:
    near = find_closest(name, known)
    return f"{message} {name!r} ({key}); " + (f"did you mean {near!r}?" if near else f"available: {', '.join(known) or 'none'}")


def _to_dense(numbers) -> np.ndarray:
    numbers = numbers.toarray() if hasattr(numbers, "toarray") else np.asarray(numbers)
    largest = np.abs(numbers).max(initial=0) if np.issubdtype(numbers.dtype, np.integer) else 0
    return numbers.astype(np.float64 if largest >= 2**24 else np.float32)


def _cell_text(value) -> str:
    return "" if pd.isna(value) else clean_value(str(value))


def _as_strings(names) -> list[str]:
    return [str(name) for name in names]
