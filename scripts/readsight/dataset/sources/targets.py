"""What is to be predicted of samples, made of what their columns say: classes, several labels, survival."""

from typing import Any, NamedTuple

import anndata
import numpy as np
import pandas as pd

from readsight.checks.class_column import too_many
from readsight.dataset.outcome import Outcome, coded
from readsight.dataset.sources.samples import shown
from readsight.text import nearest

SEEN = {"1", "1.0", "yes", "true", "y", "dead", "deceased", "died", "event", "1:deceased", "positive"}
UNSEEN = {"0", "0.0", "no", "false", "n", "alive", "living", "censored", "0:living", "negative"}
COMMON = 10  # sets of labels that fewer samples have are joined with the most like of the commoner ones
TOLD = 20  # samples from which on a feature that says the label one by one is no chance


class Target(NamedTuple):
    """outcome: what is predicted. columns: n × its columns. stratum: (n,) integers that folds are balanced by. faults."""

    outcome: Outcome
    columns: pd.DataFrame
    stratum: np.ndarray
    faults: list[str]


def labelled(obs: pd.DataFrame, spec: dict[str, Any]) -> np.ndarray:
    """Whether each sample (n,) has all that is to be predicted of it."""
    return obs[columns(spec)].notna().all(axis=1).to_numpy()


def columns(spec: dict[str, Any]) -> list[str]:
    """Columns that hold what is predicted."""
    if spec["outcome"] == "survival":
        return [spec["time"], spec["event"]]
    return list(spec["label"]) if isinstance(spec["label"], (list, tuple)) else [spec["label"]]


def keys(spec: dict[str, Any]) -> list[str]:
    """The config's keys of these columns, in the same order."""
    return ["time", "event"] if spec["outcome"] == "survival" else ["label"] * len(columns(spec))


def target(obs: pd.DataFrame, spec: dict[str, Any]) -> Target:
    """The target of n samples, all of which have one.

    spec: outcome (classes, multilabel, survival), label, positive, time, event.
    """
    return {"classes": _classes, "multilabel": _multilabel, "survival": _survival}[spec["outcome"]](obs, spec)


def _classes(obs: pd.DataFrame, spec: dict[str, Any]) -> Target:
    column, positive = columns(spec)[0], spec.get("positive")
    values = obs[column].astype(str).tolist()
    codes, names = coded(values, positive)
    faults = []
    if len(names) < 2:
        faults.append(f"label: all {len(values)} samples are {names[0]!r} in column {column!r}: one class, nothing to learn")
    elif many := too_many(column, names, len(values)):
        faults.append(many)
    if positive is not None and positive not in names:
        near = nearest(positive, names)
        faults.append(
            f"positive: no sample is {positive!r} in column {column!r}; "
            + (f"did you mean {near!r}?" if near else f"there are: {shown(names)}")
        )
    elif positive is not None and len(names) > 2:
        faults.append(f"positive: is for two classes, and column {column!r} has {len(names)} ({', '.join(names)}); leave it out")
    outcome = Outcome("binary" if len(names) == 2 else "multiclass", tuple(names))
    return Target(outcome, pd.DataFrame({"label": codes}, index=obs.index), codes, faults)


def _multilabel(obs: pd.DataFrame, spec: dict[str, Any]) -> Target:
    names, faults, made = columns(spec), [], {}
    for name in names:
        own, odd = _yes_or_no(obs[name])
        faults += [f"label: column {name!r} says {odd}; it may say 0 or 1, no or yes"] if odd else []
        if not odd and own.min() == own.max():
            faults.append(f"label: all {len(own)} samples are {own[0]} in column {name!r}: nothing to learn")
        made[name] = own
    outcome = Outcome("multilabel", tuple(names))
    values = np.column_stack(list(made.values()))
    return Target(outcome, pd.DataFrame(values, columns=outcome.columns, index=obs.index), strata_of_labels(values), faults)


