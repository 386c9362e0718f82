"""A matrix as read from its files: samples × features with metadata of both."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from readsight.errors import InputError
from readsight.formats.gene_ids import strip_version

MAX_REPORTED = 5


@dataclass
class Matrix:
    """Values of one table with sample and feature metadata.

    values: (samples, features), float32 (float64 if counts need it), NaN where missing. tpm: same shape, if the file
    has it. obs: text, one row per sample. var: one row per feature. kind: kind of the values, if the format defines it.
    notes: decisions made while reading, for the log.
    """

    path: str
    values: np.ndarray
    obs: pd.DataFrame
    var: pd.DataFrame
    tpm: np.ndarray | None = None
    kind: str | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def samples(self) -> list[str]:
        return list(self.obs.index)

    @property
    def features(self) -> list[str]:
        return list(self.var.index)


def merge_duplicates(matrix: Matrix, how: str, key: str) -> Matrix:
    """Merge duplicate features; ids that differ only in their version are the same feature.

    Parameters
    ----------
    how : "error", "sum", "mean" or "first".
    key : config key of the table, for the error.

    Raises
    ------
    InputError for duplicate features if `how` is "error", and for a feature without a name.
    """
    nameless = [i + 1 for i, name in enumerate(matrix.features) if not name]
    if nameless:
        raise InputError(f"{matrix.path}: feature {nameless[0]} has no name; every feature needs one")
    keys = pd.Index([strip_version(name) for name in matrix.features])
    if keys.is_unique:
        return matrix
    duplicates = list(dict.fromkeys(keys[keys.duplicated()]))
    if how == "error":
        duplicate_list = ", ".join(duplicates[:MAX_REPORTED]) + f" and {len(duplicates) - MAX_REPORTED} more" * (
            len(duplicates) > MAX_REPORTED
        )
        raise InputError(
            f"{matrix.path}: {len(duplicates)} features occur more than once (versions are ignored): {duplicate_list}; "
            f"give each one row, or set {key}.duplicates to sum, mean or first"
        )
    firsts = np.flatnonzero(~keys.duplicated())
    codes = pd.factorize(keys)[0]
    matrix.notes.append(f"{len(keys) - len(firsts)} duplicate feature rows were merged ({how})")
    matrix.values = _merge_columns(matrix.values, codes, firsts, how)
    matrix.tpm = None if matrix.tpm is None else _merge_columns(matrix.tpm, codes, firsts, how)
    matrix.var = matrix.var.iloc[firsts]
    return matrix


def _merge_columns(values: np.ndarray, codes: np.ndarray, firsts: np.ndarray, how: str) -> np.ndarray:
    """Merge columns with the same code. codes: (features,), numbered by first appearance."""
    result = values[:, firsts].copy()
    if how == "first":
        return result
    for code in np.flatnonzero(np.bincount(codes) > 1):
        group = values[:, codes == code]
        result[:, code] = group.sum(axis=1) if how == "sum" else group.mean(axis=1)
    return result


def stack_matrices(matrices: Sequence[Matrix]) -> Matrix:
    """Concatenate the files of one table: all samples, features common to all files.

    Raises InputError if a sample occurs in two files, or if no feature is common to all.
    """
    if len(matrices) == 1:
        return matrices[0]
    path_of_sample: dict[str, str] = {}
    faults = []
    for matrix in matrices:
        for sample in matrix.samples:
            if sample in path_of_sample:
                faults.append(f"{matrix.path}: sample {sample!r} is also in {path_of_sample[sample]}; keep one of them")
            path_of_sample.setdefault(sample, matrix.path)
    if faults:
        raise InputError(
            faults[:MAX_REPORTED] + ([f"… and {len(faults) - MAX_REPORTED} more samples"] if len(faults) > MAX_REPORTED else [])
        )
    keys = [pd.Index([strip_version(name) for name in matrix.features]) for matrix in matrices]
    common = keys[0]
    for index in keys[1:]:
        common = common[common.isin(index)]
    if not len(common):
        raise InputError(
            f"{matrices[1].path}: has no feature of {matrices[0].path} ({matrices[0].features[0]} there, {matrices[1].features[0]} here); "
            "files of one table must hold the same modality"
        )
    positions = [index.get_indexer(common) for index in keys]
    largest = max(len(index) for index in keys)
    notes = [note for matrix in matrices for note in matrix.notes]
    remark = f"; up to {largest - len(common)} per file are dropped" if largest > len(common) else ""
    notes += [f"{len(common)} features are in all {len(matrices)} files{remark}"]
    has_tpm = all(matrix.tpm is not None for matrix in matrices)
    return Matrix(
        path=matrices[0].path,
        values=np.vstack([matrix.values[:, columns] for matrix, columns in zip(matrices, positions, strict=True)]),
        obs=pd.concat([matrix.obs for matrix in matrices]).fillna(""),
        var=matrices[0].var.iloc[positions[0]],
        tpm=np.vstack([matrix.tpm[:, columns] for matrix, columns in zip(matrices, positions, strict=True)]) if has_tpm else None,
        kind=matrices[0].kind if len({matrix.kind for matrix in matrices}) == 1 else None,
        notes=notes,
    )
