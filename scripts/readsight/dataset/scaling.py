"""Imputation and z-scores of features, fitted on a training fold and applied to any, in blocks and optionally in place."""

from typing import Any

import numpy as np

CLIP = 10.0  # z-scores are clipped to ±CLIP, so that one outlier cannot dominate a model
BLOCK = 1 << 21  # values per block when fitting: all examples of some features
RUN = 1 << 17  # values per block when applying: they fit the processor's cache
TILE = 256  # rows transposed at once
MIN_VARIATION = 1e-9  # a deviation below this fraction of the mean (or of 1) is a rounding error


def fit(values: np.ndarray, clip: float = CLIP) -> dict[str, Any]:
    """Median of each feature, and mean and standard deviation after imputing the median.

    values: (n, features), NaN if missing; float32 is summed in float64. A feature without values has median 0.
    Returns median, mean, deviation (features,) float64, clip, examples.
    """
    n, features = values.shape
    median, mean, deviation = np.zeros((3, features))
    step = max(1, min(features, BLOCK // max(1, n)))
    # allocated once: repeated allocation costs more than the computation
    narrow, wide, gaps = (np.empty((step, n), dtype) for dtype in (values.dtype, np.float64, bool))
    for start in range(0, features, step):
        columns = slice(start, min(start + step, features))
        # one row per feature: sums and sorting are contiguous in memory
        block, work, missing = (array[: columns.stop - start] for array in (narrow, wide, gaps))
        for row in range(0, n, TILE):
            block[:, row : row + TILE] = values[row : row + TILE, columns].T
        np.copyto(work, block)
        gapless = not np.isnan(block, out=missing).any()
        median[columns] = _row_medians(block, np.full(len(block), n) if gapless else n - missing.sum(axis=1))
        if not gapless:
            np.copyto(work, median[columns, None], where=missing)
        mean[columns] = work.mean(axis=1)
        work -= mean[columns, None]
        deviation[columns] = np.sqrt(np.einsum("ij,ij->i", work, work) / n)
    return {"median": median, "mean": mean, "deviation": deviation, "clip": float(clip), "examples": n}


def apply(values: np.ndarray, fitted: dict[str, Any], out: np.ndarray | None = None) -> np.ndarray:
    """Impute and z-score with the fitted parameters; the result has no NaN, and features constant in training are 0.

    values: (n, features); processed in their type, since float32 is twice as fast. out: array for the result, may be
    `values`; default: a new float32 array.
    """
    mean, deviation = np.asarray(fitted["mean"], np.float64), np.asarray(fitted["deviation"], np.float64)
    is_variable = deviation > MIN_VARIATION * np.maximum(1.0, np.abs(mean))
    factor = np.where(is_variable, 1 / np.where(is_variable, deviation, 1.0), 0.0)
    dtype = values.dtype if values.dtype.kind == "f" else np.dtype(np.float64)
    fill_values = ((np.asarray(fitted["median"], np.float64) - mean) * factor).astype(dtype)
    centre, slope = mean.astype(dtype), factor.astype(dtype)
    # rounding the mean to float32 can be large relative to a small deviation, so it is corrected
    remainder = ((centre - mean) * factor).astype(dtype)
    clip = float(fitted["clip"])
    out = np.empty(values.shape, np.float32) if out is None else out
    step = max(1, RUN // max(1, values.shape[1]))
    for start in range(0, len(values), step):
        rows = slice(start, start + step)
        block = values[rows] - centre
        block *= slope
        block += remainder
        gaps = np.isnan(block)
        if gaps.any():
            np.copyto(block, fill_values, where=gaps)
        np.clip(block, -clip, clip, out=out[rows], casting="same_kind")
    return out


def _row_medians(block: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Median of the present values of each row; 0 if there are none. The order within rows is destroyed.

    block: (features, n), NaN if missing. counts: (features,), number of present values.
    """
    medians = np.zeros(len(block))
    for count in np.unique(counts[counts > 0]):
        rows = counts == count
        middle = count // 2
        # NaN sorts last. Partitioning at one index is several times faster than at two; the lower middle is the maximum to its left.
        selected = block if rows.all() else block[rows]
        selected.partition(middle, axis=1)
        upper = selected[:, middle].astype(np.float64)
        medians[rows] = upper if count % 2 else (upper + selected[:, :middle].max(axis=1)) / 2
    return medians
