"""Repeated, grouped, stratified cross-validation: which example is what in which fold, and in which inner fold.

A division keeps groups whole, and each of its parts holds what is needed to learn and to score: every class; of
several labels each value; of survival an event (`needs`).
"""

import re
import warnings
from collections import Counter
from typing import Any

import numpy as np
import pandas as pd

from readsight.checks import group_sizes
from readsight.checks.group_sizes import fewest
from readsight.dataset.outcome import ALONG, Outcome
from readsight.errors import InputError

ROLES = ("train", "validation", "test")
TRIES = 50

# What every part must hold: its name in words, and which examples (n,) have it.
Need = tuple[str, np.ndarray]


def column(repeat: int, fold: int, inner: int | None = None) -> str:
    """Name of the column of the split table that holds the roles of one fold, or of one of its inner folds."""
    return f"repeat{repeat}.fold{fold}" + ("" if inner is None else f".inner{inner}")


def outer(columns: pd.Index | list[str]) -> list[str]:
    """Names of the columns that are folds, without the inner ones and the group."""
    return [name for name in columns if re.fullmatch(r"repeat\d+\.fold\d+", name)]


def inner(columns: pd.Index | list[str], fold: str) -> list[str]:
    """Names of the inner columns of a fold's column, in their order."""
    return sorted((n for n in columns if n.startswith(f"{fold}.inner")), key=lambda n: int(n.rpartition("inner")[2]))


def members(outcome: Outcome, obs: pd.DataFrame) -> list[Need]:
    """What examples are counted by: classes; labels that they have; survival: censored and event. Name and (n,) each.

    Numbers, and what is told along a sequence, are not counted apart.
    """
    if outcome.kind in ("regression", *ALONG):
        return [("examples", np.ones(len(obs), bool))]
    target = outcome.target(obs)
    if outcome.kind == "multilabel":
        return [(name, target[:, i] == 1) for i, name in enumerate(outcome.classes)]
    if outcome.kind == "survival":
        return [("censored", target[:, 1] == 0), ("event", target[:, 1] > 0)]
    return [(name, target == i) for i, name in enumerate(outcome.classes)]


def needs(outcome: Outcome, obs: pd.DataFrame) -> list[Need]:
    """What every part of a division must hold of these examples."""
    counted = members(outcome, obs)
    if outcome.kind == "survival":
        return counted[1:]
    if outcome.kind in ("regression", *ALONG):
        return counted
    if outcome.kind == "multilabel":
        return [(f"label {name} = {v}", own if v else ~own) for name, own in counted for v in (0, 1)]
    return [(f"class {name}", own) for name, own in counted]


def assign(
    strata: np.ndarray,
    groups: np.ndarray,
    spec: dict[str, Any],
    seed: int,
    wanted: list[Need] | None = None,
    batches: np.ndarray | None = None,
) -> pd.DataFrame:
    """Roles of n examples in every fold of every repeat; a group has one role in a fold.

    strata: (n,) integers, spread evenly over the folds. groups: (n,). spec: folds, repeats, and inner (folds of
    the training part: nested) or validation (part of the training groups held out). wanted: what each part must
    hold; the strata themselves by default. batches: (n,), of which, where a division can be found, training parts keep
    enough to tell how each varies. Returns columns `repeat0.fold0`, … of train, validation, test (nested:
    train, test; and `repeat0.fold0.inner0`, … of train, validation, empty for the fold's test examples): within a
    repeat each example is tested once, or at most once where only `tested` folds are asked for. Raises InputError where groups, or those of a class, are too few.
    """
    groups = np.unique(groups, return_inverse=True)[1].reshape(-1)
    wanted = wanted or [(f"class {value}", strata == value) for value in np.unique(strata)]
    check(groups, wanted, spec)
    table = {}
    for repeat in range(spec["repeats"]):
        draw = seed + 1000 * repeat
        for fold, test in enumerate(
            parted(strata, groups, wanted, spec["folds"], draw, _left(spec), spec, batches=batches)[: spec.get("tested")]
        ):
            table |= within(column(repeat, fold), test, strata, groups, wanted, spec, draw + 1 + fold, batches)
    return pd.DataFrame(table)


