"""Examples that are samples, described by one or more modalities."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pandas as pd

from readsight.errors import InputError
from readsight.text import find_closest

# Missing-value markers in sample tables (GDC: '--).
MISSING_VALUES = {"", "na", "n/a", "nan", "null", "<na>", "--", "'--", "not reported"}
SHOWN = 3
GROUP_COLUMNS = ("donor", "patient")  # default grouping columns


def read(files: dict[str, Path]) -> dict[str, anndata.AnnData]:
    """Modality → samples × features (float32, NaN if missing), with metadata as text in obs.

    files: modality → .h5ad. Raises InputError for a table without samples or features, or with duplicate names.
    """
    tables, faults = {}, []
    for name, path in files.items():
        table = anndata.read_h5ad(path)
        if not table.n_obs or not table.n_vars:
            faults.append(f"{name}: the table has {table.n_obs} samples and {table.n_vars} features; it cannot be empty")
        for kind, names in (("sample", table.obs_names), ("feature", table.var_names)):
            duplicates = names[names.duplicated()].unique()
            if len(duplicates):
                faults.append(
                    f"{name}: {len(duplicates)} {kind} names are duplicated ({list_first(duplicates)}); each must be unique"
                )
        values = table.X.toarray() if hasattr(table.X, "toarray") else np.asarray(table.X)
        tables[name] = anndata.AnnData(values.astype(np.float32, copy=False), obs=clean_text(table.obs), var=table.var)
    if faults:
        raise InputError(faults)
    return tables


def clean_text(obs: pd.DataFrame) -> pd.DataFrame:
    """Columns as stripped text; None for missing values."""
    cleaned = pd.DataFrame({name: column.astype(object) for name, column in obs.items()}, index=obs.index.astype(str))
    cleaned = cleaned.apply(lambda column: column.map(lambda value: None if pd.isna(value) else str(value).strip()))
    return cleaned.where(~cleaned.map(lambda value: value is None or value.lower() in MISSING_VALUES), None)


def list_first(names: Iterable[Any]) -> str:
    """The first of many names, for messages."""
    names = [str(name) for name in names]
    return ", ".join(names[:SHOWN]) + ", …" * (len(names) > SHOWN)


def find_disjoint_modalities(modalities: dict[str, anndata.AnnData], missing: str) -> list[str]:
    """Faults of modalities that share no sample with the remaining ones, and of a task without any usable sample."""
    if len(modalities) == 1:
        return []
    faults = []
    for name, table in modalities.items():
        modality_of = {sample: modality for modality, data in modalities.items() if modality != name for sample in data.obs_names}
        if not set(table.obs_names) & set(modality_of):
            matches = ((sample, find_closest(sample, list(modality_of)[:2000], 0.6)) for sample in table.obs_names[:20])
            closest = next((pair for pair in matches if pair[1]), None)
            hint = f"; is {closest[0]!r} the same as {closest[1]!r} of {modality_of[closest[1]]}?" if closest else ""
            listing = "; ".join(
                f"{modality} has {list_first(data.obs_names)}" for modality, data in modalities.items() if modality != name
            )
            faults.append(
                f"modalities: {name} shares no sample with the other modalities: it has {list_first(table.obs_names)}; {listing}{hint or '.'} "
                "Samples are joined by name, which must be equal in all tables"
            )
    if not faults and missing == "drop" and not set.intersection(*(set(d.obs_names) for d in modalities.values())):
        sizes = ", ".join(f"{name} {data.n_obs}" for name, data in modalities.items())
        faults.append(f"missing: no sample has all modalities ({sizes} samples); set missing to keep, or use fewer modalities")
    return faults


def merge_metadata(modalities: dict[str, anndata.AnnData]) -> pd.DataFrame:
    """Metadata of each sample of any modality, in order of first appearance; the first modality with a value wins."""
    order = list(dict.fromkeys(sample for table in modalities.values() for sample in table.obs_names))
    merged = pd.DataFrame(index=pd.Index(order, name="example"))
    for table in modalities.values():
        for name, values in table.obs.items():
            known = values.reindex(order)
            merged[name] = merged[name].where(merged[name].notna(), known) if name in merged else known
    return merged


def find_contradictions(modalities: dict[str, anndata.AnnData], columns: Iterable[str]) -> list[str]:
    """Faults of columns whose values differ between modalities for the same sample."""
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
                f"{column}: modalities have different values for {len(conflicts)} samples ({list_first(conflicts)}); correct one of them"
            )
    return faults


def read_groups(obs: pd.DataFrame, column: str) -> tuple[pd.Series, str, list[str]]:
    """Group of each sample that must not be divided, the column it comes from, and faults.

    column: split.column. If it is the default `donor` and absent: the patient of a TCGA barcode, else each sample separately.
    """
    columns = [
        candidate
        for candidate in ((column,) if column not in GROUP_COLUMNS else (column, *GROUP_COLUMNS))
        if candidate in obs and obs[candidate].notna().any()
    ]
    if not columns:
        singletons = pd.Series(obs.index.astype(str), obs.index)
        return singletons, "", [] if column == GROUP_COLUMNS[0] else [absence_fault("split.column", column, obs)]
    gaps = obs.index[obs[columns[0]].isna()]
    faults = [
        f"split.column: {len(gaps)} samples have no value in column {columns[0]!r} ({list_first(gaps)}); "
        "give a group for each, or use another column"
    ]
    return obs[columns[0]].fillna("").astype(str), columns[0], faults if len(gaps) else []


def find_gaps(obs: pd.DataFrame, key: str, column: str) -> list[str]:
    """Faults of a column that must have a value for every sample."""
    gaps = obs.index[obs[column].isna()]
    return [f"{key}: {len(gaps)} samples have no value in column {column!r} ({list_first(gaps)})"] if len(gaps) else []


def absence_fault(key: str, column: str, obs: pd.DataFrame) -> str:
    """Fault of a missing column, with the closest existing name."""
    match = find_closest(column, list(obs.columns))
    hint = f"did you mean {match!r}?" if match else f"available: {', '.join(map(str, obs.columns)) or 'none'}"
    return f"{key}: the samples have no column {column!r}; {hint}"
