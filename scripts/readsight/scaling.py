"""Imputation and z-score of features, fitted on a training fold and applied to any: by blocks, in place where asked."""

from typing import Any

import numpy as np

CLIP = 10.0  # z-scores are held within ±CLIP, so that one odd value cannot move a whole model
BLOCK = 1 << 19  # numbers worked on at once, so that they stay in the processor's cache
VARIES = 1e-9  # a deviation below this part of the mean (or of 1) is rounding


def fit(values: np.ndarray, clip: float = CLIP) -> dict[str, Any]:
    """Median of each feature, and mean and standard deviation once missing values are set to it.

    values: (n, features), NaN where missing; float32 is summed in float64. A feature without any value
    has median 0. Returns median, mean, deviation (features,) float64, clip, examples.
    """
    n, features = values.shape
    median, mean, deviation = np.zeros((3, features))
    step = max(1, BLOCK // max(1, n))
    for start in range(0, features, step):
        part = slice(start, min(start + step, features))
        # a feature a row: sums and sorting then run along memory
        block = np.ascontiguousarray(values[:, part].T)
        gaps = np.isnan(block)
        middle = _medians(block, n - gaps.sum(axis=1))
        wide = block.astype(np.float64)
        if gaps.any():
            np.copyto(wide, middle[:, None], where=gaps)
        centre = wide.mean(axis=1)
        wide -= centre[:, None]
        median[part], mean[part] = middle, centre
        deviation[part] = np.sqrt(np.einsum("ij,ij->i", wide, wide) / n)
    return {"median": median, "mean": mean, "deviation": deviation, "clip": float(clip), "examples": n}


def apply(values: np.ndarray, fitted: dict[str, Any], out: np.ndarray | None = None) -> np.ndarray:
    """Impute and z-score by what a training fold gave; no NaN is left, and a feature that did not vary there is 0.

    values: (n, features). out: where the result goes, `values` itself included; default: a new float32 array.
    """
    mean, deviation = np.asarray(fitted["mean"], np.float64), np.asarray(fitted["deviation"], np.float64)
    varies = deviation > VARIES * np.maximum(1.0, np.abs(mean))
    factor = np.where(varies, 1 / np.where(varies, deviation, 1.0), 0.0)
    filled = (np.asarray(fitted["median"], np.float64) - mean) * factor
    clip = float(fitted["clip"])
    out = np.empty(values.shape, np.float32) if out is None else out
    step = max(1, BLOCK // max(1, values.shape[1]))
    for start in range(0, len(values), step):
        part = slice(start, start + step)
        block = np.subtract(values[part], mean, dtype=np.float64)
        block *= factor
        gaps = np.isnan(block)
        if gaps.any():
            np.copyto(block, filled, where=gaps)
        out[part] = np.clip(block, -clip, clip, out=block)
    return out


def _medians(block: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Median of the values that are there, a row a feature; 0 where there is none.

    block: (features, n), NaN where missing. counts: (features,), values that are there.
    """
    found = np.zeros(len(block))
    for count in np.unique(counts[counts > 0]):
        rows = counts == count
        middle = count // 2
        # NaN sorts last. One place is asked for, not two: NumPy finds it several times faster, the one below is the left's maximum.
        parted = np.partition(block if rows.all() else block[rows], middle, axis=1)
        upper = parted[:, middle].astype(np.float64)
        found[rows] = upper if count % 2 else (upper + parted[:, :middle].max(axis=1)) / 2
    return found
