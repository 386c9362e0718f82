"""Read the files of one table into one matrix of samples × features."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pandas as pd

from readsight.errors import InputError
from readsight.expression.matrices import delimited, gdc_star, hdf5, header, orientation
from readsight.expression.matrices.header import Head
from readsight.expression.matrices.matrix import Matrix, merged, stacked
from readsight.expression.metadata import cleaned, plain
from readsight.text import nearest

SHOWN = 5


def read(spec: Mapping[str, Any], known: Collection[str], described: Mapping[str, int], named: Mapping[str, str]) -> Matrix:
    """All files of a table.

    spec: of the config, with the table's name. known: names of samples. described: file → samples that metadata describe
    in its order. named: file name → sample, of GDC files. Raises InputError with the faults of all files together.
    """
    faults: list[str] = []
    found: list[Head] = []
    for path in spec["files"]:
        try:
            found.append(header.look(path, spec["about"]))
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(faults)
    if {head.kind for head in found} == {"star"}:
        return gdc_star.read([head.path for head in found], named)
    if any(head.kind == "star" for head in found):
        raise InputError(f"tables.{spec['name']}.files: STAR counts of the GDC cannot be put together with files of other kinds")
    parts = []
    for head in found:
        try:
            parts.append(_one(head, spec, known, described.get(head.path)))
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(faults)
    return stacked(parts)


def _one(head: Head, spec: Mapping[str, Any], known: Collection[str], described: int | None) -> Matrix:
    """One file, each feature and each sample once."""
    key = f"tables.{spec['name']}"
    if head.kind == "delimited" and (
        absent := [name for name in spec["about"] if name not in head.beside and name not in head.about]
    ):
        raise InputError(_absent(head.path, key, name, [*head.columns, *head.rows[:SHOWN]]) for name in absent)
    if head.kind in ("h5ad", "h5mu"):
        matrix = hdf5.read(head.path, spec["name"], spec["modality"], spec["layer"])
        matrix = _apart(matrix, spec["about"])
    elif head.kind == "series":
        if not head.rows:
            raise InputError(header.without_numbers(head))
        matrix = delimited.read(head, "columns", [])
        told = {plain(c): "" for said in head.told.values() for c in said}
        rows = [told | {plain(c): v for c, v in head.told.get(sample, {}).items()} for sample in matrix.samples]
        matrix.obs = pd.DataFrame(rows, index=matrix.samples, dtype=object)
        matrix.notes.append(f"a series matrix of GEO: {len(matrix.samples)} samples, told of by {', '.join(told) or 'nothing'}")
    else:
        chosen = orientation.way(head, spec, known, described)
        matrix = delimited.read(head, chosen.samples, spec["about"])
        matrix.obs = matrix.obs.rename(columns=plain).map(cleaned)
        matrix.notes.append(f"samples are its {chosen.samples}: {chosen.because}")
    again = [name for name, count in Counter(matrix.samples).items() if count > 1]
    if again:
        raise InputError(f"{head.path}: sample {name!r} stands more than once; keep one of them" for name in again[:SHOWN])
    return merged(matrix, spec["duplicates"], key)


def _apart(matrix: Matrix, about: Sequence[str]) -> Matrix:
    """Features that tell of the samples become columns of obs."""
    places = [i for i, name in enumerate(matrix.features) if name in about]
    if places:
        for i in places:
            matrix.obs[plain(matrix.features[i])] = [f"{value:g}" for value in matrix.values[:, i]]
        kept = [i for i in range(len(matrix.features)) if i not in places]
        matrix.values, matrix.var = matrix.values[:, kept], matrix.var.iloc[kept]
    return matrix


def _absent(path: str, key: str, name: str, known: Sequence[str]) -> str:
    near = nearest(name, known)
    return f"{key}.about: {path} has no column or row {name!r}" + (f"; did you mean {near!r}?" if near else "")
