"""Removal of batch effects by ComBat, fitted on some samples and applied to any.

Parametric empirical Bayes: location and scale of each batch, shrunk to what the features of a batch have in common
(Johnson, Li & Rabinovic 2007), optionally with a reference batch (Zhang, Jenkins, Manimaran & Johnson 2018). On the
fitted samples the result equals the authors' implementation, `sva::ComBat(par.prior = TRUE)`, up to rounding.

Missing values are ignored in all estimates and stay missing. A feature is not adjusted if its variance within a batch
cannot be estimated: fewer than two values, or only equal ones.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from readsight.errors import InputError

BLOCK = 1 << 21  # values per block when fitting: all samples of as many features as keep sums contiguous in memory
ROWS = 256  # samples copied at once
RUN = 1 << 17  # values per block when applying: they fit the processor's cache
TOLERANCE = 1e-4  # relative change at which the iteration stops, as in the authors' implementation
ROUNDING = 1e-11  # deviations below this fraction of the mean are rounding errors
RESIDUAL_FRACTION = 1e-8  # a covariate with a smaller residual fraction is confounded with the batches


def fit(
    values: np.ndarray,
    batches: Sequence[str],
    covariates: np.ndarray | None = None,
    reference: str | None = None,
    names: Sequence[str] = (),
) -> dict[str, Any]:
    """Estimate the additive and multiplicative effect of each batch on each feature.

    values: (n, features), float, roughly normal (log scale); NaN if missing. batches: (n,). covariates: (n, c), numeric
    effects to preserve (see `build_design`). reference: batch that stays unchanged and that all batches are adjusted to;
    default: the mean of all. names: of the covariates, for error messages.
    Returns arrays and scalars for `apply`: batches (b,) and their sizes; gamma and delta (b, features), the shrunken
    location and scale in units of deviation (features,) around grand (features,); effect (c, features) of the covariates;
    adjusted (features,), whether a feature is changed at all.
    Raises InputError for a batch of one sample, an unknown reference, covariates confounded with batches, infinite values.
    """
    labels, codes, sizes = np.unique(np.asarray(batches, dtype=str), return_inverse=True, return_counts=True)
    features = values.shape[1]
    covariates = _numeric_covariates(covariates, len(values))
    _check_samples(labels, codes, sizes, covariates, reference, names)
    moments = _compute_moments(values, codes, len(labels), covariates)
    means, squares, counts = moments["means"], moments["squares"], moments["counts"]
    reference_index = None if reference is None else int(np.flatnonzero(labels == reference)[0])
    grand = sizes / sizes.sum() @ means if reference_index is None else means[reference_index]
    # Divided by the present values: the authors' implementation divides by n, but by n − 1 once any value is missing.
    pooled_batches = slice(None) if reference_index is None else slice(reference_index, reference_index + 1)
    pooled = squares[pooled_batches].sum(axis=0) / np.maximum(counts[pooled_batches].sum(axis=0), 1)
    adjusted = moments["estimable"] & (pooled > (ROUNDING * grand) ** 2)
    gamma, delta = np.zeros((len(labels), features)), np.ones((len(labels), features))
    deviation = np.where(adjusted, np.sqrt(np.where(adjusted, pooled, 1.0)), 1.0)
    for batch in range(len(labels) if len(labels) > 1 else 0):
        if batch != reference_index and adjusted.any():
            cell = (batch, adjusted)
            location = (means[cell] - grand[adjusted]) / deviation[adjusted]
            scale = squares[cell] / (counts[cell] - 1) / pooled[adjusted]
            gamma[cell], delta[cell] = _shrink_estimates(location, scale, counts[cell])
    return {
        "batches": labels.astype(object),
        "sizes": sizes,
        "reference": reference or "",
        "gamma": gamma,
        "delta": delta,
        "grand": np.where(adjusted, grand, 0.0),
        "deviation": deviation,
        "effect": np.where(adjusted, moments["effect"], 0.0),
        "adjusted": adjusted,
        "samples": len(values),
    }


def apply(
    values: np.ndarray,
    batches: Sequence[str],
    covariates: np.ndarray | None,
    fitted: dict[str, Any],
    out: np.ndarray | None = None,
) -> np.ndarray:
    """Remove fitted batch effects. The result of a sample does not depend on the samples passed with it.

    values: (n, features); any samples. out: array for the result, may be `values`; default: a new array of the type of
    `values`, which is also the working precision. NaN stays NaN. Raises InputError for a batch absent from the fit.
    """
    batches = np.asarray(batches, dtype=str)
    known = [str(name) for name in fitted["batches"]]
    covariates = _numeric_covariates(covariates, len(values))
    if values.shape[1] != len(fitted["grand"]) or covariates.shape[1] != len(fitted["effect"]):
        raise ValueError(
            f"got {values.shape[1]} features and {covariates.shape[1]} covariates; "
            f"ComBat was fitted on {len(fitted['grand'])} and {len(fitted['effect'])}"
        )
    refuse_unknown_batches(batches, known)
    dtype = values.dtype if values.dtype.kind == "f" else np.dtype(np.float64)
    out = np.empty(values.shape, dtype) if out is None else out
    step = max(1, RUN // max(1, values.shape[1]))
    for batch, name in enumerate(known):
        rows = np.flatnonzero(batches == name)
        scale = 1 / np.sqrt(fitted["delta"][batch])
        shift = fitted["grand"] * (1 - scale) - fitted["deviation"] * fitted["gamma"][batch] * scale
        weights = np.vstack([shift, fitted["effect"] * (1 - scale)])
        slope, weights = scale.astype(dtype), weights.astype(dtype)
        is_unchanged = name == fitted["reference"] or len(known) == 1
        for chunk in np.split(rows, range(step, len(rows), step)) if len(rows) else []:
            if is_unchanged:
                out[chunk] = values[chunk]
                continue
            block = np.multiply(values[chunk], slope, dtype=dtype)
            block += _add_intercept(covariates[chunk]).astype(dtype) @ weights if covariates.shape[1] else weights[0]
            out[chunk] = block
    return out


def refuse_unknown_batches(batches: Sequence[str], known: Sequence[str]) -> None:
    """Raise InputError if samples belong to a batch that ComBat was not fitted on."""
    names, counts = np.unique(np.asarray(batches, dtype=str), return_counts=True)
    faults = [
        f"batch {str(name)!r} ({count} samples) is absent from the fit of ComBat ({', '.join(known)}), so its "
        "effect is unknown; fit with samples of that batch, or assign the known batch processed in the same way"
        for name, count in zip(names, counts, strict=True)
        if name not in known
    ]
    if faults:
        raise InputError(faults)


def read_levels(table: pd.DataFrame) -> dict[str, Any]:
    """Covariate levels of the fitted samples, for `build_design`.

    table: text, one column per covariate. A column with more than two values, all numeric, is treated as a number and any
    other as categorical. Returns columns and, by index, values (text) and whether they are numbers. Raises InputError for
    a sample without a value.
    """
    _refuse_gaps(table)
    names = [str(column) for column in table]
    values = {str(i): np.array(sorted(set(table[column].astype(str))), dtype=object) for i, column in enumerate(table)}
    is_number = [len(column_values) > 2 and _are_numbers(column_values) for column_values in values.values()]
    return {"columns": np.array(names, dtype=object), "numbers": np.array(is_number, dtype=bool), "values": values}


def build_design(table: pd.DataFrame, fitted: dict[str, Any]) -> np.ndarray:
    """Covariates as numbers, (n, c): an indicator for each value of a column but its first; numbers unchanged.

    table: text, with the columns passed to `read_levels`. Raises InputError for a value absent there.
    """
    names = [str(name) for name in fitted["columns"]]
    _refuse_gaps(table[names])
    blocks, faults = [np.empty((len(table), 0))], []
    for index, name in enumerate(names):
        column, known = table[name].astype(str).to_numpy(), [str(v) for v in fitted["values"][str(index)]]
        if fitted["numbers"][index]:
            if invalid := [v for v in column if not _are_numbers([v])]:
                faults.append(f"covariate {name}: {invalid[0]!r} is not a number, unlike the values that ComBat was fitted on")
                continue
            blocks.append(column.astype(float)[:, None])
            continue
        faults += [
            f"covariate {name}: {value!r} ({(column == value).sum()} samples) is absent from the values that ComBat was fitted on "
            f"({', '.join(known)}); omit the covariate, merge rare values, or exclude those samples"
            for value in sorted(set(column) - set(known))
        ]
        blocks.append((column[:, None] == np.array(known[1:], dtype=object)[None, :]).astype(float))
    if faults:
        raise InputError(faults)
    return np.hstack(blocks)


def design_labels(fitted: dict[str, Any]) -> list[str]:
    """Names of the columns of `build_design`."""
    labels = []
    for index, name in enumerate(fitted["columns"]):
        levels = [str(v) for v in fitted["values"][str(index)]]
        labels += [str(name)] if fitted["numbers"][index] else [f"{name} ({value})" for value in levels[1:]]
    return labels


def _are_numbers(values: Sequence[str]) -> bool:
    try:
        return bool(np.isfinite(np.asarray(values, dtype=float)).all())
    except ValueError:
        return False


def _refuse_gaps(table: pd.DataFrame) -> None:
    gaps = table.isna() | table.astype(str).isin(["", "nan", "NA"])
    faults = [
        f"covariate {column}: sample {table.index[gaps[column].to_numpy()][0]} has no value ({gaps[column].sum()} have none); "
        "provide it, omit the covariate, or exclude those samples"
        for column in table
        if gaps[column].any()
    ]
    if faults:
        raise InputError(faults)


def _numeric_covariates(covariates: np.ndarray | None, samples: int) -> np.ndarray:
    return np.empty((samples, 0)) if covariates is None else np.asarray(covariates, dtype=np.float64).reshape(samples, -1)


def _add_intercept(covariates: np.ndarray) -> np.ndarray:
    return np.hstack([np.ones((len(covariates), 1)), covariates])


def _check_samples(
    labels: np.ndarray,
    codes: np.ndarray,
    sizes: np.ndarray,
    covariates: np.ndarray,
    reference: str | None,
    names: Sequence[str],
) -> None:
    faults = [
        f"batch {str(label)!r} has one sample among those that ComBat is fitted on, which does not determine its "
        "variance; merge it with the batch processed in the same way, or exclude the sample"
        for label, size in zip(labels, sizes, strict=True)
        if size == 1 and len(labels) > 1
    ]
    if reference is not None and reference not in labels:
        faults.append(f"reference: {reference!r} is not one of the batches that ComBat is fitted on ({', '.join(labels)})")
    confounded = _find_confounded(codes, len(labels), covariates)
    confounded_names = [str(names[i]) if i < len(names) else f"{i + 1}" for i in confounded]
    faults += [
        f"covariate {name} is confounded with the batches (and the covariates before it): it does not vary within a batch, "
        "so removing the batch effect removes it too; omit the covariate, or merge batches"
        for name in confounded_names
    ]
    if len(codes) <= len(labels) + covariates.shape[1]:
        faults.append(
            f"ComBat estimates {len(labels)} batches and {covariates.shape[1]} covariates per feature "
            f"from only {len(codes)} samples; add samples, or use fewer covariates"
        )
    if faults:
        raise InputError(faults)


def _find_confounded(codes: np.ndarray, batches: int, covariates: np.ndarray) -> list[int]:
    """Indices of covariates that are linear combinations of batches and earlier covariates."""
    basis, confounded = [], []
    sizes = np.bincount(codes, minlength=batches)
    for index, column in enumerate(covariates.T):
        # twice, since one pass leaves a rounding error of the size of the mean
        residual = column - column.mean()
        norm = np.linalg.norm(residual)
        for _ in range(2):
            residual = residual - (np.bincount(codes, residual, batches) / sizes)[codes]
            for direction in basis:
                residual = residual - direction * (direction @ residual)
        length = np.linalg.norm(residual)
        if length <= RESIDUAL_FRACTION * max(norm, ROUNDING * abs(column.mean())) or length == 0:
            confounded.append(index)
        else:
            basis.append(residual / length)
    return confounded


def _compute_moments(values: np.ndarray, codes: np.ndarray, batches: int, covariates: np.ndarray) -> dict[str, np.ndarray]:
    """Least squares of every feature on batches and covariates, in blocks of features.

    Returns means (b, f): level of each batch at covariates 0; effect (c, f); squares (b, f): sums of squared residuals;
    counts (b, f): present values; estimable (f,): whether they suffice and differ within each batch.
    """
    n, features = values.shape
    order, sizes = np.argsort(codes, kind="stable"), np.bincount(codes, minlength=batches)
    ends = np.cumsum(sizes)
    rows = [slice(end - size, end) for end, size in zip(ends, sizes, strict=True)]
    ordered, centres = covariates[order], np.empty((batches, covariates.shape[1]))
    _batch_means(ordered, rows, centres)
    within = _subtract_means(ordered.copy(), rows, centres)
    batch_covariates = [within[batch] for batch in rows]
    spread = np.stack([covariate.T @ covariate for covariate in batch_covariates])
    inverse = np.linalg.pinv(spread.sum(axis=0))
    matrix = np.hstack([(codes[order, None] == np.arange(batches)).astype(np.float64), ordered])
    means, squares, counts = np.empty((3, batches, features))
    counts[:] = sizes[:, None]
    effect, is_estimable = np.zeros((covariates.shape[1], features)), np.empty(features, dtype=bool)
    step = max(1, min(features, BLOCK // n))
    # allocated once: repeated allocation costs more than the computation
    buffer = np.empty(n * step)
    for start in range(0, features, step):
        columns = slice(start, min(start + step, features))
        block = buffer[: n * (columns.stop - start)].reshape(n, -1)
        for row in range(0, n, ROWS):
            block[row : row + ROWS] = values[order[row : row + ROWS], columns]
        is_estimable[columns] = _has_variation(block, rows)
        _batch_means(block, rows, means[:, columns])
        if np.isfinite(means[:, columns]).all():
            _subtract_means(block, rows, means[:, columns])
            products = np.stack([covariate.T @ block[batch] for covariate, batch in zip(batch_covariates, rows, strict=True)])
            effect[:, columns] = inverse @ products.sum(axis=0)
            means[:, columns] -= centres @ effect[:, columns]
            # explained sum of squares per batch, from the products above
            explained = np.einsum("cf,bcf->bf", effect[:, columns], 2 * products - spread @ effect[:, columns])
        else:
            explained = 0.0
            is_present = ~np.isnan(block)
            block[~is_present] = 0
            if not np.isfinite(block).all():
                raise InputError("values to harmonise are infinite; use log(1 + x), or leave them empty")
            coefficients, is_solvable = _solve_with_gaps(matrix, block, is_present)
            means[:, columns], effect[:, columns] = coefficients[:batches], coefficients[batches:]
            is_estimable[columns] &= is_solvable
            block -= matrix @ coefficients
            block[~is_present] = 0
            counts[:, columns] = [is_present[batch].sum(axis=0) for batch in rows]
        np.square(block, out=block)
        squares[:, columns] = [block[batch].sum(axis=0) for batch in rows]
        total = squares[:, columns].sum(axis=0)
        squares[:, columns] = np.maximum(squares[:, columns] - explained, 0.0)
        # the residual of a feature explained by covariates is a rounding error
        is_estimable[columns] &= squares[:, columns].sum(axis=0) > RESIDUAL_FRACTION * total
    return {"means": means, "effect": effect, "squares": squares, "counts": counts, "estimable": is_estimable}


def _batch_means(block: np.ndarray, rows: Sequence[slice], out: np.ndarray) -> None:
    """Mean of each batch's rows, (b, f)."""
    for batch, batch_rows in enumerate(rows):
        with np.errstate(invalid="ignore"):
            block[batch_rows].mean(axis=0, out=out[batch])


