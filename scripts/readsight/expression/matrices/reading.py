"""Reader of all files of one table into one samples × features matrix."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pandas as pd

from readsight.errors import InputError
from readsight.expression.matrices import delimited, gdc_star, hdf5, header, orientation
from readsight.expression.matrices.header import MatrixHeader
from readsight.expression.matrices.matrix import Matrix, merge_duplicates, stack_matrices
from readsight.expression.metadata import clean_value, hdf5_name
from readsight.text import find_closest

MAX_REPORTED = 5


def read_matrix(
    spec: Mapping[str, Any], known: Collection[str], metadata_counts: Mapping[str, int], file_samples: Mapping[str, str]
) -> Matrix:
    """Read all files of a table.

    Parameters
    ----------
    spec : config of the table, with its name.
    known : known sample names.
    metadata_counts : file → number of samples that a metadata file describes in the file's order.
    file_samples : GDC file name → sample.

    Raises
    ------
    InputError with the faults of all files.
    """
    faults: list[str] = []
    headers: list[MatrixHeader] = []
    for path in spec["files"]:
        try:
            headers.append(header.read_header(path, spec["about"]))
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(faults)
    if {head.kind for head in headers} == {"star"}:
        return gdc_star.read_star_counts([head.path for head in headers], file_samples)
    if any(head.kind == "star" for head in headers):
        raise InputError(
            f"tables.{spec['name']}.files: STAR counts of the GDC cannot be combined with files of a different format"
        )
    matrices = []
    for head in headers:
        try:
            matrices.append(_read_file(head, spec, known, metadata_counts.get(head.path)))
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(faults)
    return stack_matrices(matrices)


def _read_file(head: MatrixHeader, spec: Mapping[str, Any], known: Collection[str], metadata_count: int | None) -> Matrix:
    """Read one file and merge duplicate features."""
    key = f"tables.{spec['name']}"
    if head.kind == "delimited" and (
        missing := [name for name in spec["about"] if name not in head.metadata_columns and name not in head.metadata_rows]
    ):
        raise InputError(_absent_name_fault(head.path, key, name, [*head.columns, *head.rows[:MAX_REPORTED]]) for name in missing)
    if head.kind in ("h5ad", "h5mu"):
        matrix = hdf5.read_hdf5(head.path, spec["name"], spec["modality"], spec["layer"])
        matrix = _extract_metadata(matrix, spec["about"])
    elif head.kind == "series":
        if not head.rows:
            raise InputError(header.empty_series_message(head))
        matrix = delimited.read_delimited(head, "columns", [])
        empty_row = {hdf5_name(c): "" for attributes in head.sample_metadata.values() for c in attributes}
        rows = [
            empty_row | {hdf5_name(c): v for c, v in head.sample_metadata.get(sample, {}).items()} for sample in matrix.samples
        ]
        matrix.obs = pd.DataFrame(rows, index=matrix.samples, dtype=object)
        matrix.notes.append(
            f"GEO series matrix: {len(matrix.samples)} samples, described by {', '.join(empty_row) or 'no column'}"
        )
    else:
        layout = orientation.choose_orientation(head, spec, known, metadata_count)
        matrix = delimited.read_delimited(head, layout.samples, spec["about"])
        matrix.obs = matrix.obs.rename(columns=hdf5_name).map(clean_value)
        matrix.notes.append(f"samples are its {layout.samples}: {layout.reason}")
    duplicates = [name for name, count in Counter(matrix.samples).items() if count > 1]
    if duplicates:
        raise InputError(
            f"{head.path}: sample {name!r} occurs more than once; keep one of them" for name in duplicates[:MAX_REPORTED]
        )
    return merge_duplicates(matrix, spec["duplicates"], key)


def _extract_metadata(matrix: Matrix, metadata_names: Sequence[str]) -> Matrix:
    """Move features that are sample metadata to columns of obs."""
    positions = [i for i, name in enumerate(matrix.features) if name in metadata_names]
    if positions:
        for i in positions:
            matrix.obs[hdf5_name(matrix.features[i])] = [f"{value:g}" for value in matrix.values[:, i]]
        feature_columns = [i for i in range(len(matrix.features)) if i not in positions]
        matrix.values, matrix.var = matrix.values[:, feature_columns], matrix.var.iloc[feature_columns]
    return matrix


def _absent_name_fault(path: str, key: str, name: str, known: Sequence[str]) -> str:
    near = find_closest(name, known)
    return f"{key}.about: {path} has no column or row {name!r}" + (f"; did you mean {near!r}?" if near else "")
