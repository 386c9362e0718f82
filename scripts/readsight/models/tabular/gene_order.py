"""Gene orders that place related genes next to one another, for convolutions."""

import re

import numpy as np
import pandas as pd

from readsight.errors import InputError

MIN_KNOWN = 0.9  # minimum fraction of features with a known position for genomic order
MAX_CLUSTERED = 4000  # maximum features for clustering; their correlation matrix must fit in memory


def order_features(method: str, values: np.ndarray, var: pd.DataFrame, name: str) -> np.ndarray:
    """Indices of the features in their new order, (features,).

    Parameters
    ----------
    method : genome, likeness, or auto (genome where positions are known).
    values : (n, features) of the training fold.
    var : contig and start of the features, where known.
    name : of the modality, for messages.

    Raises
    ------
    InputError if genomic order is requested but positions are unknown.
    """
    has_known_position = has_position(var)
    if method == "genome" and has_known_position.mean() < MIN_KNOWN:
        raise InputError(
            f"cnn.order: genome needs contig and start of the features; {name!r} has them for {int(has_known_position.sum())} "
            f"of {len(has_known_position)}; use likeness or auto"
        )
    return (
        order_by_position(var, has_known_position)
        if method != "likeness" and has_known_position.mean() >= MIN_KNOWN
        else order_by_similarity(values)
    )


def has_position(var: pd.DataFrame) -> np.ndarray:
    """Whether the genomic position of each feature is known, (features,) bool."""
    if not {"contig", "start"} <= set(var):
        return np.zeros(len(var), bool)
    contig = var["contig"].astype("string").fillna("").str.strip()
    return (~contig.isin(["", "nan", "NA", "."]) & pd.to_numeric(var["start"], errors="coerce").notna()).to_numpy(bool)


def order_by_position(var: pd.DataFrame, is_known: np.ndarray) -> np.ndarray:
    """By contig (2 before 10) and start; features with unknown position come last."""
    start = pd.to_numeric(var["start"], errors="coerce").fillna(0).to_numpy(float)
    contig = [_natural_key(name) for name in var["contig"].astype(str)]
    return np.array(sorted(range(len(var)), key=lambda i: (not is_known[i], contig[i] if is_known[i] else [], start[i], i)))


def _natural_key(name: str) -> list[tuple[int, int, str]]:
    """Sort key that compares numbers in names as numbers."""
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"(\d+)", name) if part]


def order_by_similarity(values: np.ndarray) -> np.ndarray:
    """Leaf order of hierarchical clustering (average linkage) by correlation.

    At each merge the branches are oriented so that the most similar ends are adjacent. For more than
    `MAX_CLUSTERED` features: by angle in the plane of the first two principal components (Friendly 2002).
    """
    feature_count = values.shape[1]
    if feature_count < 3:
        return np.arange(feature_count)
    centred = values.astype(np.float64) - values.mean(axis=0, dtype=np.float64)
    centred /= np.maximum(np.sqrt((centred**2).sum(axis=0)), 1e-12)
    if feature_count > MAX_CLUSTERED:
        first, second = np.linalg.svd(centred, full_matrices=False)[2][:2]
        return np.argsort(np.arctan2(second, first), kind="stable")
    return order_leaves(np.clip(centred.T @ centred, -1, 1))


def order_leaves(similarity: np.ndarray) -> np.ndarray:
    """Leaf order of the average-linkage tree of a correlation matrix, (features, features)."""
    from sklearn.cluster import AgglomerativeClustering

    model = AgglomerativeClustering(
        n_clusters=1, metric="precomputed", linkage="average", compute_full_tree=True
    ).fit(1 - similarity)  # fmt: skip
    branches = [[i] for i in range(len(similarity))]
    for left, right in model.children_:
        a, b = branches[left], branches[right]
        joins = [
            (similarity[x, y], orientation)
            for orientation, (x, y) in enumerate(((a[-1], b[0]), (a[-1], b[-1]), (a[0], b[0]), (a[0], b[-1])))
        ]
        orientation = max(joins, key=lambda m: m[0])[1]
        branches.append((a if orientation < 2 else a[::-1]) + (b if orientation in (0, 2) else b[::-1]))
        branches[left] = branches[right] = []
    return np.array(branches[-1])