def _subtract_means(block: np.ndarray, rows: Sequence[slice], means: np.ndarray) -> np.ndarray:
    """Subtract the mean of its batch from each row, in place."""
    for batch, batch_rows in enumerate(rows):
        block[batch_rows] -= means[batch]
    return block


def _solve_with_gaps(matrix: np.ndarray, block: np.ndarray, is_present: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Least squares of each feature on the samples that have it; 0 if those do not suffice.

    matrix: (n, p). block: (n, f), 0 if missing. Returns coefficients (p, f) and whether they are solvable (f,).
    """
    n, p = matrix.shape
    products = (matrix[:, :, None] * matrix[:, None, :]).reshape(n, p * p)
    normal_matrices = (is_present.T.astype(np.float64) @ products).reshape(-1, p, p)
    lengths = np.sqrt(np.maximum(np.einsum("fii->fi", normal_matrices), np.finfo(float).tiny))
    scaled = normal_matrices / lengths[:, :, None] / lengths[:, None, :]
    is_solvable = np.linalg.eigvalsh(scaled)[:, 0] > RESIDUAL_FRACTION
    scaled[~is_solvable] = np.eye(p)
    right_side = (matrix.T @ block).T / lengths
    coefficients = np.linalg.solve(scaled, right_side[:, :, None])[:, :, 0] / lengths
    return np.where(is_solvable[:, None], coefficients, 0.0).T, is_solvable


def _has_variation(block: np.ndarray, rows: Sequence[slice]) -> np.ndarray:
    """Whether each feature has two different values in every batch, (f,).

    block: (n, f), NaN if missing. rows: samples of each batch.
    """
    varies = np.ones(block.shape[1], dtype=bool)
    for batch_rows in rows if len(rows) > 1 else []:
        # the first two values usually differ already
        first, second = block[batch_rows][:2]
        undecided = np.flatnonzero(~((first < second) | (first > second)))
        subset = block[batch_rows][:, undecided]
        varies[undecided] &= np.fmax.reduce(subset) > np.fmin.reduce(subset)
    return varies


def _shrink_estimates(location: np.ndarray, scale: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Location and scale of one batch, shrunk to the distribution over its features.

    location, scale: (features,), standardised mean and variance in the batch; counts: (features,), its values. The prior
    of location is normal, that of scale inverse gamma, both fitted by moments; posterior means are iterated until they
    converge (Johnson et al. 2007, equations 3.1). A single feature is not shrunk.
    """
    if len(location) < 2:
        return location, scale
    centre, spread = location.mean(), location.var(ddof=1)
    mean, variance = scale.mean(), scale.var(ddof=1)
    if variance <= (ROUNDING * mean) ** 2:
        return (spread * counts * location + mean * centre) / (spread * counts + mean), np.full_like(scale, mean)
    shape, rate = (2 * variance + mean**2) / variance, (mean * variance + mean**3) / variance
    squares = (counts - 1) * scale
    gamma, delta = location, scale
    while True:
        new_gamma = (spread * counts * location + delta * centre) / (spread * counts + delta)
        new_delta = (0.5 * (squares + counts * (location - new_gamma) ** 2) + rate) / (counts / 2 + shape - 1)
        # Signed, as in the authors' implementation: a different stopping rule changes results by about 1e-5.
        change = max(_largest_change(gamma, new_gamma), _largest_change(delta, new_delta))
        gamma, delta = new_gamma, new_delta
        if change <= TOLERANCE:
            return gamma, delta


def _largest_change(before: np.ndarray, after: np.ndarray) -> float:
    """Largest relative change; values that were 0 are ignored."""
    change = np.divide(np.abs(after - before), before, out=np.zeros_like(before), where=before != 0)
    return float(change.max())
