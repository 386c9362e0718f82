"""Repeated, grouped, stratified cross-validation: the role of each example in every fold and inner fold.

Groups are never divided, and each partition has what training and scoring need: every class; for multilabel outcomes
both values of each label; for survival an event (`list_requirements`).
"""

import re
import warnings
from collections import Counter
from typing import Any

import numpy as np
import pandas as pd

from readsight.checks import group_sizes
from readsight.checks.group_sizes import compute_min_groups
from readsight.dataset.outcome import POSITIONAL_KINDS, Outcome
from readsight.errors import InputError

ROLES = ("train", "validation", "test")
MAX_ATTEMPTS = 50

# A category that every partition must contain: its display name, and a mask (n,) of its examples.
Requirement = tuple[str, np.ndarray]


def fold_column(repeat: int, fold: int, inner: int | None = None) -> str:
    """Column of the split table with the roles of one fold, or of one of its inner folds."""
    return f"repeat{repeat}.fold{fold}" + ("" if inner is None else f".inner{inner}")


def outer_columns(columns: pd.Index | list[str]) -> list[str]:
    """Names of the fold columns, without inner folds and group."""
    return [name for name in columns if re.fullmatch(r"repeat\d+\.fold\d+", name)]


def inner_columns(columns: pd.Index | list[str], fold: str) -> list[str]:
    """Names of the inner columns of a fold's column, in order."""
    return sorted((n for n in columns if n.startswith(f"{fold}.inner")), key=lambda n: int(n.rpartition("inner")[2]))


def class_masks(outcome: Outcome, obs: pd.DataFrame) -> list[Requirement]:
    """Categories to count: classes; positives of each label; for survival censored and event. Name and mask (n,) of each.

    Numbers and positional targets form a single category.
    """
    if outcome.kind in ("regression", *POSITIONAL_KINDS):
        return [("examples", np.ones(len(obs), bool))]
    target = outcome.read_target(obs)
    if outcome.kind == "multilabel":
        return [(name, target[:, i] == 1) for i, name in enumerate(outcome.classes)]
    if outcome.kind == "survival":
        return [("censored", target[:, 1] == 0), ("event", target[:, 1] > 0)]
    return [(name, target == i) for i, name in enumerate(outcome.classes)]


def list_requirements(outcome: Outcome, obs: pd.DataFrame) -> list[Requirement]:
    """Categories that every partition must contain."""
    masks = class_masks(outcome, obs)
    if outcome.kind == "survival":
        return masks[1:]
    if outcome.kind in ("regression", *POSITIONAL_KINDS):
        return masks
    if outcome.kind == "multilabel":
        return [(f"label {name} = {v}", is_member if v else ~is_member) for name, is_member in masks for v in (0, 1)]
    return [(f"class {name}", is_member) for name, is_member in masks]


def assign_folds(
    strata: np.ndarray,
    groups: np.ndarray,
    spec: dict[str, Any],
    seed: int,
    requirements: list[Requirement] | None = None,
    batches: np.ndarray | None = None,
) -> pd.DataFrame:
    """Roles of n examples in every fold of every repeat; a group has one role in a fold.

    strata: (n,) integers, balanced over the folds. groups: (n,). spec: folds, repeats, and inner (number of inner folds:
    nested) or validation (fraction of the training groups). requirements: what each partition must contain; default: the
    strata. batches: (n,); if possible, training sets keep enough samples of each to estimate its variance. Returns columns
    `repeat0.fold0`, … of train, validation, test (nested: train, test; and `repeat0.fold0.inner0`, … of train, validation,
    empty for the fold's test examples). Each example is tested once per repeat, or at most once with `tested` folds.
    Raises InputError if there are too few groups, overall or of a class.
    """
    groups = np.unique(groups, return_inverse=True)[1].reshape(-1)
    requirements = requirements or [(f"class {value}", strata == value) for value in np.unique(strata)]
    check_groups(groups, requirements, spec)
    table = {}
    for repeat in range(spec["repeats"]):
        fold_seed = seed + 1000 * repeat
        folds = divide_groups(
            strata, groups, requirements, spec["folds"], fold_seed, _groups_to_leave(spec), spec, batches=batches
        )
        for fold, test in enumerate(folds[: spec.get("tested")]):
            name = fold_column(repeat, fold)
            table |= divide_training(name, test, strata, groups, requirements, spec, fold_seed + 1 + fold, batches)
    return pd.DataFrame(table)


