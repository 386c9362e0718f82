"""Prediction targets of sequences: classes, multiple labels, a score, or a target per base or bin."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from readsight.dataset.outcome import Outcome, encode_classes
from readsight.dataset.sequences import label_checks
from readsight.dataset.sequences.raw_examples import SequenceSet
from readsight.dataset.sources.targets import CENSORED_VALUES, EVENT_VALUES, stratify_labels

QUARTERS = (0.25, 0.5, 0.75)
SITES = ("neither", "acceptor", "donor")


class SequenceTarget(NamedTuple):
    """outcome: what is predicted. columns: name → (n,), empty for targets per base or bin. stratum: (n,), for balancing folds. faults."""

    outcome: Outcome
    columns: dict[str, np.ndarray]
    stratum: np.ndarray
    faults: list[str]


def make_target(sequences: SequenceSet, spec: dict[str, Any]) -> SequenceTarget:
    """The target of n examples. spec: outcome (classes, multilabel, regression, profile, positions), label, positive."""
    kind = spec["outcome"]
    if kind in ("profile", "positions"):
        classes = SITES if kind == "positions" else ("signal",)
        return SequenceTarget(Outcome(kind, classes), {}, np.zeros(len(sequences), int), [])
    return {"classes": _make_classes, "multilabel": _make_multilabel, "regression": _make_regression}[kind](sequences.obs, spec)


def _make_classes(obs: pd.DataFrame, spec: dict[str, Any]) -> SequenceTarget:
    labels = obs["label"].astype(str).tolist()
    codes, names = encode_classes(labels, spec["positive"] or _choose_positive_class(set(labels), spec["negatives"]))
    first = [str(obs.index[int((codes == i).argmax())]) for i in range(len(names))]
    examples = {name: (int((codes == i).sum()), first[i]) for i, name in enumerate(names)}
    outcome = Outcome("binary" if len(names) == 2 else "multiclass", tuple(names))
    return SequenceTarget(outcome, {"label": codes}, codes, label_checks.check_classes(examples, spec["positive"]))


def _choose_positive_class(labels: set[str], negatives: dict[str, Any]) -> str | None:
    """The single class for which negatives were made, or None."""
    candidates = sorted(labels - {negatives["label"]})
    return candidates[0] if negatives["method"] != "none" and len(candidates) == 1 else None


def _make_multilabel(obs: pd.DataFrame, spec: dict[str, Any]) -> SequenceTarget:
    names, faults, label_columns = list(spec["label"]), [], []
    for i, name in enumerate(names):
        text = obs[f"label.{i}"].astype(str).str.strip().str.lower()
        is_odd = ~text.isin(EVENT_VALUES | CENSORED_VALUES)
        label_values = text.isin(EVENT_VALUES).to_numpy(int)
        if is_odd.any():
            first = obs.index[is_odd.to_numpy()][0]
            faults.append(
                f"label: column {name!r} has {obs.at[first, f'label.{i}']!r} for {first} ({int(is_odd.sum()):,} in total); use 0 or 1, "
                "or no or yes"
            )
        elif label_values.min() == label_values.max():
            faults.append(
                f"label: all {len(label_values):,} sequences are {label_values[0]} in column {name!r}: nothing to learn"
            )
        label_columns.append(label_values)
    outcome = Outcome("multilabel", tuple(names))
    values = np.column_stack(label_columns)
    return SequenceTarget(outcome, dict(zip(outcome.columns, values.T, strict=True)), stratify_labels(values), faults)


def _make_regression(obs: pd.DataFrame, spec: dict[str, Any]) -> SequenceTarget:
    values = pd.to_numeric(obs["label"], errors="coerce").to_numpy(float)
    faults = []
    if not np.isfinite(values).all():
        non_numeric = obs.index[~np.isfinite(values)]
        faults.append(
            f"label: {len(non_numeric):,} sequences have no number, first: {label_checks.list_few(non_numeric)}; remove or correct them"
        )
    elif len(values) and values.min() == values.max():
        faults.append(f"label: all {len(values):,} sequences have the value {values[0]:g}: nothing to learn")
    stratum = np.zeros(len(values), int) if faults else np.searchsorted(np.quantile(values, QUARTERS), values, side="left")
    return SequenceTarget(Outcome("regression", ("score",)), {"label": values}, stratum, faults)