def as_given(
    roles: np.ndarray,
    strata: np.ndarray,
    groups: np.ndarray,
    spec: dict[str, Any],
    seed: int,
    wanted: list[Need],
    batches: np.ndarray | None = None,
) -> pd.DataFrame:
    """A split that the data bring as `repeat0.fold0`, and beside it divisions of the same sizes drawn anew.

    roles: (n,) of train and test; where there is a validation too, it stands as given. spec: resplits (how many:
    `repeat1.fold0`, …, of whole groups, stratified), inner or validation. Raises InputError where a side is empty, or its training part cannot be divided again.
    """
    groups = np.unique(groups, return_inverse=True)[1].reshape(-1)
    test = np.flatnonzero(roles == "test")
    if not 0 < len(test) < len(roles):
        side = "training" if len(test) else "test"
        raise InputError(f"split.given: the split that the data bring has no {side} sample; set split.by to group")
    whole = bool((roles == "validation").any())
    train = np.flatnonzero(roles != "test")
    few = (
        []
        if whole and not spec.get("resplits")
        else [
            f"split.given: {name} ({int(own[train].sum())} training examples) lies in only {_kinds(groups[train][own[train]])} "
            f"groups of the training part, and it needs {_left(spec)} there to be divided again (split.inner); "
            "leave the class out, or set split.by to group"
            for name, own in wanted
            if _kinds(groups[train][own[train]]) < _left(spec)
        ]
    )
    if few:
        raise InputError(few)
    if whole:
        hold(roles, wanted, "split.given: the split that the data bring")
        table = {column(0, 0): roles.astype(object)}
    else:
        table = within(column(0, 0), test, strata, groups, wanted, spec, seed + 1, batches)
    for number in range(spec.get("resplits", 0)):
        draw = seed + 1000 + number
        anew = redrawn(len(test), strata, groups, wanted, spec, draw, batches)
        table |= within(column(1, number), anew, strata, groups, wanted, spec, draw, batches)
    return pd.DataFrame(table)


def hold(roles: np.ndarray, wanted: list[Need], what: str) -> None:
    """Raise InputError where a role of a division (n,) lacks what is wanted. what: the division, for the message."""
    lacks = [
        f"{what} has no example of {name} for {role} (of {int((roles == role).sum())}); divide otherwise, or leave it out"
        for role in ROLES
        for name, own in wanted
        if not (own & (roles == role)).any()
    ]
    if lacks:
        raise InputError(lacks)


