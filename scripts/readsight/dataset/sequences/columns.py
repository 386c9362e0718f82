"""What the rows of a file say of its sequences: labels, groups, sides of a split. With the standard library alone."""

from collections.abc import Sequence
from typing import Any

from readsight.dataset.sequences.records import FileFaults, Records
from readsight.errors import InputError
from readsight.expression.metadata import clean_value
from readsight.text import find_closest

ROLES = ("train", "validation", "test")


def list_label_columns(spec: dict[str, Any]) -> list[str]:
    """Columns that hold what is predicted; none where a signal or an annotation says it."""
    if spec["target"] in ("profile", "splice_sites") or not spec["label"]:
        return []
    return list(spec["label"]) if isinstance(spec["label"], (list, tuple)) else [spec["label"]]


def read_row_columns(
    records: Records, spec: dict[str, Any], label: str | None, split: str | None, number: int
) -> dict[str, list[str]]:
    """Columns `label` (or `label.0`, …), and where they are asked for `group` and `split`: text, empty where it is missing.

    label, split: of the whole file, None where its rows say it. number: place of the file in the config, from 0. Raises
    InputError for columns that are not there, numbers that are none, and sides that are none.
    """
    faults: list[str] = []
    label_columns = list_label_columns(spec)
    row_columns: dict[str, list[str]] = {}
    if label is not None and len(label_columns) > 1:
        faults.append(
            f"sequences.files.{number}.label: {len(label_columns)} labels are asked for ({', '.join(label_columns)}), and the file is given one; "
            "write each to a column"
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
    """Values of a column, whatever the case of its name."""
    match = next((name for name in records.columns if name == column), None)
    match = match or next((name for name in records.columns if name.lower() == column.lower()), None)
    return None if match is None else records.columns[match]


def _take_column(records: Records, column: str, name: str, key: str, row_columns: dict[str, list[str]]) -> list[str]:
    """Take a column that must be there and full; what is wrong with it."""
    values = _get_column(records, column)
    if values is None:
        closest = find_closest(column, records.columns)
        hint = f"did you mean {closest!r}?" if closest else f"there are: {', '.join(records.columns) or 'none'}"
        advice = "; or say split: train or test beside each of sequences.files" if name == "split" else ""
        return [f"{key}: {records.path} has no column {column!r}; {hint}{advice}"]
    faults = FileFaults(records.path)
    for row, value in zip(records.rows, values, strict=True):
        if not clean_value(value):
            faults.add("empty", row, f"is empty, and {key} needs it", column)
    row_columns[name] = [clean_value(value) for value in values]
    return list(faults)


def _describe_missing_label(records: Records, column: str, number: int) -> str:
    closest = find_closest(column, records.columns)
    if closest:
        hint = f"did you mean {closest!r}?"
    else:
        available = ", ".join(records.columns)
        hint = f"it has {available}" if available else f"FASTA says it behind a name as {column}=…"
    return (
        f"sequences.files.{number}.label: {records.path} does not say what its sequences are: it has no column {column!r} ({hint}); "
        "say label: … beside its path, or name the column in label"
    )


def _check_numbers(records: Records, values: Sequence[str], column: str, is_file_label: bool) -> list[str]:
    """Faults of scores that are no numbers. is_file_label: they are of the config, one for all rows."""
    faults = FileFaults(records.path)
    for row, value in zip(records.rows, values, strict=True):
        if value and not _is_number(value):
            if is_file_label:
                return [
                    f"{records.path}: label {value!r} is no number, and sequences.target is 'score'; give a number, or use classes"
                ]
            faults.add("number", row, f"{value!r} is no number, and sequences.target is 'score'", column)
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
            faults.add("side", row, f"{value!r} is no side of a split; it may say {', '.join(ROLES)}", column)
    return list(faults)
