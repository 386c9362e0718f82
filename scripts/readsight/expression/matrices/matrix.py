"""A matrix as it was brought: samples × features, with what its file says of both."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from readsight.errors import InputError
from readsight.formats.gene_ids import unversioned

SHOWN = 5


@dataclass
class Matrix:
    """values: (samples, features), float32 (float64 where counts need it), NaN where missing. tpm: the same shape, where the file
    brings it. obs: text, a row a sample. var: a row a feature. names: sample → what its file calls it.
    kind: what the format says the numbers are, if it does. notes: what was decided while reading.
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


def merged(matrix: Matrix, how: str, key: str) -> Matrix:
    """The matrix with each feature once: ids that differ in their version alone are one feature.

    how: error, sum, mean or first. key: of the config, for the error. Raises InputError that lists features that
    stand more than once, or have no name.
    """
    nameless = [i + 1 for i, name in enumerate(matrix.features) if not name]
    if nameless:
        raise InputError(f"{matrix.path}: feature {nameless[0]} has no name; each feature needs one")
    keys = pd.Index([unversioned(name) for name in matrix.features])
    if keys.is_unique:
        return matrix
    again = list(dict.fromkeys(keys[keys.duplicated()]))
    if how == "error":
        shown = ", ".join(again[:SHOWN]) + f" and {len(again) - SHOWN} more" * (len(again) > SHOWN)
        raise InputError(
            f"{matrix.path}: {len(again)} features stand more than once (versions do not count): {shown}; "
            f"give each one row, or say what becomes of them with {key}.duplicates: sum, mean or first"
        )
    firsts = np.flatnonzero(~keys.duplicated())
    codes = pd.factorize(keys)[0]
    matrix.notes.append(f"{len(keys) - len(firsts)} rows of features that stand more than once were taken together ({how})")
    matrix.values = _merged(matrix.values, codes, firsts, how)
    matrix.tpm = None if matrix.tpm is None else _merged(matrix.tpm, codes, firsts, how)
    matrix.var = matrix.var.iloc[firsts]
    return matrix


def _merged(values: np.ndarray, codes: np.ndarray, firsts: np.ndarray, how: str) -> np.ndarray:
    """Columns of one code made one. codes: (features,) of first appearance."""
    result = values[:, firsts].copy()
    if how == "first":
        return result
    for code in np.flatnonzero(np.bincount(codes) > 1):
        own = values[:, codes == code]
        result[:, code] = own.sum(axis=1) if how == "sum" else own.mean(axis=1)
    return result


def stacked(parts: Sequence[Matrix]) -> Matrix:
    """The files of one table below each other: samples of all, features that all have.

    Raises InputError for a sample that stands in two files, or where no feature is common to all.
    """
    if len(parts) == 1:
        return parts[0]
    seen: dict[str, str] = {}
    faults = []
    for part in parts:
        for sample in part.samples:
            if sample in seen:
                faults.append(f"{part.path}: sample {sample!r} stands in {seen[sample]} already; keep one of them")
            seen.setdefault(sample, part.path)
    if faults:
        raise InputError(faults[:SHOWN] + ([f"… and {len(faults) - SHOWN} samples more"] if len(faults) > SHOWN else []))
    keys = [pd.Index([unversioned(name) for name in part.features]) for part in parts]
    common = keys[0]
    for own in keys[1:]:
        common = common[common.isin(own)]
    if not len(common):
        raise InputError(
            f"{parts[1].path}: has no feature of {parts[0].path} ({parts[0].features[0]} there, {parts[1].features[0]} here); "
            "files of one table hold the same modality"
        )
    places = [own.get_indexer(common) for own in keys]
    most = max(len(own) for own in keys)
    notes = [note for part in parts for note in part.notes]
    left = f"; up to {most - len(common)} of a file are left out" if most > len(common) else ""
    notes += [f"{len(common)} features are in all {len(parts)} files{left}"]
    whole = all(part.tpm is not None for part in parts)
    return Matrix(
        path=parts[0].path,
        values=np.vstack([part.values[:, place] for part, place in zip(parts, places, strict=True)]),
        obs=pd.concat([part.obs for part in parts]).fillna(""),
        var=parts[0].var.iloc[places[0]],
        tpm=np.vstack([part.tpm[:, place] for part, place in zip(parts, places, strict=True)]) if whole else None,
        kind=parts[0].kind if len({part.kind for part in parts}) == 1 else None,
        notes=notes,
    )