def within(
    name: str,
    test: np.ndarray,
    strata: np.ndarray,
    groups: np.ndarray,
    wanted: list[Need],
    spec: dict[str, Any],
    seed: int,
    batches: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """Columns of one fold, its test examples (indices) given: roles, and those of the inner folds where there are any."""
    roles = np.full(len(strata), "train", dtype=object)
    roles[test] = "test"
    rest = np.setdiff1d(np.arange(len(strata)), test)
    own = [(words, mask[rest]) for words, mask in wanted]
    if spec.get("inner"):
        table = {name: roles}
        of_rest = None if batches is None else batches[rest]
        flat = spec | {"inner": None}
        for number, held in enumerate(
            parted(strata[rest], groups[rest], own, spec["inner"], seed, 1, spec, batches=of_rest, kept=_kept(flat))
        ):
            part = np.full(len(strata), "", dtype=object)
            part[rest] = "train"
            part[rest[held]] = "validation"
            table[f"{name}.inner{number}"] = part
        return table
    scarce = min(_kinds(groups[rest][mask]) for _, mask in own)
    pieces = max(2, min(round(1 / spec["validation"]), scarce))
    roles[rest[parted(strata[rest], groups[rest], own, pieces, seed, 1, spec, only_first=True)[0]]] = "validation"
    return {name: roles}


def _left(spec: dict[str, Any]) -> int:
    """Groups of each class that a test part must leave, so that what is left can be divided again."""
    return spec.get("inner") or 2


def _kinds(groups: np.ndarray) -> int:
    return len(np.unique(groups))


def check(groups: np.ndarray, wanted: list[Need], spec: dict[str, Any]) -> None:
    """Raise InputError, naming the keys, where groups or a class's groups are fewer than the folds need."""
    count, left, total = spec["folds"], _left(spec), _kinds(groups)
    if total < count:
        raise InputError(f"split.folds: {count} folds, but there are only {total} groups; {_remedy(spec, total)}")
    need = fewest(count, left)
    second = f"with {spec['inner']} inner folds" if spec.get("inner") else "with a validation part"
    few = [(name, own, _kinds(groups[own])) for name, own in wanted]
    faults = [
        f"split.folds: {name} ({int(own.sum())} examples) lies in only {has} groups, and {count} folds {second} "
        f"need {need}; {_remedy(spec, has)}"
        for name, own, has in few
        if has < need
    ]
    if faults:
        raise InputError(faults)


def _remedy(spec: dict[str, Any], has: int) -> str:
    """What would make a division possible, with `has` groups of the scarcest class."""
    count, left = spec["folds"], _left(spec)
    able = [
        (f, i) for i in range(left, 1, -1) if i == left or spec.get("inner") for f in range(count, 1, -1) if fewest(f, i) <= has
    ]
    able = [(f, i) for f, i in able if (f, i) != (count, left)]
    inner = f" and split.inner to {able[0][1]}" if able and able[0][1] != left else ""
    fewer = f"split.folds to {able[0][0]}{inner}" if able and able[0][0] != count else inner.removeprefix(" and ")
    ways = [f"lower {fewer}"] if able else []
    if spec.get("by", "block") in ("block", "chromosome"):
        ways.append("make groups smaller (split.by, split.block)")
    elif spec["by"] == "homology":
        ways.append("raise split.identity or split.coverage, so that fewer sequences are taken to be alike")
    else:
        ways.append("bring more samples of it, leave it out, or join it with another class")
    return ", or ".join(ways)


def parted(
    strata: np.ndarray,
    groups: np.ndarray,
    wanted: list[Need],
    parts: int,
    seed: int,
    left: int,
    spec: dict[str, Any],
    only_first: bool = False,
    batches: np.ndarray | None = None,
    kept: int | None = None,
) -> list[np.ndarray]:
    """Divide into parts (indices) of whole groups that each hold all that is wanted; the first of several draws that does.

    left: groups of each that a part must leave. only_first: only the first part must. batches: (n,), of each of which
    every part leaves `kept` examples, if one of the draws does so.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    serving = None
    kept = _kept(spec) if kept is None else kept
    for attempt in range(2 * TRIES):
        draw = seed + 7919 * attempt
        if attempt < TRIES and np.bincount(np.unique(strata, return_inverse=True)[1].reshape(-1)).max() >= parts:
            splitter = StratifiedGroupKFold(parts, shuffle=True, random_state=draw)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # a stratum rarer than the folds: what is needed is checked here
                found = [held for _, held in splitter.split(np.zeros(len(strata)), strata, groups)]
        else:  # it draws among groups of equal composition alone, and may never come to a division that serves
            found = dealt(groups, wanted, parts, draw)
        if all(_serves(groups, wanted, held, left) for held in (found[:1] if only_first else found)):
            if all(_leaves(batches, held, kept) for held in found):
                return found
            serving = serving or found
    if serving:
        return serving
    names = ", ".join(name for name, _ in wanted)
    raise InputError(
        f"split.folds: no division into {parts} parts was found in which every part has {names}; {_remedy(spec, 2 * parts)}"
    )


def _serves(groups: np.ndarray, wanted: list[Need], held: np.ndarray, left: int) -> bool:
    """Whether a part has all that is wanted, and what it leaves has at least `left` groups of each."""
    here = np.zeros(len(groups), bool)
    here[held] = True
    return all((own & here).any() and _kinds(groups[own & ~here]) >= left for _, own in wanted)


def _kept(spec: dict[str, Any]) -> int:
    """Examples of a batch that a test part must leave, so that what is left, divided again, has enough of it."""
    return group_sizes.of_batch(spec["inner"]) if spec.get("inner") else group_sizes.OF_A_BATCH


def _leaves(batches: np.ndarray | None, held: np.ndarray, kept: int) -> bool:
    """Whether a part leaves so many examples of every batch."""
    if batches is None:
        return True
    codes = np.unique(batches, return_inverse=True)[1].reshape(-1)
    return bool((np.bincount(np.delete(codes, held), minlength=codes.max() + 1) >= kept).all())


def dealt(groups: np.ndarray, wanted: list[Need], parts: int, seed: int) -> list[np.ndarray]:
    """Groups dealt out at random, those of the scarcest class first, each to a part with fewest groups of that class."""
    draw = np.random.default_rng(seed)
    of_class = sorted((np.unique(groups[own]).tolist() for _, own in wanted), key=len)
    part_of: dict = {}
    sizes = [0] * parts
    for own in [*of_class, np.unique(groups).tolist()]:
        there = Counter(part_of[group] for group in own if group in part_of)
        for group in draw.permutation([group for group in own if group not in part_of]).tolist():
            chosen = min(range(parts), key=lambda part: (there[part], sizes[part]))
            part_of[group] = chosen
            there[chosen] += 1
            sizes[chosen] += 1
    at = np.array([part_of[group] for group in groups.tolist()])
    return [np.flatnonzero(at == part) for part in range(parts)]


def redrawn(
    size: int,
    strata: np.ndarray,
    groups: np.ndarray,
    wanted: list[Need],
    spec: dict[str, Any],
    seed: int,
    batches: np.ndarray | None = None,
) -> np.ndarray:
    """Indices of a test part of about `size` examples: whole groups, each stratum in proportion.

    Groups come in random order, and one is taken where that brings the numbers of the strata nearer to their due; then
    of those left, one that brings them and their sum nearer. Where each example is its own group the due is met exactly.
    """
    kinds, place = np.unique(strata, return_inverse=True)
    counts = np.zeros((_kinds(groups), len(kinds)))
    np.add.at(counts, (groups, place.reshape(-1)), 1)
    serving = None
    for attempt in range(TRIES):
        draw = np.random.default_rng([seed, attempt])
        missing = _due(size, counts.sum(axis=0), draw)
        taken = []
        order = draw.permutation(len(counts))
        for weight in (0, 1):
            for group in np.setdiff1d(order, taken, assume_unique=True):
                if _far(missing - counts[group], weight) < _far(missing, weight):
                    taken.append(group)
                    missing = missing - counts[group]
        test = np.flatnonzero(np.isin(groups, taken))
        if _serves(groups, wanted, test, _left(spec)):
            if _leaves(batches, test, _kept(spec)):
                return test
            serving = test if serving is None else serving
    if serving is not None:
        return serving
    raise InputError(
        f"split.resplits: no division with {size} test samples was found in which both sides have "
        f"{', '.join(name for name, _ in wanted)}; set split.resplits to 0"
    )


def _far(missing: np.ndarray, weight: float) -> float:
    """How far numbers of strata, and with a weight their sum, are from their due."""
    return float((missing**2).sum() + weight * missing.sum() ** 2)


def _due(size: int, totals: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """`size` shared out over strata in proportion to their totals: whole numbers, remainders to the largest, ties drawn."""
    share = size * totals / totals.sum()
    due = np.floor(share)
    order = np.lexsort((draw.random(len(share)), -(share - due)))
    due[order[: int(round(size - due.sum()))]] += 1
    return due


def balance_of(roles: pd.DataFrame, counted: list[Need], groups: np.ndarray) -> list[dict[str, Any]]:
    """Examples, groups and classes of each role of each fold and inner fold: a row each.

    counted: as of `members`; `classes` counts them by their place, as text.
    """
    rows = []
    for name in roles:
        repeat, fold, *own = (int(number) for number in re.findall(r"\d+", name))
        for role in ROLES:
            here = (roles[name] == role).to_numpy()
            if not here.any():
                continue
            about = {"repeat": repeat, "fold": fold} | ({"inner": own[0]} if own else {})
            sizes = {"role": role, "examples": int(here.sum()), "groups": _kinds(groups[here])}
            rows.append(about | sizes | {"classes": {str(i): int(mask[here].sum()) for i, (_, mask) in enumerate(counted)}})
    return rows