def _survival(obs: pd.DataFrame, spec: dict[str, Any]) -> Target:
    time = pd.to_numeric(obs[spec["time"]], errors="coerce")
    event, odd = _yes_or_no(obs[spec["event"]])
    bad = obs.index[~(np.isfinite(time) & (time >= 0))]
    faults = []
    if len(bad):
        told = shown(f"{name}: {obs.at[name, spec['time']]!r}" for name in bad)
        faults.append(
            f"time: column {spec['time']!r} must hold follow-up times of 0 or more; {len(bad)} samples have none ({told})"
        )
    if odd:
        faults.append(
            f"event: column {spec['event']!r} says {odd}; it may say 1 (seen) or 0 (not seen), dead or alive, yes or no"
        )
    elif not event.any():
        faults.append(f"event: no event was seen among {len(event)} samples (column {spec['event']!r}): nothing to learn")
    made = pd.DataFrame({"time": time.to_numpy(float), "event": event}, index=obs.index)
    third = 0 if faults else np.searchsorted(np.quantile(made["time"], [1 / 3, 2 / 3]), made["time"], side="left")
    return Target(Outcome("survival", ("time", "event")), made, (3 * event + third).astype(int), faults)


def _yes_or_no(values: pd.Series) -> tuple[np.ndarray, str]:
    """0 or 1 of each value, and in words what is neither."""
    plain = values.astype(str).str.strip().str.lower()
    odd = values[~plain.isin(SEEN | UNSEEN)]
    words = f"{odd.iloc[0]!r} of {len(odd)} samples ({shown(odd.index)})" if len(odd) else ""
    return plain.isin(SEEN).to_numpy(int), words


def strata_of_labels(values: np.ndarray) -> np.ndarray:
    """A stratum for each set of labels (n, L) that COMMON samples have or more; rarer sets go to the most like of these."""
    sets, place, counts = np.unique(values, axis=0, return_inverse=True, return_counts=True)
    common = np.flatnonzero(counts >= COMMON)
    if not len(common):
        return np.zeros(len(values), int)
    apart = (sets[:, None] != sets[None, common]).sum(axis=2)
    return apart.argmin(axis=1)[place.reshape(-1)]


def disguised(modalities: dict[str, anndata.AnnData], made: Target, names: list[str]) -> list[str]:
    """Faults of features that are what is to be predicted: by their name, or because they say it one by one.

    modalities: of the samples that are kept. names: columns of the label.
    """
    found = []
    plain = {name.casefold() for name in names}
    for modality, own in modalities.items():
        same = [f for f in own.var_names if f.casefold() in plain]
        kept = made.columns.loc[made.columns.index.intersection(own.obs_names)]
        values = np.asarray(own[kept.index].X)
        told = [f for f in own.var_names[_says(values, kept, made.outcome)] if f not in same] if len(kept) >= TOLD else []
        remedy = f"it leaks what is to be predicted; name it in tables.{modality}.about, which makes it a column of the samples"
        found += [f"{modality}: feature {f!r} bears the name of the label: {remedy}" for f in same]
        if told:
            found.append(
                f"{modality}: {len(told)} features say the label of all {len(kept)} samples one by one ({shown(told)}): {remedy}"
            )
    return found


def _says(values: np.ndarray, kept: pd.DataFrame, outcome: Outcome) -> np.ndarray:
    """Features (n, features) that have one value for each class, another for another; survival: that are the time itself."""
    if outcome.kind == "survival":
        time = kept["time"].to_numpy(np.float32)[:, None]
        return np.isclose(values, time, rtol=1e-6).all(axis=0)
    found = np.zeros(values.shape[1], bool)
    for column in kept:
        label = kept[column].to_numpy()
        parts = [values[label == c] for c in np.unique(label)]
        flat = np.logical_and.reduce([(part == part[:1]).all(axis=0) for part in parts])
        firsts = np.sort(np.array([part[0] for part in parts])[:, flat], axis=0)
        found[np.flatnonzero(flat)] |= (np.diff(firsts, axis=0) != 0).all(axis=0) & (len(parts) > 1)
    return found
