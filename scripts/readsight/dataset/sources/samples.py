"""Examples that are samples, described by one modality or several."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pandas as pd

from readsight.errors import InputError
from readsight.text import nearest

# What tables of samples write where they know nothing (GDC: '--).
NOTHING = {"", "na", "n/a", "nan", "null", "<na>", "--", "'--", "not reported"}
SHOWN = 3
GROUPS = ("donor", "patient")  # columns that say what belongs together, where the config names none


def read(files: dict[str, Path]) -> dict[str, anndata.AnnData]:
    """Modality → samples × features (float32, NaN where missing), with what is known of the samples in obs, as text.

    files: modality → .h5ad. Raises InputError for a table without samples or features, or with a name twice.
    """
    found, faults = {}, []
    for name, path in files.items():
        own = anndata.read_h5ad(path)
        if not own.n_obs or not own.n_vars:
            faults.append(f"{name}: the table has {own.n_obs} samples and {own.n_vars} features; nothing can be learned from it")
        for kind, names in (("sample", own.obs_names), ("feature", own.var_names)):
            twice = names[names.duplicated()].unique()
            if len(twice):
                faults.append(f"{name}: {len(twice)} {kind} names stand more than once ({shown(twice)}); each must stand once")
        values = own.X.toarray() if hasattr(own.X, "toarray") else np.asarray(own.X)
        found[name] = anndata.AnnData(values.astype(np.float32, copy=False), obs=text(own.obs), var=own.var)
    if faults:
        raise InputError(faults)
    return found


def text(obs: pd.DataFrame) -> pd.DataFrame:
    """Columns as text, stripped; None where nothing is known."""
    plain = pd.DataFrame({name: own.astype(object) for name, own in obs.items()}, index=obs.index.astype(str))
    plain = plain.apply(lambda own: own.map(lambda value: None if pd.isna(value) else str(value).strip()))
    return plain.where(~plain.map(lambda value: value is None or value.lower() in NOTHING), None)


def shown(names: Iterable[Any]) -> str:
    """The first of many names."""
    names = [str(name) for name in names]
    return ", ".join(names[:SHOWN]) + ", …" * (len(names) > SHOWN)


def strangers(modalities: dict[str, anndata.AnnData], missing: str) -> list[str]:
    """Faults of modalities that share no sample with the others, and of a task for which none is left."""
    if len(modalities) == 1:
        return []
    found = []
    for name, own in modalities.items():
        others = {s: other for other, data in modalities.items() if other != name for s in data.obs_names}
        if not set(own.obs_names) & set(others):
            close = next(((s, near) for s in own.obs_names[:20] if (near := nearest(s, list(others)[:2000], 0.6))), None)
            hint = f"; is {close[0]!r} the same as {close[1]!r} of {others[close[1]]}?" if close else ""
            rest = "; ".join(f"{other} has {shown(data.obs_names)}" for other, data in modalities.items() if other != name)
            found.append(
                f"modalities: {name} shares no sample with the others: it has {shown(own.obs_names)}; {rest}{hint} "
                "Samples are joined by their names, which must be the same in all tables"
            )
    if not found and missing == "drop" and not set.intersection(*(set(d.obs_names) for d in modalities.values())):
        sizes = ", ".join(f"{name} {data.n_obs}" for name, data in modalities.items())
        found.append(f"missing: no sample has all modalities ({sizes} samples); set missing to keep, or name fewer modalities")
    return found


def together(modalities: dict[str, anndata.AnnData]) -> pd.DataFrame:
    """What is known of each sample of any modality, in order of first appearance; the first modality that knows says it."""
    order = list(dict.fromkeys(sample for own in modalities.values() for sample in own.obs_names))
    made = pd.DataFrame(index=pd.Index(order, name="example"))
    for own in modalities.values():
        for name, values in own.obs.items():
            told = values.reindex(order)
            made[name] = made[name].where(made[name].notna(), told) if name in made else told
    return made


def contradictions(modalities: dict[str, anndata.AnnData], columns: Iterable[str]) -> list[str]:
    """Faults of columns of which two modalities say different things about a sample."""
    found = []
    for column in dict.fromkeys(columns):
        said: dict[str, tuple[str, str]] = {}
        odd = []
        for name, own in modalities.items():
            for sample, value in own.obs[column].dropna().items() if column in own.obs else ():
                first, where = said.setdefault(sample, (value, name))
                if first != value:
                    odd.append(f"{sample}: {first!r} in {where}, {value!r} in {name}")
        if odd:
            found.append(f"{column}: modalities say different things of {len(odd)} samples ({shown(odd)}); one must be right")
    return found


def groups(obs: pd.DataFrame, column: str) -> tuple[pd.Series, str, list[str]]:
    """What each sample belongs to and must not be divided from, the column that said so, and faults.

    column: split.column. Where it is `donor`, the default, and there is none: the patient of a TCGA barcode, else
    each sample by itself.
    """
    known = [c for c in ((column,) if column not in GROUPS else (column, *GROUPS)) if c in obs and obs[c].notna().any()]
    if not known:
        alone = pd.Series(obs.index.astype(str), obs.index)
        return alone, "", [] if column == GROUPS[0] else [absent("split.column", column, obs)]
    gaps = obs.index[obs[known[0]].isna()]
    faults = [
        f"split.column: {len(gaps)} samples have nothing in column {known[0]!r} ({shown(gaps)}); "
        "say of each what it belongs to, or name another column"
    ]
    return obs[known[0]].fillna("").astype(str), known[0], faults if len(gaps) else []


def filled(obs: pd.DataFrame, key: str, column: str) -> list[str]:
    """Faults of a column that must say something of every sample."""
    gaps = obs.index[obs[column].isna()]
    return [f"{key}: {len(gaps)} samples have nothing in column {column!r} ({shown(gaps)})"] if len(gaps) else []


def absent(key: str, column: str, obs: pd.DataFrame) -> str:
    """Fault of a column that is not there, with the nearest that is."""
    near = nearest(column, list(obs.columns))
    hint = f"did you mean {near!r}?" if near else f"there are: {', '.join(map(str, obs.columns)) or 'none'}"
    return f"{key}: nothing is said of the samples in a column {column!r}; {hint}"
