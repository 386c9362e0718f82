"""What is to be predicted of sequences, made of what their files say: classes, several labels, a number, or a target along them."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from readsight.dataset.outcome import Outcome, coded
from readsight.dataset.sequences import label_checks
from readsight.dataset.sequences.raw_examples import Found
from readsight.dataset.sources.targets import SEEN, UNSEEN, strata_of_labels

QUARTERS = (0.25, 0.5, 0.75)
SITES = ("neither", "acceptor", "donor")


class Target(NamedTuple):
    """outcome: what is predicted. columns: n × its columns, none along a sequence. stratum: (n,), what folds are balanced by. faults."""

    outcome: Outcome
    columns: dict[str, np.ndarray]
    stratum: np.ndarray
    faults: list[str]


def target(found: Found, spec: dict[str, Any]) -> Target:
    """The target of n examples. spec: outcome (classes, multilabel, regression, profile, positions), label, positive."""
    kind = spec["outcome"]
    if kind in ("profile", "positions"):
        classes = SITES if kind == "positions" else ("signal",)
        return Target(Outcome(kind, classes), {}, np.zeros(len(found), int), [])
    return {"classes": _classes, "multilabel": _multilabel, "regression": _number}[kind](found.obs, spec)


def _classes(obs: pd.DataFrame, spec: dict[str, Any]) -> Target:
    labels = obs["label"].astype(str).tolist()
    codes, names = coded(labels, spec["positive"] or _sought(set(labels), spec["negatives"]))
    first = [str(obs.index[int((codes == i).argmax())]) for i in range(len(names))]
    examples = {name: (int((codes == i).sum()), first[i]) for i, name in enumerate(names)}
    outcome = Outcome("binary" if len(names) == 2 else "multiclass", tuple(names))
    return Target(outcome, {"label": codes}, codes, label_checks.of_classes(examples, spec["positive"]))


def _sought(labels: set[str], negatives: dict[str, Any]) -> str | None:
    """The class that negatives were made for, where it is one."""
    others = sorted(labels - {negatives["label"]})
    return others[0] if negatives["method"] != "none" and len(others) == 1 else None


def _multilabel(obs: pd.DataFrame, spec: dict[str, Any]) -> Target:
    names, faults, made = list(spec["label"]), [], []
    for i, name in enumerate(names):
        plain = obs[f"label.{i}"].astype(str).str.strip().str.lower()
        odd = ~plain.isin(SEEN | UNSEEN)
        own = plain.isin(SEEN).to_numpy(int)
        if odd.any():
            first = obs.index[odd.to_numpy()][0]
            faults.append(
                f"label: column {name!r} says {obs.at[first, f'label.{i}']!r} of {first} ({int(odd.sum()):,} in all); it may say 0 or 1, "
                "no or yes"
            )
        elif own.min() == own.max():
            faults.append(f"label: all {len(own):,} sequences are {own[0]} in column {name!r}: nothing to learn")
        made.append(own)
    outcome = Outcome("multilabel", tuple(names))
    values = np.column_stack(made)
    return Target(outcome, dict(zip(outcome.columns, values.T, strict=True)), strata_of_labels(values), faults)


def _number(obs: pd.DataFrame, spec: dict[str, Any]) -> Target:
    values = pd.to_numeric(obs["label"], errors="coerce").to_numpy(float)
    faults = []
    if not np.isfinite(values).all():
        odd = obs.index[~np.isfinite(values)]
        faults.append(
            f"label: {len(odd):,} sequences have no number, the first: {label_checks.few(odd)}; leave them out, or mend them"
        )
    elif len(values) and values.min() == values.max():
        faults.append(f"label: all {len(values):,} sequences have the number {values[0]:g}: nothing to learn")
    stratum = np.zeros(len(values), int) if faults else np.searchsorted(np.quantile(values, QUARTERS), values, side="left")
    return Target(Outcome("regression", ("score",)), {"label": values}, stratum, faults)
