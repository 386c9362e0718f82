"""Splits by named chromosomes, and exclusion of training examples related to evaluation examples."""

from typing import Any

import numpy as np
import pandas as pd

from readsight.dataset import cross_validation
from readsight.dataset.cross_validation import Requirement
from readsight.dataset.homology import Relatives
from readsight.errors import InputError

LEARNING_ROLES = (("test", ("train", "validation")), ("validation", ("train",)))
CONFIG_KEYS = {"test": "split.test_chromosomes", "validation": "split.validation_chromosomes"}


def assign_by_chromosome(
    strata: np.ndarray, chrom: np.ndarray, spec: dict[str, Any], seed: int, requirements: list[Requirement]
) -> pd.DataFrame:
    """Roles of n examples, `repeat0.fold0`: the named chromosomes are used for test and validation.

    chrom: (n,). spec: test_chromosomes; validation_chromosomes, drawn at random if empty (about the fraction `validation`
    of the remaining examples). Raises InputError for absent chromosomes and for a role that lacks a required class.
    """
    present = sorted(set(chrom.tolist()))
    faults = [
        f"{CONFIG_KEYS[role]}: no example lies on {', '.join(missing)}; available: {', '.join(present)}"
        for role in CONFIG_KEYS
        if (missing := [name for name in spec[f"{role}_chromosomes"] if name not in present])
    ]
    if faults:
        raise InputError(faults)
    is_test = np.isin(chrom, spec["test_chromosomes"])
    roles = np.where(is_test, "test", "train").astype(object)
    if spec["validation_chromosomes"]:
        roles[np.isin(chrom, spec["validation_chromosomes"])] = "validation"
    else:
        scarce = [
            f"split.test_chromosomes: {name} lies on {len(chromosomes)} of the remaining chromosomes ({', '.join(sorted(chromosomes)) or 'none'}), "
            "but needs two, for training and validation; test on fewer chromosomes, or set split.by to homology"
            for name, is_member in requirements
            if len(chromosomes := set(chrom[is_member & ~is_test].tolist())) < 2
        ]
        if scarce:
            raise InputError(scarce)
        groups = np.unique(chrom, return_inverse=True)[1].reshape(-1)
        flat_spec = spec | {"inner": None}
        roles = cross_validation.divide_training(
            "roles", np.flatnonzero(is_test), strata, groups, requirements, flat_spec, seed + 1
        )["roles"]
    cross_validation.check_roles(roles, requirements, "split.test_chromosomes: this split")
    return pd.DataFrame({cross_validation.fold_column(0, 0): roles})


def exclude_relatives(roles: pd.DataFrame, relatives: Relatives, requirements: list[Requirement]) -> pd.DataFrame:
    """Roles without relatives on two sides; the test set stays complete.

    roles: one column per fold. Training and validation examples similar to a test example get the role "" (excluded),
    and then training examples similar to a validation example. Raises InputError if a role then lacks a requirement.
    """
    table = {}
    for name in roles:
        fold_roles = roles[name].to_numpy(object).copy()
        while sum(_exclude_related(fold_roles, side, learning_roles, relatives) for side, learning_roles in LEARNING_ROLES):
            pass
        excluded = int((fold_roles == "").sum())
        cross_validation.check_roles(
            fold_roles,
            requirements,
            f"split.by: the split {name}, without {excluded} examples similar to evaluation examples,",
        )
        table[name] = fold_roles
    return pd.DataFrame(table, index=roles.index)


def _exclude_related(roles: np.ndarray, side: str, learning_roles: tuple[str, ...], relatives: Relatives) -> int:
    """Clear in place the roles of learning examples that are similar to the examples of one side. Returns their number.

    The search is repeated until it finds nothing, and by the caller after another side has changed. The certificate then
    repeats the same search on the same sequences and finds nothing either.
    """
    is_reference, is_candidate = roles == side, np.isin(roles, learning_roles)
    is_related = is_candidate & np.isin(relatives.identical_either_strand, relatives.identical_either_strand[is_reference])
    count = 0
    while True:
        roles[is_related] = ""
        is_candidate &= ~is_related
        count += int(is_related.sum())
        is_related = relatives.find_similar(is_reference, is_candidate)
        if not is_related.any():
            return count


def count_excluded(roles: pd.DataFrame, groups: np.ndarray) -> list[dict[str, Any]]:
    """Excluded examples per fold, by the role of the remaining examples of their group: one row per fold."""
    rows = []
    for name in roles:
        fold_roles = roles[name].to_numpy(str)
        is_kept = fold_roles != ""
        role_of_group = dict(zip(groups[is_kept].tolist(), fold_roles[is_kept].tolist(), strict=True))
        excluded = [role_of_group.get(group, "train") for group in groups[~is_kept].tolist()]
        rows.append({"fold": name} | {role: excluded.count(role) for role in ("train", "validation")})
    return rows
