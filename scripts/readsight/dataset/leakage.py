"""Leakage of a split: evaluation examples whose group, neighbour or duplicate is in training."""

import hashlib

import numpy as np
import pandas as pd

from readsight.dataset.homology import Relatives

DUPLICATE_CORRELATION = 0.999  # profiles with a higher correlation count as one sample measured twice
COMPARED_FEATURES = 2000  # most variable features used for comparison: more change nothing and cost time
MINIMUM_FEATURES = 20  # with fewer features, unrelated profiles can correlate that much by chance
ROWS = 1000  # profiles compared at once


def draw_random_split(roles: pd.DataFrame, seed: int) -> pd.DataFrame:
    """A split of the same sizes that ignores groups: test or train, examples drawn independently."""
    table = {}
    for number, name in enumerate(roles):
        order = np.random.default_rng([seed, number]).permutation(len(roles))
        table[name] = np.where((roles[name] == "test").to_numpy()[order], "test", "train")
    return pd.DataFrame(table)


def measure_leakage(
    roles: pd.DataFrame,
    obs: pd.DataFrame,
    groups: np.ndarray,
    gap: int,
    identical_ids: np.ndarray,
    near_pairs: np.ndarray | None = None,
) -> dict[str, float]:
    """Fraction of test examples with a relative in training, over all folds.

    roles: one column per fold. obs: n examples, with chrom, start, end if they have coordinates. gap: bases within which
    two examples are neighbours (they can share reads). identical_ids: (n,) ids shared by examples equal in every feature.
    near_pairs: (m, 2) near-duplicate profiles, None if not searched. Returns fractions: same_group, same_features,
    neighbour (absent without coordinates), near_profile (absent without near_pairs).
    """
    counts: dict[str, int] = {}
    total = 0
    has_coordinates = {"chrom", "start", "end"} <= set(obs.columns)
    for name in roles:
        is_test = (roles[name] == "test").to_numpy()
        total += int(is_test.sum())
        fold_counts = {
            "same_group": np.isin(groups[is_test], groups[~is_test]).sum(),
            "same_features": np.isin(identical_ids[is_test], identical_ids[~is_test]).sum(),
        }
        if has_coordinates:
            fold_counts["neighbour"] = has_neighbour(obs, is_test, gap).sum()
        if near_pairs is not None:
            across = near_pairs[is_test[near_pairs[:, 0]] != is_test[near_pairs[:, 1]]].reshape(-1)
            fold_counts["near_profile"] = len(np.unique(across[is_test[across]]))
        for kind, count in fold_counts.items():
            counts[kind] = counts.get(kind, 0) + int(count)
    return {kind: count / max(1, total) for kind, count in counts.items()}


def measure_sequence_leakage(
    roles: pd.DataFrame, obs: pd.DataFrame, groups: np.ndarray, relatives: Relatives, side: str = "test"
) -> dict[str, float]:
    """Fraction of the examples on one side with a relative on the learning side, over all folds.

    side: test, against training and validation; or validation, against training. Returns fractions: same_group, exact
    (equal), reverse_complement (equal on the reverse strand only), near (neither, but similar), overlap (on the genome)
    and related (any of the last four); empty if the side is empty.
    """
    learning_roles = ["train"] if side == "validation" else ["train", "validation"]
    counts: dict[str, int] = {}
    total = 0
    for name in roles:
        is_query, is_reference = (roles[name] == side).to_numpy(), roles[name].isin(learning_roles).to_numpy()
        total += int(is_query.sum())
        for kind, is_related in find_related(is_query, is_reference, obs, groups, relatives).items():
            counts[kind] = counts.get(kind, 0) + int(is_related.sum())
    return {kind: count / total for kind, count in counts.items()} if total else {}


def find_related(
    is_query: np.ndarray, is_reference: np.ndarray, obs: pd.DataFrame, groups: np.ndarray, relatives: Relatives
) -> dict[str, np.ndarray]:
    """Which query examples have a relative among the reference examples, by kind as in `measure_sequence_leakage`.

    is_query, is_reference: (n,) bool. Returns (number of queries,) bool for each kind.
    """

    def is_shared(ids: np.ndarray) -> np.ndarray:
        return np.isin(ids[is_query], ids[is_reference])

    is_exact, is_duplicate, is_similar = (
        is_shared(relatives.identical),
        is_shared(relatives.identical_either_strand),
        relatives.find_similar(is_reference, is_query)[is_query],
    )
    overlap = np.zeros(len(obs), bool)
    is_located = (is_query | is_reference) & (obs["chrom"].astype(str) != "").to_numpy() & (obs["start"] >= 0).to_numpy()
    overlap[is_located & is_query] = has_neighbour(obs[is_located], is_query[is_located], 0)
    flags = {"same_group": is_shared(groups), "exact": is_exact, "reverse_complement": is_duplicate & ~is_exact}
    return flags | {
        "near": is_similar & ~is_duplicate,
        "overlap": overlap[is_query],
        "related": is_duplicate | is_similar | overlap[is_query],
    }


