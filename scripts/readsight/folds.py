"""Repeated, grouped, stratified cross-validation: which example is what in which fold, and what leaks."""

import re
from collections import Counter
from typing import Any

import numpy as np
import pandas as pd

from readsight.errors import InputError

ROLES = ("train", "validation", "test")
TRIES = 50


def column(repeat: int, fold: int) -> str:
    """Name of the column of the split table that holds the roles of one fold."""
    return f"repeat{repeat}.fold{fold}"


def assign(labels: np.ndarray, groups: np.ndarray, spec: dict[str, Any], seed: int) -> pd.DataFrame:
    """Roles of n examples in every fold of every repeat; a group has one role in a fold.

    labels: (n,) classes. groups: (n,). spec: folds, repeats, validation (part of
    the training groups). Returns n × (repeats · folds) columns `repeat0.fold0`, …
    of train, validation, test: within a repeat each example is tested once.
    Raises InputError where groups or classes are too few for the folds.
    """
    check(labels, groups, spec["folds"])
    table = {}
    for repeat in range(spec["repeats"]):
        parts = _all_classes(labels, groups, spec["folds"], seed + 1000 * repeat)
        for fold, test in enumerate(parts):
            rest = np.setdiff1d(np.arange(len(labels)), test)
            scarce = min(len(set(groups[rest][labels[rest] == c])) for c in np.unique(labels))
            pieces = max(2, min(round(1 / spec["validation"]), scarce))
            held = _all_classes(labels[rest], groups[rest], pieces, seed + 1000 * repeat + 1 + fold, only_first=True)[0]
            roles = np.full(len(labels), "train", dtype=object)
            roles[test] = "test"
            roles[rest[held]] = "validation"
            table[column(repeat, fold)] = roles
    return pd.DataFrame(table)


def check(labels: np.ndarray, groups: np.ndarray, folds: int) -> None:
    """Raise InputError, naming the keys, where groups or a class's groups are fewer than the folds need."""
    total = len(set(groups))
    if total < folds:
        raise InputError(
            f"split.folds: {folds} folds, but there are only {total} groups; lower split.folds or make groups smaller (split.by, split.block)"
        )
    # Beside the test part, training and validation each need a group of the class.
    need = max(folds, 3) if folds > 2 else 4
    for value in np.unique(labels):
        own = len(set(groups[labels == value]))
        if own < need:
            raise InputError(
                f"split.folds: class {value} ({int((labels == value).sum())} examples) lies in only {own} groups, and {folds} folds "
                f"with a validation part need {need}; {_remedy(folds)}"
            )


def _remedy(folds: int) -> str:
    smaller = "make groups smaller (split.by, split.block)"
    return f"lower split.folds (3 needs fewest), or {smaller}" if folds > 3 else smaller


