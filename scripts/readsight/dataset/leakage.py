"""What leaks through a split: examples whose group, neighbour or twin stands on the training side."""

import hashlib

import numpy as np
import pandas as pd

from readsight.dataset.homology import Kin

LIKE = 0.999  # profiles that correlate more than this are taken to be one sample measured twice
PROFILED = 2000  # features, the most variable, that profiles are compared by: more change nothing and cost time
FEWEST = 20  # with fewer features, unrelated profiles can correlate that much by chance
ROWS = 1000  # profiles compared at a time


def scattered(roles: pd.DataFrame, seed: int) -> pd.DataFrame:
    """What a split of the same sizes that ignores groups would do: test or train, examples drawn one by one."""
    table = {}
    for number, name in enumerate(roles):
        order = np.random.default_rng([seed, number]).permutation(len(roles))
        table[name] = np.where((roles[name] == "test").to_numpy()[order], "test", "train")
    return pd.DataFrame(table)


def leakage(
    roles: pd.DataFrame, obs: pd.DataFrame, groups: np.ndarray, gap: int, same: np.ndarray, near: np.ndarray | None = None
) -> dict[str, float]:
    """Part of the test examples that have a relative on the training side, over all folds.

    roles: a column a fold. obs: n examples, with chrom, start, end where they have coordinates. gap: bases within
    which two examples are neighbours (they can share reads). same: (n,) ids of examples that are equal in every
    feature. near: (m, 2) pairs of near-duplicate profiles, None where they are not looked for. Returns fractions:
    same_group, same_features, neighbour (absent without coordinates), near_profile (absent where near is None).
    """
    counts: dict[str, int] = {}
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
        if near is not None:
            across = near[test[near[:, 0]] != test[near[:, 1]]].reshape(-1)
            found["near_profile"] = len(np.unique(across[test[across]]))
        for kind, count in found.items():
            counts[kind] = counts.get(kind, 0) + int(count)
    return {kind: count / max(1, total) for kind, count in counts.items()}


def of_sequences(roles: pd.DataFrame, obs: pd.DataFrame, groups: np.ndarray, kin: Kin, side: str = "test") -> dict[str, float]:
    """Part of the examples on one side that have a relative on the side that is learned from, over all folds.

    side: test, against training and validation together; validation, against training alone. Returns fractions:
    same_group, exact (equal), reverse_complement (equal on the other strand alone), near (neither, but alike), overlap
    (on the genome) and related (any of the last four); none where that side is empty.
    """
    learned = ["train"] if side == "validation" else ["train", "validation"]
    counts: dict[str, int] = {}
    total = 0
    for name in roles:
        held, other = (roles[name] == side).to_numpy(), roles[name].isin(learned).to_numpy()
        total += int(held.sum())
        for kind, found in of_kinds(held, other, obs, groups, kin).items():
            counts[kind] = counts.get(kind, 0) + int(found.sum())
    return {kind: count / total for kind, count in counts.items()} if total else {}


def of_kinds(held: np.ndarray, other: np.ndarray, obs: pd.DataFrame, groups: np.ndarray, kin: Kin) -> dict[str, np.ndarray]:
    """Which of the held examples have a relative among the others, by kind as of `of_sequences`; (number held,) bool each.

    held, other: (n,) bool.
    """

    def shared(ids: np.ndarray) -> np.ndarray:
        return np.isin(ids[held], ids[other])

    same, either, alike = shared(kin.same), shared(kin.either), kin.across(other, held)[held]
    overlap = np.zeros(len(obs), bool)
    placed = (held | other) & (obs["chrom"].astype(str) != "").to_numpy() & (obs["start"] >= 0).to_numpy()
    overlap[placed & held] = neighbours(obs[placed], held[placed], 0)
    found = {"same_group": shared(groups), "exact": same, "reverse_complement": either & ~same}
    return found | {"near": alike & ~either, "overlap": overlap[held], "related": either | alike | overlap[held]}


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


def identical(values: np.ndarray) -> np.ndarray:
    """A number for each row of (n, features); equal rows have the same, and missing equals missing."""
    seen: dict[bytes, int] = {}
    found = []
    for row in values:
        plain = np.where(np.isnan(row), np.inf, row) + 0.0  # minus zero is zero
        found.append(seen.setdefault(hashlib.blake2b(plain.tobytes(), digest_size=16).digest(), len(seen)))
    return np.array(found, int)


def alike(values: np.ndarray, strata: np.ndarray) -> np.ndarray | None:
    """Pairs (m, 2) of rows of (n, features) that are near-duplicates: profiles that correlate above LIKE.

    Each feature is z-scored over all rows first, so that what all samples share does not count: unrelated samples
    then correlate near 0, and one sample measured or delivered twice near 1. Two samples of one stratum (n,) must be
    as like in what sets them apart from the stratum's mean, lest a strong difference between classes make twins of all
    of a class. None with fewer than FEWEST features.
    """
    spread = np.concatenate([_deviations(values[:, at : at + 4 * ROWS]) for at in range(0, values.shape[1], 4 * ROWS)])
    kept = np.sort(np.argsort(-spread, kind="stable")[:PROFILED])
    kept = kept[spread[kept] > 0]
    if len(kept) < FEWEST or len(values) < 3:
        return None
    part = np.asarray(values[:, kept], np.float64)
    scaled = np.nan_to_num((part - np.nanmean(part, axis=0)) / spread[kept])
    place = np.unique(strata, return_inverse=True)[1].reshape(-1)
    centred = np.zeros((place.max() + 1, scaled.shape[1]))
    np.add.at(centred, place, scaled)
    centred = _unit(scaled - (centred / np.bincount(place)[:, None])[place])
    unit, found = _unit(scaled), []
    for start in range(0, len(unit), ROWS):
        left, right = np.nonzero(unit[start : start + ROWS] @ unit.T > LIKE)
        pairs = np.column_stack([left + start, right])
        pairs = pairs[pairs[:, 0] < pairs[:, 1]]
        own = np.array(
            [centred[i] @ centred[j] > LIKE or np.array_equal(part[i], part[j], equal_nan=True) for i, j in pairs], bool
        )
        found.append(pairs[own | (place[pairs[:, 0]] != place[pairs[:, 1]])])
    return np.concatenate(found)


def _unit(rows: np.ndarray) -> np.ndarray:
    """Rows less their mean, of length 1: products of two are their correlation."""
    rows = rows - rows.mean(axis=1, keepdims=True)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)


def _deviations(values: np.ndarray) -> np.ndarray:
    """Standard deviation of each column over the rows that have it; 0 where none has."""
    told = np.isfinite(values)
    count = np.maximum(told.sum(axis=0), 1)
    centred = np.where(told, values, 0).astype(np.float64)
    centred -= np.where(told, centred.sum(axis=0) / count, 0)
    return np.sqrt((centred**2).sum(axis=0) / count)


def joined(groups: pd.Series, pairs: np.ndarray) -> pd.Series:
    """Groups, those that a pair of near-duplicates stands in made one, named by the first of them in order of name."""
    parent: dict[str, str] = {}

    def first(name: str) -> str:
        while name in parent:
            above = parent[name]
            parent[name] = parent.get(above, above)  # half the way next time: of large clusters it is long
            name = above
        return name

    names = groups.to_numpy(str)
    for one, other in pairs:
        low, high = sorted((first(names[one]), first(names[other])))
        if low != high:
            parent[high] = low
    return groups.map(lambda name: first(str(name)))
