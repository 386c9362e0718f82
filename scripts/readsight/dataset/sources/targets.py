"""Targets of samples, derived from metadata columns: classes, multilabel, survival."""

from typing import Any, NamedTuple

import anndata
import numpy as np
import pandas as pd

from readsight.checks.class_column import check_class_count
from readsight.dataset.outcome import Outcome, encode_classes
from readsight.dataset.sources.samples import list_first
from readsight.text import find_closest

EVENT_VALUES = {"1", "1.0", "yes", "true", "y", "dead", "deceased", "died", "event", "1:deceased", "positive"}
CENSORED_VALUES = {"0", "0.0", "no", "false", "n", "alive", "living", "censored", "0:living", "negative"}
COMMON_SIZE = 10  # rarer sets of labels are merged with the closest common set
FEWEST_SAMPLES = 20  # from this number of samples on, a feature that equals the label is no coincidence


class SampleTarget(NamedTuple):
    """outcome: to predict. columns: one row per sample. stratum: (n,) integers that folds are balanced by. faults."""

    outcome: Outcome
    columns: pd.DataFrame
    stratum: np.ndarray
    faults: list[str]


def has_label(obs: pd.DataFrame, spec: dict[str, Any]) -> np.ndarray:
    """Whether each sample (n,) has a value in all target columns."""
    return obs[label_columns(spec)].notna().all(axis=1).to_numpy()


def label_columns(spec: dict[str, Any]) -> list[str]:
    """Columns that define the target."""
    if spec["outcome"] == "survival":
        return [spec["time"], spec["event"]]
    return list(spec["label"]) if isinstance(spec["label"], (list, tuple)) else [spec["label"]]


def label_keys(spec: dict[str, Any]) -> list[str]:
    """Config keys of these columns, in the same order."""
    return ["time", "event"] if spec["outcome"] == "survival" else ["label"] * len(label_columns(spec))


def build_target(obs: pd.DataFrame, spec: dict[str, Any]) -> SampleTarget:
    """The target of n samples, all of which have one.

    spec: outcome (classes, multilabel, survival), label, positive, time, event.
    """
    return {"classes": _class_target, "multilabel": _multilabel_target, "survival": _survival_target}[spec["outcome"]](obs, spec)


def _class_target(obs: pd.DataFrame, spec: dict[str, Any]) -> SampleTarget:
    column, positive = label_columns(spec)[0], spec.get("positive")
    values = obs[column].astype(str).tolist()
    codes, names = encode_classes(values, positive)
    faults = []
    if len(names) < 2:
        faults.append(f"label: all {len(values)} samples are {names[0]!r} in column {column!r}: one class, nothing to learn")
    elif many := check_class_count(column, names, len(values)):
        faults.append(many)
    if positive is not None and positive not in names:
        match = find_closest(positive, names)
        faults.append(
            f"positive: no sample is {positive!r} in column {column!r}; "
            + (f"did you mean {match!r}?" if match else f"available: {list_first(names)}")
        )
    elif positive is not None and len(names) > 2:
        faults.append(f"positive: needs two classes, but column {column!r} has {len(names)} ({', '.join(names)}); omit it")
    outcome = Outcome("binary" if len(names) == 2 else "multiclass", tuple(names))
    return SampleTarget(outcome, pd.DataFrame({"label": codes}, index=obs.index), codes, faults)


def _multilabel_target(obs: pd.DataFrame, spec: dict[str, Any]) -> SampleTarget:
    names, faults, columns = label_columns(spec), [], {}
    for name in names:
        flags, invalid = _parse_flags(obs[name])
        faults += [f"label: column {name!r} has {invalid}; allowed are 0 or 1, no or yes"] if invalid else []
        if not invalid and flags.min() == flags.max():
            faults.append(f"label: all {len(flags)} samples are {flags[0]} in column {name!r}: nothing to learn")
        columns[name] = flags
    outcome = Outcome("multilabel", tuple(names))
    values = np.column_stack(list(columns.values()))
    return SampleTarget(outcome, pd.DataFrame(values, columns=outcome.columns, index=obs.index), stratify_labels(values), faults)


