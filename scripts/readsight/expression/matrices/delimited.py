"""Read the numbers of CSV, TSV and GEO series matrices, a line at a time, into samples × features.

By hand: readers of tables of columns take minutes for lines of 60,000 fields.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from readsight.errors import InputError
from readsight.expression.matrices import header
from readsight.expression.matrices.header import Head
from readsight.expression.matrices.matrix import Matrix
from readsight.expression.matrices.orientation import OF_GENES

EXACT = 2**24  # whole numbers that float32 holds exactly
MOST_FAULTS = 5
ABSENT = {"", "na", "n/a", "nan", "-nan", "null", "none", "#n/a", "<na>"}


def read(head: Head, samples_are: str, about: list[str]) -> Matrix:
    """The numbers of a delimited file as its head describes it. about: columns that are no features.

    Raises InputError for a cell that is no number: column, row and value.
    """
    rows = samples_are == "rows"
    genes = {} if rows else {c: OF_GENES[c.lower()] for c in head.columns if c.lower() in OF_GENES}
    words = [c for c in head.columns if c in (about if rows else genes)]
    faults = _nameless(head, words)
    if faults:
        raise InputError(faults)
    numbers = [i for i, c in enumerate(head.columns, start=1) if c not in words]
    shape = (len(head.rows), len(numbers)) if rows else (len(numbers), len(head.rows))
    values = np.empty(shape, np.float32)
    places = {c: head.columns.index(c) + 1 for c in words}
    texts: dict[str, list[str]] = {c: [] for c in words}
    faults: list[str] = []
    for at, cells in enumerate(_lines(head)):
        for column, place in places.items():
            texts[column].append(cells[place])
        line = _numbers(head, at, cells[1:] if not words else [cells[i] for i in numbers], numbers, faults)
        if values.dtype == np.float32 and np.abs(line).max(initial=0, where=~np.isnan(line)) >= EXACT and _whole(line):
            values = values.astype(np.float64)
        values[at if rows else (slice(None), at)] = line
        if len(faults) >= MOST_FAULTS:
            break
    if faults:
        raise InputError(faults[:MOST_FAULTS])
    sides = head.rows, [head.columns[i - 1] for i in numbers]
    samples, features = sides if rows else sides[::-1]
    obs = pd.DataFrame(texts if rows else {k: _picked(v, numbers) for k, v in head.about.items()}, index=samples, dtype=object)
    var = pd.DataFrame({} if rows else {genes[c]: texts[c] for c in words}, index=features)
    return Matrix(head.path, values, obs, var)


def _picked(values: list[str], numbers: list[int]) -> list[str]:
    return [values[i - 1] for i in numbers]


def _whole(values: np.ndarray) -> bool:
    finite = values[np.isfinite(values)]
    return bool((finite == np.floor(finite)).all())


def _nameless(head: Head, words: list[str]) -> list[str]:
    """Columns and rows without a name of their own."""
    faults = [f"{head.path}: column {i} has no name" for i, c in enumerate(head.columns, start=2) if not c]
    faults += [f"{head.path}, row {n}: has no name" for n, name in zip(head.numbers, head.rows, strict=True) if not name]
    return faults[:MOST_FAULTS]


def _lines(head: Head) -> Iterator[list[str]]:
    """The fields of each row of numbers, the name first."""
    wanted = iter(head.numbers)
    next_one = next(wanted)
    with header.text(head.path) as handle:
        for number, line in enumerate(handle, start=1):
            if number == next_one:
                yield header.fields(line, head.delimiter) if '"' in line else line.rstrip("\r\n").split(head.delimiter)
                next_one = next(wanted, 0)


def _numbers(head: Head, at: int, cells: list[str], columns: list[int], faults: list[str]) -> np.ndarray:
    """Cells of a row as numbers, NaN where missing; what is none is added to the faults, once a column of text."""
    try:
        # Python takes 1_000 for a number, and no table means that
        if "_" not in "".join(cells):
            return np.array(cells, np.float64)
    except ValueError:
        pass
    line = np.full(len(cells), np.nan)
    for i, cell in enumerate(cells):
        if cell.strip().lower() not in ABSENT:
            try:
                line[i] = float(cell) if "_" not in cell else float("_")
            except ValueError:
                if not any(f"column {head.columns[columns[i] - 1]!r}:" in fault for fault in faults):
                    faults.append(_cell(head, columns[i], at, cell.strip()))
    return line


def _cell(head: Head, column: int, row: int, value: str) -> str:
    hint = "if it tells of the samples (or is a row that does), name it in about"
    if head.delimiter == ";" and value.replace(",", "", 1).replace("-", "", 1).isdigit():
        hint = "write decimals with a point"
    elif value.replace(",", "").replace(".", "").isdigit():
        hint = "leave out what groups the digits"
    return f"{head.path}, row {head.numbers[row]} ({head.rows[row]}), column {head.columns[column - 1]!r}: {value!r} is not a number; {hint}"
