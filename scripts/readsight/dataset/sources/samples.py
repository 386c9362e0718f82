"""Examples that are samples, described by one modality or several."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pandas as pd

from readsight.errors import InputError
from readsight.text import find_closest

# What tables of samples write where they know nothing (GDC: '--).
NOTHING = {"", "na", "n/a", "nan", "null", "<na>", "--", "'--", "not reported"}
SHOWN = 3
GROUPS = ("donor", "patient")  # columns that say what belongs together, where the config names none


def read(files: dict[str, Path]) -> dict[str, anndata.AnnData]:
    """Modality → samples × features (float32, NaN where missing), with what is known of the samples in obs, as text.

    files: modality → .h5ad. Raises InputError for a table without samples or features, or with a name twice.
    """
    tables, faults = {}, []
    for name, path in files.items():
        table = anndata.read_h5ad(path)
        if not table.n_obs or not table.n_vars:
            faults.append(
                f"{name}: the table has {table.n_obs} samples and {table.n_vars} features; nothing can be learned from it"
            )
        for kind, names in (("sample", table.obs_names), ("feature", table.var_names)):
            duplicates = names[names.duplicated()].unique()
            if len(duplicates):
                faults.append(
                    f"{name}: {len(duplicates)} {kind} names stand more than once ({list_first(duplicates)}); each must stand once"
                )
        values = table.X.toarray() if hasattr(table.X, "toarray") else np.asarray(table.X)
        tables[name] = anndata.AnnData(values.astype(np.float32, copy=False), obs=clean_text(table.obs), var=table.var)
    if faults:
        raise InputError(faults)
    return tables


def clean_text(obs: pd.DataFrame) -> pd.DataFrame:
    """Columns as text, stripped; None where nothing is known."""
    cleaned = pd.DataFrame({name: column.astype(object) for name, column in obs.items()}, index=obs.index.astype(str))
    cleaned = cleaned.apply(lambda column: column.map(lambda value: None if pd.isna(value) else str(value).strip()))
    return cleaned.where(~cleaned.map(lambda value: value is None or value.lower() in NOTHING), None)


def list_first(names: Iterable[Any]) -> str:
    """The first of many names."""
    names = [str(name) for name in names]
    return ", ".join(names[:SHOWN]) + ", …" * (len(names) > SHOWN)


def find_disjoint_modalities(modalities: dict[str, anndata.AnnData], missing: str) -> list[str]:
    """Faults of modalities that share no sample with the others, and of a task for which none is left."""
    if len(modalities) == 1:
        return []
    faults = []
    for name, table in modalities.items():
        modality_of = {sample: modality for modality, data in modalities.items() if modality != name for sample in data.obs_names}
        if not set(table.obs_names) & set(modality_of):
            close = next(
                (
                    (sample, match)
                    for sample in table.obs_names[:20]
                    if (match := find_closest(sample, list(modality_of)[:2000], 0.6))
                ),
                None,
            )
            hint = f"; is {close[0]!r} the same as {close[1]!r} of {modality_of[close[1]]}?" if close else ""
            listing = "; ".join(
                f"{modality} has {list_first(data.obs_names)}" for modality, data in modalities.items() if modality != name
            )
            faults.append(
                f"modalities: {name} shares no sample with the others: it has {list_first(table.obs_names)}; {listing}{hint} "
                "Samples are joined by their names, which must be the same in all tables"
            )
    if not faults and missing == "drop" and not set.intersection(*(set(d.obs_names) for d in modalities.values())):
        sizes = ", ".join(f"{name} {data.n_obs}" for name, data in modalities.items())
        faults.append(f"missing: no sample has all modalities ({sizes} samples); set missing to keep, or name fewer modalities")
    return faults


def merge_metadata(modalities: dict[str, anndata.AnnData]) -> pd.DataFrame:
    """What is known of each sample of any modality, in order of first appearance; the first modality that knows says it."""
    order = list(dict.fromkeys(sample for table in modalities.values() for sample in table.obs_names))
    merged = pd.DataFrame(index=pd.Index(order, name="example"))
    for table in modalities.values():
        for name, values in table.obs.items():
            known = values.reindex(order)
            merged[name] = merged[name].where(merged[name].notna(), known) if name in merged else known
    return merged


def find_contradictions(modalities: dict[str, anndata.AnnData], columns: Iterable[str]) -> list[str]:
    """Faults of columns of which two modalities say different things about a sample."""
    faults = []
    for column in dict.fromkeys(columns):
        first_values: dict[str, tuple[str, str]] = {}
        conflicts = []
        for name, table in modalities.items():
            for sample, value in table.obs[column].dropna().items() if column in table.obs else ():
                first, source = first_values.setdefault(sample, (value, name))
                if first != value:
                    conflicts.append(f"{sample}: {first!r} in {source}, {value!r} in {name}")
        if conflicts:
            faults.append(
                f"{column}: modalities say different things of {len(conflicts)} samples ({list_first(conflicts)}); one must be right"
            )
    return faults


def read_groups(obs: pd.DataFrame, column: str) -> tuple[pd.Series, str, list[str]]:
    """What each sample belongs to and must not be divided from, the column that said so, and faults.

    column: split.column. Where it is `donor`, the default, and there is none: the patient of a TCGA barcode, else
    each sample by itself.
    """
    columns = [
        candidate
        for candidate in ((column,) if column not in GROUPS else (column, *GROUPS))
        if candidate in obs and obs[candidate].notna().any()
    ]
    if not columns:
        singletons = pd.Series(obs.index.astype(str), obs.index)
        return singletons, "", [] if column == GROUPS[0] else [absence_fault("split.column", column, obs)]
    gaps = obs.index[obs[columns[0]].isna()]
    faults = [
        f"split.column: {len(gaps)} samples have nothing in column {columns[0]!r} ({list_first(gaps)}); "
        "say of each what it belongs to, or name another column"
    ]
    return obs[columns[0]].fillna("").astype(str), columns[0], faults if len(gaps) else []


def find_gaps(obs: pd.DataFrame, key: str, column: str) -> list[str]:
    """Faults of a column that must say something of every sample."""
    gaps = obs.index[obs[column].isna()]
    return [f"{key}: {len(gaps)} samples have nothing in column {column!r} ({list_first(gaps)})"] if len(gaps) else []


def absence_fault(key: str, column: str, obs: pd.DataFrame) -> str:
    """Fault of a column that is not there, with the nearest that is."""
    match = find_closest(column, list(obs.columns))
    hint = f"did you mean {match!r}?" if match else f"there are: {', '.join(map(str, obs.columns)) or 'none'}"
    return f"{key}: nothing is said of the samples in a column {column!r}; {hint}"
