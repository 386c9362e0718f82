"""Orders of genes in which a convolution finds neighbours that have something in common."""

import re

import numpy as np
import pandas as pd

from readsight.errors import InputError

KNOWN = 0.9  # part of the features whose place must be known before their order along the genome is taken
MOST = 4000  # features that are clustered; a table of all their correlations must fit in memory


def order(how: str, values: np.ndarray, var: pd.DataFrame, name: str) -> np.ndarray:
    """Places of the features in their new order, (features,).

    how: genome, likeness, or auto (genome where it is known). values: (n, features) of the training
    fold. var: their contig and start, where known. name: the modality, for messages. Raises InputError
    where the genome is asked for and the places of the features are not known.
    """
    known = placed(var)
    if how == "genome" and known.mean() < KNOWN:
        raise InputError(
            f"cnn.order: genome needs contig and start of the features, and {name!r} has them of {int(known.sum())} "
            f"of {len(known)}; use likeness or auto"
        )
    return along_genome(var, known) if how != "likeness" and known.mean() >= KNOWN else by_likeness(values)


def placed(var: pd.DataFrame) -> np.ndarray:
    """Of which features the place on the genome is known, (features,) bool."""
    if not {"contig", "start"} <= set(var):
        return np.zeros(len(var), bool)
    contig = var["contig"].astype("string").fillna("").str.strip()
    return (~contig.isin(["", "nan", "NA", "."]) & pd.to_numeric(var["start"], errors="coerce").notna()).to_numpy(bool)


def along_genome(var: pd.DataFrame, known: np.ndarray) -> np.ndarray:
    """By contig (2 before 10) and start; features of unknown place come last."""
    start = pd.to_numeric(var["start"], errors="coerce").fillna(0).to_numpy(float)
    contig = [_natural(name) for name in var["contig"].astype(str)]
    return np.array(sorted(range(len(var)), key=lambda i: (not known[i], contig[i] if known[i] else [], start[i], i)))


def _natural(name: str) -> list[tuple[int, int, str]]:
    """Key that sorts numbers inside names as numbers."""
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"(\d+)", name) if part]


def by_likeness(values: np.ndarray) -> np.ndarray:
    """Leaves of the hierarchical clustering (average linkage) by correlation.

    At each merge the two branches are turned so that the ends that meet are the most alike. Of more than
    `MOST` features: by the angle of their first two principal components (Friendly 2002).
    """
    width = values.shape[1]
    if width < 3:
        return np.arange(width)
    centred = values.astype(np.float64) - values.mean(axis=0, dtype=np.float64)
    centred /= np.maximum(np.sqrt((centred**2).sum(axis=0)), 1e-12)
    if width > MOST:
        first, second = np.linalg.svd(centred, full_matrices=False)[2][:2]
        return np.argsort(np.arctan2(second, first), kind="stable")
    return leaves(np.clip(centred.T @ centred, -1, 1))


def leaves(likeness: np.ndarray) -> np.ndarray:
    """Order of the leaves of the average-linkage tree of a matrix of correlations, (features, features)."""
    from sklearn.cluster import AgglomerativeClustering

    model = AgglomerativeClustering(
        n_clusters=1, metric="precomputed", linkage="average", compute_full_tree=True
    ).fit(1 - likeness)  # fmt: skip
    branches = [[i] for i in range(len(likeness))]
    for left, right in model.children_:
        a, b = branches[left], branches[right]
        meetings = [
            (likeness[x, y], turn) for turn, (x, y) in enumerate(((a[-1], b[0]), (a[-1], b[-1]), (a[0], b[0]), (a[0], b[-1])))
        ]
        turn = max(meetings, key=lambda m: m[0])[1]
        branches.append((a if turn < 2 else a[::-1]) + (b if turn in (0, 2) else b[::-1]))
        branches[left] = branches[right] = []
    return np.array(branches[-1])
