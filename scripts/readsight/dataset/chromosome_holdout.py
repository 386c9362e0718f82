"""Divisions by named chromosomes, and leaving out of training what is related to what is tested on."""

from typing import Any

import numpy as np
import pandas as pd

from readsight.dataset import cross_validation
from readsight.dataset.cross_validation import Need
from readsight.dataset.homology import Kin
from readsight.errors import InputError

LEARNED = (("test", ("train", "validation")), ("validation", ("train",)))
WORDS = {"test": "split.test_chromosomes", "validation": "split.validation_chromosomes"}


def chromosomes(strata: np.ndarray, chrom: np.ndarray, spec: dict[str, Any], seed: int, wanted: list[Need]) -> pd.DataFrame:
    """Roles of n examples, `repeat0.fold0`: the named chromosomes are tested on, and validated on.

    chrom: (n,). spec: test_chromosomes; validation_chromosomes, drawn where none are named: about the part `validation`
    of the rest. Raises InputError for names that are not there, and for a role that lacks what is wanted.
    """
    there = sorted(set(chrom.tolist()))
    faults = [
        f"{WORDS[role]}: no example lies on {', '.join(lost)}; there are: {', '.join(there)}"
        for role in WORDS
        if (lost := [name for name in spec[f"{role}_chromosomes"] if name not in there])
    ]
    if faults:
        raise InputError(faults)
    test = np.isin(chrom, spec["test_chromosomes"])
    roles = np.where(test, "test", "train").astype(object)
    if spec["validation_chromosomes"]:
        roles[np.isin(chrom, spec["validation_chromosomes"])] = "validation"
    else:
        few = [
            f"split.test_chromosomes: {name} lies on {len(kinds)} of the other chromosomes ({', '.join(sorted(kinds)) or 'none'}), "
            "and it needs two there: to train and to validate on; test on fewer, or set split.by to homology"
            for name, own in wanted
            if len(kinds := set(chrom[own & ~test].tolist())) < 2
        ]
        if few:
            raise InputError(few)
        groups = np.unique(chrom, return_inverse=True)[1].reshape(-1)
        flat = spec | {"inner": None}
        roles = cross_validation.within("roles", np.flatnonzero(test), strata, groups, wanted, flat, seed + 1)["roles"]
    cross_validation.hold(roles, wanted, "split.test_chromosomes: this division")
    return pd.DataFrame({cross_validation.column(0, 0): roles})


def apart(roles: pd.DataFrame, kin: Kin, wanted: list[Need]) -> pd.DataFrame:
    """Roles without relatives on two sides: what is tested on stays whole.

    roles: a column a fold. Examples of training and validation that are like one of the test part get the role ""
    (left out); so do then those of training that are like one of validation. Raises InputError where a role lacks after
    that what is wanted.
    """
    table = {}
    for name in roles:
        own = roles[name].to_numpy(object).copy()
        while sum(_leave_out(own, side, learned, kin) for side, learned in LEARNED):
            pass
        lost = int((own == "").sum())
        cross_validation.hold(own, wanted, f"split.by: the division {name}, without {lost} examples that are like ones held out,")
        table[name] = own
    return pd.DataFrame(table, index=roles.index)


def _leave_out(roles: np.ndarray, side: str, learned: tuple[str, ...], kin: Kin) -> int:
    """Empty in place the roles of what is learned from and is like one of a side. Returns how many there were.

    The search is repeated until it finds none, and by the caller when another side has changed: then it finds none when
    the division is certified either, for it is given the same sequences.
    """
    held, sought = roles == side, np.isin(roles, learned)
    found = sought & np.isin(kin.either, kin.either[held])
    lost = 0
    while True:
        roles[found] = ""
        sought &= ~found
        lost += int(found.sum())
        found = kin.across(held, sought)
        if not found.any():
            return lost


def left_out(roles: pd.DataFrame, groups: np.ndarray) -> list[dict[str, Any]]:
    """How many examples of each fold were left out, by the role that the rest of their group has: a row a fold."""
    rows = []
    for name in roles:
        own = roles[name].to_numpy(str)
        kept = own != ""
        of_group = dict(zip(groups[kept].tolist(), own[kept].tolist(), strict=True))
        lost = [of_group.get(group, "train") for group in groups[~kept].tolist()]
        rows.append({"fold": name} | {role: lost.count(role) for role in ("train", "validation")})
    return rows