def use_given_split(
    roles: np.ndarray,
    strata: np.ndarray,
    groups: np.ndarray,
    spec: dict[str, Any],
    seed: int,
    requirements: list[Requirement],
    batches: np.ndarray | None = None,
) -> pd.DataFrame:
    """A user-provided split as `repeat0.fold0`, and resplits of the same sizes.

    roles: (n,) of train and test; validation is kept if present. spec: resplits (their number: `repeat1.fold0`, …, grouped
    and stratified), inner or validation. Raises InputError if a side is empty, or its training set cannot be divided.
    """
    groups = np.unique(groups, return_inverse=True)[1].reshape(-1)
    test = np.flatnonzero(roles == "test")
    if not 0 < len(test) < len(roles):
        side = "training" if len(test) else "test"
        raise InputError(f"split.given: the given split has no {side} sample; set split.by to group")
    has_validation = bool((roles == "validation").any())
    train = np.flatnonzero(roles != "test")
    needed = _groups_to_leave(spec)
    scarce = [
        f"split.given: {name} ({int(is_member[train].sum())} training examples) is in only {count} groups of the training set, "
        f"but needs {needed} to be divided again (split.inner); exclude the class, or set split.by to group"
        for name, is_member in requirements
        if (count := _count_unique(groups[train][is_member[train]])) < needed
    ]
    if scarce and (spec.get("resplits") or not has_validation):
        raise InputError(scarce)
    if has_validation:
        check_roles(roles, requirements, "split.given: the given split")
        table = {fold_column(0, 0): roles.astype(object)}
    else:
        table = divide_training(fold_column(0, 0), test, strata, groups, requirements, spec, seed + 1, batches)
    for number in range(spec.get("resplits", 0)):
        resplit_seed = seed + 1000 + number
        resplit_test = draw_test_set(len(test), strata, groups, requirements, spec, resplit_seed, batches)
        table |= divide_training(fold_column(1, number), resplit_test, strata, groups, requirements, spec, resplit_seed, batches)
    return pd.DataFrame(table)


def check_roles(roles: np.ndarray, requirements: list[Requirement], division_name: str) -> None:
    """Raise InputError if a role of a division (n,) lacks a requirement. division_name: for the message."""
    faults = [
        f"{division_name} has no example of {name} for {role} (of {int((roles == role).sum())}); change the split, or exclude the class"
        for role in ROLES
        for name, is_member in requirements
        if not (is_member & (roles == role)).any()
    ]
    if faults:
        raise InputError(faults)