def _survival_target(obs: pd.DataFrame, spec: dict[str, Any]) -> SampleTarget:
    time = pd.to_numeric(obs[spec["time"]], errors="coerce")
    event, unknown = _parse_flags(obs[spec["event"]])
    invalid = obs.index[~(np.isfinite(time) & (time >= 0))]
    faults = []
    if len(invalid):
        examples = list_first(f"{name}: {obs.at[name, spec['time']]!r}" for name in invalid)
        faults.append(
            f"time: column {spec['time']!r} must hold follow-up times of 0 or more; {len(invalid)} samples have none ({examples})"
        )
    if unknown:
        faults.append(
            f"event: column {spec['event']!r} has {unknown}; allowed are 1 (observed) or 0 (not observed), dead or alive, yes or no"
        )
    elif not event.any():
        faults.append(f"event: no event was observed among {len(event)} samples (column {spec['event']!r}): nothing to learn")
    columns = pd.DataFrame({"time": time.to_numpy(float), "event": event}, index=obs.index)
    tertile = 0 if faults else np.searchsorted(np.quantile(columns["time"], [1 / 3, 2 / 3]), columns["time"], side="left")
    return SampleTarget(Outcome("survival", ("time", "event")), columns, (3 * event + tertile).astype(int), faults)


def _parse_flags(values: pd.Series) -> tuple[np.ndarray, str]:
    """Values as 0 or 1, and a message about invalid values."""
    cleaned = values.astype(str).str.strip().str.lower()
    invalid = values[~cleaned.isin(EVENT_VALUES | CENSORED_VALUES)]
    message = f"{invalid.iloc[0]!r} of {len(invalid)} samples ({list_first(invalid.index)})" if len(invalid) else ""
    return cleaned.isin(EVENT_VALUES).to_numpy(int), message


def stratify_labels(values: np.ndarray) -> np.ndarray:
    """Stratum of each sample: its set of labels (n, L) if COMMON_SIZE samples share it, else the closest such set."""
    sets, set_index, counts = np.unique(values, axis=0, return_inverse=True, return_counts=True)
    common = np.flatnonzero(counts >= COMMON_SIZE)
    if not len(common):
        return np.zeros(len(values), int)
    distance = (sets[:, None] != sets[None, common]).sum(axis=2)
    return distance.argmin(axis=1)[set_index.reshape(-1)]


def find_label_features(modalities: dict[str, anndata.AnnData], target: SampleTarget, names: list[str]) -> list[str]:
    """Faults of features that equal the target: by name, or by values.

    modalities: of the selected samples. names: columns of the label.
    """
    faults = []
    label_names = {name.casefold() for name in names}
    for modality, table in modalities.items():
        named = [feature for feature in table.var_names if feature.casefold() in label_names]
        labels = target.columns.loc[target.columns.index.intersection(table.obs_names)]
        values = np.asarray(table[labels.index].X)
        leaking = (
            [feature for feature in table.var_names[_equals_label(values, labels, target.outcome)] if feature not in named]
            if len(labels) >= FEWEST_SAMPLES
            else []
        )
        remedy = f"it leaks the target; list it in tables.{modality}.about to make it a column of the samples"
        faults += [f"{modality}: feature {feature!r} has the name of the label: {remedy}" for feature in named]
        if leaking:
            faults.append(
                f"{modality}: {len(leaking)} features equal the label of all {len(labels)} samples ({list_first(leaking)}): {remedy}"
            )
    return faults


def _equals_label(values: np.ndarray, labels: pd.DataFrame, outcome: Outcome) -> np.ndarray:
    """Features (n, features) with one constant value per class, distinct between classes; survival: equal to the time."""
    if outcome.kind == "survival":
        time = labels["time"].to_numpy(np.float32)[:, None]
        return np.isclose(values, time, rtol=1e-6).all(axis=0)
    is_label = np.zeros(values.shape[1], bool)
    for column in labels:
        label = labels[column].to_numpy()
        groups = [values[label == c] for c in np.unique(label)]
        is_constant = np.logical_and.reduce([(group == group[:1]).all(axis=0) for group in groups])
        class_values = np.sort(np.array([group[0] for group in groups])[:, is_constant], axis=0)
        is_label[np.flatnonzero(is_constant)] |= (np.diff(class_values, axis=0) != 0).all(axis=0) & (len(groups) > 1)
    return is_label