def _all_classes(labels: np.ndarray, groups: np.ndarray, parts: int, seed: int, only_first: bool = False) -> list[np.ndarray]:
    """Divide into parts that each hold every class, whole groups; the first of several draws that does.

    only_first: only the first part, and what is left of it, must. Else what a part leaves must have
    two groups of every class, so that it can be divided again.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    left = 1 if only_first else 2
    for attempt in range(2 * TRIES):
        draw = seed + 7919 * attempt
        if attempt < TRIES:
            splitter = StratifiedGroupKFold(parts, shuffle=True, random_state=draw)
            found = [held for _, held in splitter.split(np.zeros(len(labels)), labels, groups)]
        else:  # it draws among groups of equal composition alone, and may never come to a division that serves
            found = dealt(labels, groups, parts, draw)
        if all(_serves(labels, groups, held, left) for held in (found[:1] if only_first else found)):
            return found
    raise InputError(
        f"split.folds: no division into {parts} parts was found in which every part has every class; {_remedy(parts)}"
    )


def _serves(labels: np.ndarray, groups: np.ndarray, held: np.ndarray, left: int) -> bool:
    """Whether a part has every class, and what it leaves has at least `left` groups of every class."""
    rest = np.setdiff1d(np.arange(len(labels)), held)
    own, others = labels[held], labels[rest]
    return all((own == c).any() and len(set(groups[rest][others == c])) >= left for c in np.unique(labels))


def dealt(labels: np.ndarray, groups: np.ndarray, parts: int, seed: int) -> list[np.ndarray]:
    """Groups dealt out at random, those of the scarcest class first, each to a part with fewest groups of that class."""
    draw = np.random.default_rng(seed)
    of_class = [sorted(set(groups[labels == c])) for c in np.unique(labels)]
    part_of: dict = {}
    sizes = [0] * parts
    for own in sorted(of_class, key=len):
        there = Counter(part_of[group] for group in own if group in part_of)
        for group in draw.permutation([group for group in own if group not in part_of]).tolist():
            chosen = min(range(parts), key=lambda part: (there[part], sizes[part]))
            part_of[group] = chosen
            there[chosen] += 1
            sizes[chosen] += 1
    parted = np.array([part_of[group] for group in groups])
    return [np.flatnonzero(parted == part) for part in range(parts)]


def scattered(labels: np.ndarray, folds: int, repeats: int, seed: int) -> pd.DataFrame:
    """What a split that ignores groups would do: test or train, examples drawn one by one."""
    table = {}
    for repeat in range(repeats):
        draw = np.random.default_rng([seed, repeat]).permutation(len(labels)) % folds
        for fold in range(folds):
            table[column(repeat, fold)] = np.where(draw == fold, "test", "train")
    return pd.DataFrame(table)


def leakage(roles: pd.DataFrame, obs: pd.DataFrame, groups: np.ndarray, gap: int, same: np.ndarray) -> dict[str, float]:
    """Part of the test examples that have a relative on the training side, over all folds.

    obs: n examples, with chrom, start, end where they have coordinates. gap:
    bases within which two examples are neighbours (they can share reads). same:
    (n,) ids of examples that are equal in every feature. Returns fractions:
    same_group, neighbour (absent without coordinates), same_features.
    """
    counts: dict[str, float] = {}
    total = 0
    placed = {"chrom", "start", "end"} <= set(obs.columns)
    for name in roles:
        test = (roles[name] == "test").to_numpy()
        total += int(test.sum())
        found = {
            "same_group": np.isin(groups[test], groups[~test]).sum(),
            "same_features": np.isin(same[test], same[~test]).sum(),
        }
        if placed:
            found["neighbour"] = neighbours(obs, test, gap).sum()
        for kind, count in found.items():
            counts[kind] = counts.get(kind, 0) + int(count)
    return {kind: count / max(1, total) for kind, count in counts.items()}


def neighbours(obs: pd.DataFrame, test: np.ndarray, gap: int) -> np.ndarray:
    """Whether each test example has an example of the other side less than `gap` bases away; shape (number of tests,)."""
    near = np.zeros(len(obs), bool)
    places = np.arange(len(obs))
    for _, at in pd.Series(places).groupby(obs["chrom"].astype(str).to_numpy()):
        at = at.to_numpy()
        others = at[~test[at]]
        if not len(others):
            continue
        start, end = obs["start"].to_numpy(), obs["end"].to_numpy()
        reach = np.maximum.accumulate(end[others[np.argsort(start[others], kind="stable")]])
        starts = np.sort(start[others])
        own = at[test[at]]
        # Nearest other that starts before this one ends, by how far any such reaches; and the next that starts after.
        before = np.searchsorted(starts, end[own], side="left")
        left = np.where(before > 0, start[own] - reach[np.maximum(before - 1, 0)], np.inf)
        after = np.searchsorted(starts, start[own], side="left")
        right = np.where(after < len(starts), starts[np.minimum(after, len(starts) - 1)] - end[own], np.inf)
        near[own] = (left < gap) | (right < gap)
    return near[test]


def balance_of(roles: pd.DataFrame, labels: np.ndarray, groups: np.ndarray) -> list[dict[str, Any]]:
    """Examples, groups and classes of each role of each fold: a row a fold and role."""
    rows = []
    for name in roles:
        repeat, fold = (int(number) for number in re.findall(r"\d+", name))
        for role in ROLES:
            here = (roles[name] == role).to_numpy()
            rows.append(
                {
                    "repeat": repeat,
                    "fold": fold,
                    "role": role,
                    "examples": int(here.sum()),
                    "groups": len(set(groups[here])),
                    "classes": {str(c): int((labels[here] == c).sum()) for c in np.unique(labels)},
                }
            )
    return rows