def divide_training(
    name: str,
    test: np.ndarray,
    strata: np.ndarray,
    groups: np.ndarray,
    requirements: list[Requirement],
    spec: dict[str, Any],
    seed: int,
    batches: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """Columns of one fold with the given test examples (indices): roles, and those of the inner folds if configured."""
    roles = np.full(len(strata), "train", dtype=object)
    roles[test] = "test"
    training = np.setdiff1d(np.arange(len(strata)), test)
    training_requirements = [(label, mask[training]) for label, mask in requirements]
    training_set = strata[training], groups[training], training_requirements
    if spec.get("inner"):
        table = {name: roles}
        training_batches = None if batches is None else batches[training]
        minimum = _batch_minimum(spec | {"inner": None})
        folds = divide_groups(*training_set, spec["inner"], seed, 1, spec, batches=training_batches, batch_minimum=minimum)
        for number, validation in enumerate(folds):
            inner_roles = np.full(len(strata), "", dtype=object)
            inner_roles[training] = "train"
            inner_roles[training[validation]] = "validation"
            table[f"{name}.inner{number}"] = inner_roles
        return table
    fewest_groups = min(_count_unique(groups[training][mask]) for _, mask in training_requirements)
    fold_count = max(2, min(round(1 / spec["validation"]), fewest_groups))
    validation = divide_groups(*training_set, fold_count, seed, 1, spec, only_first=True)[0]
    roles[training[validation]] = "validation"
    return {name: roles}


def _groups_to_leave(spec: dict[str, Any]) -> int:
    """Groups of each class that must remain outside a test set, so that the training set can be divided again."""
    return spec.get("inner") or 2


def _count_unique(groups: np.ndarray) -> int:
    return len(np.unique(groups))


def check_groups(groups: np.ndarray, requirements: list[Requirement], spec: dict[str, Any]) -> None:
    """Raise InputError, naming the config keys, if there are too few groups, overall or of a class."""
    fold_count, to_leave, total = spec["folds"], _groups_to_leave(spec), _count_unique(groups)
    if total < fold_count:
        raise InputError(f"split.folds: {fold_count} folds, but there are only {total} groups; {_suggest_remedy(spec, total)}")
    needed = compute_min_groups(fold_count, to_leave)
    second = f"with {spec['inner']} inner folds" if spec.get("inner") else "with a validation set"
    counted = [(name, is_member, _count_unique(groups[is_member])) for name, is_member in requirements]
    faults = [
        f"split.folds: {name} ({int(is_member.sum())} examples) is in only {group_count} groups, and {fold_count} folds {second} "
        f"need {needed}; {_suggest_remedy(spec, group_count, name)}"
        for name, is_member, group_count in counted
        if group_count < needed
    ]
    if faults:
        raise InputError(faults)


def _suggest_remedy(spec: dict[str, Any], group_count: int, requirement: str = "") -> str:
    """Settings that allow a division if the scarcest class has `group_count` groups. requirement: its name."""
    fold_count, to_leave = spec["folds"], _groups_to_leave(spec)
    inner_counts = range(to_leave, 1, -1) if spec.get("inner") else [to_leave]
    candidates = ((f, i) for i in inner_counts for f in range(fold_count, 1, -1) if (f, i) != (fold_count, to_leave))
    folds, inner_folds = next((c for c in candidates if compute_min_groups(*c) <= group_count), (fold_count, to_leave))
    settings = [f"split.folds to {folds}"] * (folds != fold_count) + [f"split.inner to {inner_folds}"] * (inner_folds != to_leave)
    remedies = [f"lower {' and '.join(settings)}"] if settings else []
    if spec.get("by", "block") in ("block", "chromosome"):
        remedies.append("make groups smaller (split.by, split.block)")
    elif spec["by"] == "homology":
        remedies.append("raise split.identity or split.coverage, so that fewer sequences count as similar")
    elif requirement.startswith("class "):
        remedies.append(f"add samples of {requirement}, exclude it, or merge it with another class")
    elif requirement.startswith("label "):
        remedies.append(f"add samples of {requirement}, or exclude the label")
    else:
        remedies.append("add groups")
    return ", or ".join(remedies)


def divide_groups(
    strata: np.ndarray,
    groups: np.ndarray,
    requirements: list[Requirement],
    fold_count: int,
    seed: int,
    groups_left: int,
    spec: dict[str, Any],
    only_first: bool = False,
    batches: np.ndarray | None = None,
    batch_minimum: int | None = None,
) -> list[np.ndarray]:
    """Divide groups into folds (indices) that all meet the requirements: the first of several random draws that does.

    groups_left: groups of each class that must remain outside a fold. only_first: only the first fold must comply.
    batches: (n,); draws whose folds leave `batch_minimum` examples of each batch are preferred.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    acceptable = None
    batch_minimum = _batch_minimum(spec) if batch_minimum is None else batch_minimum
    for attempt in range(2 * MAX_ATTEMPTS):
        attempt_seed = seed + 7919 * attempt
        if attempt < MAX_ATTEMPTS and np.bincount(np.unique(strata, return_inverse=True)[1].reshape(-1)).max() >= fold_count:
            splitter = StratifiedGroupKFold(fold_count, shuffle=True, random_state=attempt_seed)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # a stratum rarer than the folds; the requirements are checked below
                divisions = [indices for _, indices in splitter.split(np.zeros(len(strata)), strata, groups)]
        else:  # StratifiedGroupKFold permutes only groups of equal composition and may never meet the requirements
            divisions = deal_groups(groups, requirements, fold_count, attempt_seed)
        if all(
            _meets_requirements(groups, requirements, indices, groups_left)
            for indices in (divisions[:1] if only_first else divisions)
        ):
            if all(_keeps_batches(batches, indices, batch_minimum) for indices in divisions):
                return divisions
            acceptable = acceptable or divisions
    if acceptable:
        return acceptable
    names = ", ".join(name for name, _ in requirements)
    raise InputError(
        f"split.folds: no division into {fold_count} folds has {names} in every fold; {_suggest_remedy(spec, 2 * fold_count)}"
    )


def _meets_requirements(groups: np.ndarray, requirements: list[Requirement], indices: np.ndarray, groups_left: int) -> bool:
    """Whether a subset has everything required, and its complement at least `groups_left` groups of each category."""
    is_selected = np.zeros(len(groups), bool)
    is_selected[indices] = True
    return all(
        (is_member & is_selected).any() and _count_unique(groups[is_member & ~is_selected]) >= groups_left
        for _, is_member in requirements
    )


def _batch_minimum(spec: dict[str, Any]) -> int:
    """Examples of a batch that must remain outside a test set, so that the training set can be divided again."""
    return group_sizes.compute_min_batch_size(spec["inner"]) if spec.get("inner") else group_sizes.MIN_PER_BATCH


def _keeps_batches(batches: np.ndarray | None, indices: np.ndarray, batch_minimum: int) -> bool:
    """Whether enough examples of every batch remain outside a subset."""
    if batches is None:
        return True
    codes = np.unique(batches, return_inverse=True)[1].reshape(-1)
    return bool((np.bincount(np.delete(codes, indices), minlength=codes.max() + 1) >= batch_minimum).all())


def deal_groups(groups: np.ndarray, requirements: list[Requirement], fold_count: int, seed: int) -> list[np.ndarray]:
    """Deal groups out at random, scarcest class first, each to a fold with the fewest groups of that class."""
    rng = np.random.default_rng(seed)
    groups_by_class = sorted((np.unique(groups[is_member]).tolist() for _, is_member in requirements), key=len)
    fold_of: dict = {}
    sizes = [0] * fold_count
    for class_groups in [*groups_by_class, np.unique(groups).tolist()]:
        class_counts = Counter(fold_of[group] for group in class_groups if group in fold_of)
        for group in rng.permutation([group for group in class_groups if group not in fold_of]).tolist():
            target_fold = min(range(fold_count), key=lambda fold: (class_counts[fold], sizes[fold]))
            fold_of[group] = target_fold
            class_counts[target_fold] += 1
            sizes[target_fold] += 1
    fold_of_example = np.array([fold_of[group] for group in groups.tolist()])
    return [np.flatnonzero(fold_of_example == fold) for fold in range(fold_count)]


def draw_test_set(
    size: int,
    strata: np.ndarray,
    groups: np.ndarray,
    requirements: list[Requirement],
    spec: dict[str, Any],
    seed: int,
    batches: np.ndarray | None = None,
) -> np.ndarray:
    """Indices of a test set of about `size` examples: complete groups, each stratum in proportion.

    Groups come in random order. One is taken if that brings the stratum sizes closer to their targets; then, of the
    remaining groups, one that also improves the total. Without groups the target is met exactly.
    """
    stratum_values, stratum_index = np.unique(strata, return_inverse=True)
    counts = np.zeros((_count_unique(groups), len(stratum_values)))
    np.add.at(counts, (groups, stratum_index.reshape(-1)), 1)
    acceptable = None
    for attempt in range(MAX_ATTEMPTS):
        rng = np.random.default_rng([seed, attempt])
        missing = _apportion(size, counts.sum(axis=0), rng)
        taken = []
        order = rng.permutation(len(counts))
        for weight in (0, 1):
            for group in np.setdiff1d(order, taken, assume_unique=True):
                if _distance_to_due(missing - counts[group], weight) < _distance_to_due(missing, weight):
                    taken.append(group)
                    missing = missing - counts[group]
        test = np.flatnonzero(np.isin(groups, taken))
        if _meets_requirements(groups, requirements, test, _groups_to_leave(spec)):
            if _keeps_batches(batches, test, _batch_minimum(spec)):
                return test
            acceptable = test if acceptable is None else acceptable
    if acceptable is not None:
        return acceptable
    raise InputError(
        f"split.resplits: no division with {size} test samples has on both sides "
        f"{', '.join(name for name, _ in requirements)}; set split.resplits to 0"
    )


def _distance_to_due(missing: np.ndarray, weight: float) -> float:
    """Distance of stratum sizes, and with a weight of their sum, from their targets."""
    return float((missing**2).sum() + weight * missing.sum() ** 2)


def _apportion(size: int, totals: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """`size` distributed over strata in proportion to their totals: largest remainders first, ties at random."""
    exact = size * totals / totals.sum()
    due = np.floor(exact)
    order = np.lexsort((rng.random(len(exact)), -(exact - due)))
    due[order[: int(round(size - due.sum()))]] += 1
    return due


def count_roles(roles: pd.DataFrame, masks: list[Requirement], groups: np.ndarray) -> list[dict[str, Any]]:
    """Examples, groups and classes of each role of each fold and inner fold: one row each.

    masks: as in `class_masks`; `classes` counts them by index, as text.
    """
    rows = []
    for name in roles:
        repeat, fold, *inner_numbers = (int(number) for number in re.findall(r"\d+", name))
        for role in ROLES:
            is_in_role = (roles[name] == role).to_numpy()
            if not is_in_role.any():
                continue
            fold_id = {"repeat": repeat, "fold": fold} | ({"inner": inner_numbers[0]} if inner_numbers else {})
            sizes = {"role": role, "examples": int(is_in_role.sum()), "groups": _count_unique(groups[is_in_role])}
            rows.append(fold_id | sizes | {"classes": {str(i): int(mask[is_in_role].sum()) for i, (_, mask) in enumerate(masks)}})
    return rows