def has_neighbour(obs: pd.DataFrame, is_test: np.ndarray, gap: int) -> np.ndarray:
    """Whether each test example has a training example less than `gap` bases away; shape (number of test examples,)."""
    is_near = np.zeros(len(obs), bool)
    positions = np.arange(len(obs))
    for _, rows in pd.Series(positions).groupby(obs["chrom"].astype(str).to_numpy()):
        rows = rows.to_numpy()
        reference = rows[~is_test[rows]]
        if not len(reference):
            continue
        start, end = obs["start"].to_numpy(), obs["end"].to_numpy()
        reach = np.maximum.accumulate(end[reference[np.argsort(start[reference], kind="stable")]])
        starts = np.sort(start[reference])
        query = rows[is_test[rows]]
        # Closest reference example that starts before the query ends, by its furthest end; and the next that starts after.
        before = np.searchsorted(starts, end[query], side="left")
        left = np.where(before > 0, start[query] - reach[np.maximum(before - 1, 0)], np.inf)
        after = np.searchsorted(starts, start[query], side="left")
        right = np.where(after < len(starts), starts[np.minimum(after, len(starts) - 1)] - end[query], np.inf)
        is_near[query] = (left < gap) | (right < gap)
    return is_near[is_test]


def number_identical_rows(values: np.ndarray) -> np.ndarray:
    """Id of each row of (n, features), shared by equal rows; missing values equal each other."""
    number_of: dict[bytes, int] = {}
    numbers = []
    for row in values:
        cleaned = np.where(np.isnan(row), np.inf, row) + 0.0  # minus zero equals zero
        numbers.append(number_of.setdefault(hashlib.blake2b(cleaned.tobytes(), digest_size=16).digest(), len(number_of)))
    return np.array(numbers, int)


def find_near_duplicates(values: np.ndarray, strata: np.ndarray) -> np.ndarray | None:
    """Pairs (m, 2) of rows of (n, features) that are near-duplicates: profiles that correlate above DUPLICATE_CORRELATION.

    Features are first z-scored over all rows to remove what all samples share: unrelated samples then correlate near 0, and
    a sample measured twice near 1. Two samples of one stratum (n,) must also correlate after subtracting the stratum's mean;
    otherwise strong class differences would make all samples of a class near-duplicates. None with fewer than
    MINIMUM_FEATURES features.
    """
    spread = np.concatenate(
        [_column_deviations(values[:, offset : offset + 4 * ROWS]) for offset in range(0, values.shape[1], 4 * ROWS)]
    )
    columns = np.sort(np.argsort(-spread, kind="stable")[:COMPARED_FEATURES])
    columns = columns[spread[columns] > 0]
    if len(columns) < MINIMUM_FEATURES or len(values) < 3:
        return None
    subset = np.asarray(values[:, columns], np.float64)
    scaled = np.nan_to_num((subset - np.nanmean(subset, axis=0)) / spread[columns])
    stratum_index = np.unique(strata, return_inverse=True)[1].reshape(-1)
    centred = np.zeros((stratum_index.max() + 1, scaled.shape[1]))
    np.add.at(centred, stratum_index, scaled)
    centred = _normalise_rows(scaled - (centred / np.bincount(stratum_index)[:, None])[stratum_index])
    unit, chunks = _normalise_rows(scaled), []
    for start in range(0, len(unit), ROWS):
        left, right = np.nonzero(unit[start : start + ROWS] @ unit.T > DUPLICATE_CORRELATION)
        pairs = np.column_stack([left + start, right])
        pairs = pairs[pairs[:, 0] < pairs[:, 1]]
        is_duplicate = np.array(
            [
                centred[i] @ centred[j] > DUPLICATE_CORRELATION or np.array_equal(subset[i], subset[j], equal_nan=True)
                for i, j in pairs
            ],
            bool,
        )
        chunks.append(pairs[is_duplicate | (stratum_index[pairs[:, 0]] != stratum_index[pairs[:, 1]])])
    return np.concatenate(chunks)


def _normalise_rows(rows: np.ndarray) -> np.ndarray:
    """Rows centred and scaled to length 1, so that products are correlations."""
    rows = rows - rows.mean(axis=1, keepdims=True)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)


def _column_deviations(values: np.ndarray) -> np.ndarray:
    """Standard deviation of each column over its present values; 0 if there are none."""
    is_finite = np.isfinite(values)
    count = np.maximum(is_finite.sum(axis=0), 1)
    centred = np.where(is_finite, values, 0).astype(np.float64)
    centred -= np.where(is_finite, centred.sum(axis=0) / count, 0)
    return np.sqrt((centred**2).sum(axis=0) / count)


def join_groups(groups: pd.Series, pairs: np.ndarray) -> pd.Series:
    """Groups merged if a pair of near-duplicates connects them, named after the alphabetically first."""
    parent: dict[str, str] = {}

    def find_root(name: str) -> str:
        while name in parent:
            next_name = parent[name]
            parent[name] = parent.get(next_name, next_name)  # path halving keeps later look-ups short
            name = next_name
        return name

    names = groups.to_numpy(str)
    for left, right in pairs:
        low, high = sorted((find_root(names[left]), find_root(names[right])))
        if low != high:
            parent[high] = low
    return groups.map(lambda name: find_root(str(name)))
