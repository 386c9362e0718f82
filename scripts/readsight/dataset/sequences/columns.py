"""Label, group and split columns of a file's rows. Standard library only."""

from collections.abc import Sequence
from typing import Any

from readsight.dataset.sequences.records import FileFaults, Records
from readsight.errors import InputError
from readsight.expression.metadata import clean_value
from readsight.text import find_closest

ROLES = ("train", "validation", "test")


def list_label_columns(spec: dict[str, Any]) -> list[str]:
    """Columns of the prediction target; empty if a signal or an annotation provides it."""
    if spec["target"] in ("profile", "splice_sites") or not spec["label"]:
        return []
    return list(spec["label"]) if isinstance(spec["label"], (list, tuple)) else [spec["label"]]


def read_row_columns(
    records: Records, spec: dict[str, Any], label: str | None, split: str | None, number: int
) -> dict[str, list[str]]:
    """Columns `label` (or `label.0`, …) and, if requested, `group` and `split`, as text; empty text for missing values.

    Parameters
    ----------
    label, split : values for the entire file; None if its rows have them.
    number : index of the file in the config, from 0.

    Raises
    ------
    InputError for missing columns, invalid numbers and invalid split names.
    """
    faults: list[str] = []
    label_columns = list_label_columns(spec)
    row_columns: dict[str, list[str]] = {}
    if label is not None and len(label_columns) > 1:
        faults.append(
            f"sequences.files.{number}.label: {len(label_columns)} labels are requested ({', '.join(label_columns)}), but the file has a single label; "
            "write each label to a column"
        )
    for i, column in enumerate(label_columns):
        name = f"label.{i}" if isinstance(spec["label"], (list, tuple)) else "label"
        values = [label] * len(records) if label is not None else _get_column(records, column)
        if values is None:
            faults.append(_describe_missing_label(records, column, number))
            continue
        row_columns[name] = [clean_value(value) for value in values]
        faults += _check_numbers(records, row_columns[name], column, label is not None) if spec["target"] == "score" else []
    if spec["by"] == "group":
        faults += _take_column(records, spec["column"], "group", "split.column", row_columns)
    if spec["by"] == "given":
        if split is not None:
            row_columns["split"] = [split] * len(records)
        else:
            faults += _take_column(records, spec["given"], "split", "split.given", row_columns)
            row_columns["split"] = [value.lower() for value in row_columns.get("split", [])]
            faults += _check_sides(records, row_columns["split"], spec["given"])
    if faults:
        raise InputError(faults)
    return row_columns


def _get_column(records: Records, column: str) -> list[str] | None:
    """Values of a column; its name is matched exactly, then without regard to case."""
    match = next((name for name in records.columns if name == column), None)
    match = match or next((name for name in records.columns if name.lower() == column.lower()), None)
    return None if match is None else records.columns[match]


def _take_column(records: Records, column: str, name: str, key: str, row_columns: dict[str, list[str]]) -> list[str]:
    """Copy a required column without gaps into row_columns; returns its faults."""
    values = _get_column(records, column)
    if values is None:
        closest = find_closest(column, records.columns)
        hint = f"did you mean {closest!r}?" if closest else f"there are: {', '.join(records.columns) or 'none'}"
        advice = "; or set split: train or test for each entry of sequences.files" if name == "split" else ""
        return [f"{key}: {records.path} has no column {column!r}; {hint}{advice}"]
    faults = FileFaults(records.path)
    for row, value in zip(records.rows, values, strict=True):
        if not clean_value(value):
            faults.add("empty", row, f"is empty, but {key} requires a value", column)
    row_columns[name] = [clean_value(value) for value in values]
    return list(faults)


def _describe_missing_label(records: Records, column: str, number: int) -> str:
    closest = find_closest(column, records.columns)
    if closest:
        hint = f"did you mean {closest!r}?"
    else:
        available = ", ".join(records.columns)
        hint = f"it has {available}" if available else f"in FASTA, write {column}=… after the name"
    return (
        f"sequences.files.{number}.label: {records.path} has no labels: there is no column {column!r} ({hint}); "
        "set label next to its path, or set label to the right column"
    )


def _check_numbers(records: Records, values: Sequence[str], column: str, is_file_label: bool) -> list[str]:
    """Faults of scores that are not numbers. is_file_label: one value from the config applies to all rows."""
    faults = FileFaults(records.path)
    for row, value in zip(records.rows, values, strict=True):
        if value and not _is_number(value):
            if is_file_label:
                return [
                    f"{records.path}: label {value!r} is not a number, but sequences.target is 'score'; give a number, or use classes"
                ]
            faults.add("number", row, f"{value!r} is not a number, but sequences.target is 'score'", column)
    return list(faults)


def _is_number(value: str) -> bool:
    try:
        return abs(float(value)) < float("inf")
    except ValueError:
        return False


def _check_sides(records: Records, values: Sequence[str], column: str) -> list[str]:
    faults = FileFaults(records.path)
    for row, value in zip(records.rows, values, strict=False):
        if value and value not in ROLES:
            faults.add("side", row, f"{value!r} is not a split; use {', '.join(ROLES)}", column)
    return list(faults)
