"""Read the numbers of CSV, TSV and GEO series matrices, a block at a time, into samples × features."""

import numpy as np
import pandas as pd

from readsight.errors import InputError
from readsight.matrices.heads import Head
from readsight.matrices.matrix import Matrix
from readsight.matrices.orientation import OF_GENES

CELLS = 20_000_000
EXACT = 2**24  # whole numbers that float32 holds exactly
MOST_FAULTS = 5
ABSENT = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "#N/A", "-nan", "n/a", "<NA>"]


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
    texts: dict[str, list[str]] = {c: [] for c in words}
    at = 0
    for block in _blocks(head, words, about):
        for column in words:
            texts[column] += list(block[head.columns.index(column) + 1])
        part = block[numbers].to_numpy(np.float64)
        if values.dtype == np.float32 and part.size and np.nanmax(np.abs(part), initial=0) >= EXACT and _whole(part):
            values = values.astype(np.float64)
        here = slice(at, at + len(part))
        if rows:
            values[here] = part
        else:
            values[:, here] = part.T
        at += len(part)
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


def _blocks(head: Head, words: list[str], about: list[str]):
    """Blocks of rows: the numbers as float64, `words` as text. Columns are called by their place, names are 0."""
    text = {0, *(head.columns.index(c) + 1 for c in words)}
    options = {
        "sep": head.delimiter,
        "header": None,
        "names": range(len(head.columns) + 1),
        "index_col": False,
        "na_values": ABSENT,
        "keep_default_na": False,
        "skiprows": _skipped(head),
        "nrows": len(head.rows),
        "chunksize": max(1, CELLS // max(1, len(head.columns))),
        "encoding": "utf-8",
        "encoding_errors": "replace",
        "low_memory": False,
        "converters": {i: str.strip for i in text},
    }
    numbers = {i: np.float64 for i in range(len(head.columns) + 1) if i not in text}
    try:
        yield from pd.read_csv(head.path, dtype=numbers, **options)
    except ValueError as error:
        faults = _bad_cells(head, text, options, about)
        raise InputError(faults or f"{head.path}: cannot be read as a table: {error}") from None


def _skipped(head: Head):
    """Lines that hold no numbers, counted from 0: those above the rows, blank ones, those that tell of samples."""
    kept = {number - 1 for number in head.numbers}
    last = head.numbers[-1]
    return [line for line in range(last) if line not in kept]


def _bad_cells(head: Head, text: set[int], options: dict, about: list[str]) -> list[str]:
    """The first cell that is no number, of each column that has one."""
    faults, seen, at = [], set(), 0
    for block in pd.read_csv(head.path, dtype={i: str for i in range(len(head.columns) + 1) if i not in text}, **options):
        for i in [i for i in block.columns if i not in text and i not in seen]:
            bad = block[i].notna() & pd.to_numeric(block[i], errors="coerce").isna()
            if bad.any():
                seen.add(i)
                row = at + int(np.flatnonzero(bad)[0])
                faults.append(_cell(head, i, row, block[i].iloc[row - at]))
        at += len(block)
        if len(faults) > MOST_FAULTS:
            break
    more = [f"{head.path}: so do {len(faults) - MOST_FAULTS} columns more"] if len(faults) > MOST_FAULTS else []
    return faults[:MOST_FAULTS] + more


def _cell(head: Head, column: int, row: int, value: str) -> str:
    hint = "if it tells of the samples (or is a row that does), name it in about"
    if head.delimiter == ";" and value.replace(",", "", 1).replace("-", "", 1).isdigit():
        hint = "write decimals with a point"
    elif value.replace(",", "").replace(".", "").isdigit():
        hint = "leave out what groups the digits"
    return f"{head.path}, row {head.numbers[row]} ({head.rows[row]}), column {head.columns[column - 1]!r}: {value!r} is not a number; {hint}"
