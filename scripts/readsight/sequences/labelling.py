"""What is to be predicted of sequences, made of what their files say: classes, several labels, a number, or a target along them."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from readsight.classes import MEMBERS, MOST
from readsight.outcome import Outcome, coded
from readsight.sequences.found import Found
from readsight.sources.targets import SEEN, UNSEEN, strata_of_labels
from readsight.words import nearest

SHOWN = 5
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
    values, positive = obs["label"].astype(str).tolist(), spec["positive"]
    codes, names = coded(values, positive)
    counts = np.bincount(codes, minlength=len(names))
    faults = []
    if len(names) < 2:
        faults.append(
            f"label: all {len(values):,} sequences are {names[0]!r}: one class, nothing to learn; name a file of others, or make "
            "them (sequences.negatives.method)"
        )
    elif len(names) > max(MOST, len(values) / MEMBERS):
        faults.append(
            f"label: there are {len(names):,} different labels ({_few(names)}) of {len(values):,} sequences; these are no classes; "
            "name another column, or say sequences.target: score where they are numbers"
        )
    else:
        faults += [
            f"label: class {name!r} has one example ({obs.index[int(np.flatnonzero(codes == i)[0])]}), which cannot be both trained "
            "and tested on; leave the class out, or add to it"
            for i, name in enumerate(names)
            if counts[i] == 1
        ]
    if positive is not None and positive not in names:
        near = nearest(positive, names)
        hint = f"did you mean {near!r}?" if near else f"there are: {_few(names)}"
        faults.append(f"positive: no sequence is {positive!r}; {hint}")
    elif positive is not None and len(names) > 2:
        faults.append(f"positive: is for two classes, and there are {len(names)} ({_few(names)}); leave it out")
    outcome = Outcome("binary" if len(names) == 2 else "multiclass", tuple(names))
    return Target(outcome, {"label": codes}, codes, faults)


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
            f"label: {len(odd):,} sequences have no number, the first: {_few(odd.tolist())}; leave them out, or mend them"
        )
    elif len(values) and values.min() == values.max():
        faults.append(f"label: all {len(values):,} sequences have the number {values[0]:g}: nothing to learn")
    stratum = np.zeros(len(values), int) if faults else np.searchsorted(np.quantile(values, QUARTERS), values, side="left")
    return Target(Outcome("regression", ("score",)), {"label": values}, stratum, faults)


def _few(names: list[str]) -> str:
    return ", ".join(map(str, names[:SHOWN])) + ", …" * (len(names) > SHOWN)
