"""Reader of the values of CSV, TSV and GEO series matrices, line by line, into samples × features.

Columnar readers need minutes for lines with 60,000 fields, so lines are parsed directly.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from readsight.errors import InputError
from readsight.expression.matrices import header
from readsight.expression.matrices.header import MatrixHeader
from readsight.expression.matrices.matrix import Matrix
from readsight.expression.matrices.orientation import GENE_COLUMNS

FLOAT32_LIMIT = 2**24  # largest integer below which float32 is exact
MAX_FAULTS = 5
MISSING = {"", "na", "n/a", "nan", "-nan", "null", "none", "#n/a", "<na>"}


def read_delimited(head: MatrixHeader, samples_are: str, metadata_columns: list[str]) -> Matrix:
    """Read the values of a delimited file described by its header.

    Parameters
    ----------
    samples_are : "rows" or "columns".
    metadata_columns : columns that are sample metadata, not features.

    Raises
    ------
    InputError for a cell that is not a number, with column, row and value.
    """
    samples_in_rows = samples_are == "rows"
    genes = {} if samples_in_rows else {c: GENE_COLUMNS[c.lower()] for c in head.columns if c.lower() in GENE_COLUMNS}
    text_columns = [c for c in head.columns if c in (metadata_columns if samples_in_rows else genes)]
    faults = _find_nameless(head, text_columns)
    if faults:
        raise InputError(faults)
    value_columns = [i for i, c in enumerate(head.columns, start=1) if c not in text_columns]
    shape = (len(head.rows), len(value_columns)) if samples_in_rows else (len(value_columns), len(head.rows))
    values = np.empty(shape, np.float32)
    position_of = {c: head.columns.index(c) + 1 for c in text_columns}
    texts: dict[str, list[str]] = {c: [] for c in text_columns}
    faults: list[str] = []
    for row, cells in enumerate(_iterate_rows(head)):
        for column, position in position_of.items():
            texts[column].append(cells[position])
        row_values = _parse_numbers(
            head, row, cells[1:] if not text_columns else [cells[i] for i in value_columns], value_columns, faults
        )
        if (
            values.dtype == np.float32
            and np.abs(row_values).max(initial=0, where=~np.isnan(row_values)) >= FLOAT32_LIMIT
            and _is_integral(row_values)
        ):
            values = values.astype(np.float64)
        values[row if samples_in_rows else (slice(None), row)] = row_values
        if len(faults) >= MAX_FAULTS:
            break
    if faults:
        raise InputError(faults[:MAX_FAULTS])
    names = head.rows, [head.columns[i - 1] for i in value_columns]
    samples, features = names if samples_in_rows else names[::-1]
    obs = pd.DataFrame(
        texts if samples_in_rows else {k: _select_columns(v, value_columns) for k, v in head.metadata_rows.items()},
        index=samples,
        dtype=object,
    )
    var = pd.DataFrame({} if samples_in_rows else {genes[c]: texts[c] for c in text_columns}, index=features)
    return Matrix(head.path, values, obs, var)


def _select_columns(values: list[str], numbers: list[int]) -> list[str]:
    return [values[i - 1] for i in numbers]


def _is_integral(values: np.ndarray) -> bool:
    finite = values[np.isfinite(values)]
    return bool((finite == np.floor(finite)).all())


def _find_nameless(head: MatrixHeader, text_columns: list[str]) -> list[str]:
    """Faults of columns and rows without a name."""
    faults = [f"{head.path}: column {i} has no name" for i, c in enumerate(head.columns, start=2) if not c]
    faults += [f"{head.path}, row {n}: has no name" for n, name in zip(head.line_numbers, head.rows, strict=True) if not name]
    return faults[:MAX_FAULTS]


def _iterate_rows(head: MatrixHeader) -> Iterator[list[str]]:
    """Yield the fields of each row of values; the first field is the row name."""
    row_numbers = iter(head.line_numbers)
    next_row = next(row_numbers)
    with header.open_text(head.path) as handle:
        for number, line in enumerate(handle, start=1):
            if number == next_row:
                yield header.split_fields(line, head.delimiter) if '"' in line else line.rstrip("\r\n").split(head.delimiter)
                next_row = next(row_numbers, 0)


def _parse_numbers(head: MatrixHeader, row: int, cells: list[str], columns: list[int], faults: list[str]) -> np.ndarray:
    """Convert the cells of a row to floats, NaN where missing; append one fault per column of text."""
    try:
        # Python parses 1_000 as a number; tables do not use that notation
        if "_" not in "".join(cells):
            return np.array(cells, np.float64)
    except ValueError:
        pass
    line = np.full(len(cells), np.nan)
    for i, cell in enumerate(cells):
        if cell.strip().lower() not in MISSING:
            try:
                line[i] = float(cell) if "_" not in cell else float("_")
            except ValueError:
                if not any(f"column {head.columns[columns[i] - 1]!r}:" in fault for fault in faults):
                    faults.append(_cell_fault(head, columns[i], row, cell.strip()))
    return line


def _cell_fault(head: MatrixHeader, column: int, row: int, value: str) -> str:
    hint = "if this column (or row) is sample metadata, name it in about"
    if head.delimiter == ";" and value.replace(",", "", 1).replace("-", "", 1).isdigit():
        hint = "write decimals with a point"
    elif value.replace(",", "").replace(".", "").isdigit():
        hint = "remove the digit grouping"
    return f"{head.path}, row {head.line_numbers[row]} ({head.rows[row]}), column {head.columns[column - 1]!r}: {value!r} is not a number; {hint}"
