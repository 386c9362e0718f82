"""Imputation and z-score of features, fitted on a training fold and applied to any: by blocks, in place where asked."""

from typing import Any

import numpy as np

CLIP = 10.0  # z-scores are held within ±CLIP, so that one odd value cannot move a whole model
BLOCK = 1 << 21  # numbers worked on at once when fitting: all examples of some features
RUN = 1 << 17  # numbers worked on at once when applying: they stay in the processor's cache
TILE = 256  # rows turned into columns at once
VARIES = 1e-9  # a deviation below this part of the mean (or of 1) is rounding


def fit(values: np.ndarray, clip: float = CLIP) -> dict[str, Any]:
    """Median of each feature, and mean and standard deviation once missing values are set to it.

    values: (n, features), NaN where missing; float32 is summed in float64. A feature without any value
    has median 0. Returns median, mean, deviation (features,) float64, clip, examples.
    """
    n, features = values.shape
    median, mean, deviation = np.zeros((3, features))
    step = max(1, min(features, BLOCK // max(1, n)))
    # made once: memory that is asked for anew each time costs more than the work on it
    narrow, wide, gaps = (np.empty((step, n), dtype) for dtype in (values.dtype, np.float64, bool))
    for start in range(0, features, step):
        columns = slice(start, min(start + step, features))
        # a feature a row: sums and sorting then run along memory
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
    """Impute and z-score by what a training fold gave; no NaN is left, and a feature that did not vary there is 0.

    values: (n, features); worked on in their own type, so that float32 costs half. out: where the result goes, `values`
    itself included; default: a new float32 array.
    """
    mean, deviation = np.asarray(fitted["mean"], np.float64), np.asarray(fitted["deviation"], np.float64)
    is_variable = deviation > VARIES * np.maximum(1.0, np.abs(mean))
    factor = np.where(is_variable, 1 / np.where(is_variable, deviation, 1.0), 0.0)
    dtype = values.dtype if values.dtype.kind == "f" else np.dtype(np.float64)
    fill_values = ((np.asarray(fitted["median"], np.float64) - mean) * factor).astype(dtype)
    centre, slope = mean.astype(dtype), factor.astype(dtype)
    # what is lost where the mean is rounded to float32 may be much beside a small deviation
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
    """Median of the values that are there, a row a feature; 0 where there is none. The order within rows is lost.

    block: (features, n), NaN where missing. counts: (features,), values that are there.
    """
    medians = np.zeros(len(block))
    for count in np.unique(counts[counts > 0]):
        rows = counts == count
        middle = count // 2
        # NaN sorts last. One place is asked for, not two: NumPy finds it several times faster, the one below is the left's maximum.
        selected = block if rows.all() else block[rows]
        selected.partition(middle, axis=1)
        upper = selected[:, middle].astype(np.float64)
        medians[rows] = upper if count % 2 else (upper + selected[:, :middle].max(axis=1)) / 2
    return medians
