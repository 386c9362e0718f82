"""What the rows of a file say of its sequences: labels, groups, sides of a split. With the standard library alone."""

from collections.abc import Sequence
from typing import Any

from readsight.dataset.sequences.records import Faults, Records
from readsight.errors import InputError
from readsight.expression.metadata import cleaned
from readsight.text import nearest

ROLES = ("train", "validation", "test")


def labels_of(spec: dict[str, Any]) -> list[str]:
    """Columns that hold what is predicted; none where a signal or an annotation says it."""
    if spec["target"] in ("profile", "splice_sites") or not spec["label"]:
        return []
    return list(spec["label"]) if isinstance(spec["label"], (list, tuple)) else [spec["label"]]


def said(records: Records, spec: dict[str, Any], label: str | None, split: str | None, number: int) -> dict[str, list[str]]:
    """Columns `label` (or `label.0`, …), and where they are asked for `group` and `split`: text, empty where it is missing.

    label, split: of the whole file, None where its rows say it. number: place of the file in the config, from 0. Raises
    InputError for columns that are not there, numbers that are none, and sides that are none.
    """
    faults: list[str] = []
    wanted = labels_of(spec)
    found: dict[str, list[str]] = {}
    if label is not None and len(wanted) > 1:
        faults.append(
            f"sequences.files.{number}.label: {len(wanted)} labels are asked for ({', '.join(wanted)}), and the file is given one; "
            "write each to a column"
        )
    for i, column in enumerate(wanted):
        name = f"label.{i}" if isinstance(spec["label"], (list, tuple)) else "label"
        values = [label] * len(records) if label is not None else _column(records, column)
        if values is None:
            faults.append(_no_label(records, column, number))
            continue
        found[name] = [cleaned(value) for value in values]
        faults += _no_numbers(records, found[name], column, label is not None) if spec["target"] == "score" else []
    if spec["by"] == "group":
        faults += _take(records, spec["column"], "group", "split.column", found)
    if spec["by"] == "given":
        if split is not None:
            found["split"] = [split] * len(records)
        else:
            faults += _take(records, spec["given"], "split", "split.given", found)
            found["split"] = [value.lower() for value in found.get("split", [])]
            faults += _no_sides(records, found["split"], spec["given"])
    if faults:
        raise InputError(faults)
    return found


def _column(records: Records, column: str) -> list[str] | None:
    """Values of a column, whatever the case of its name."""
    own = next((name for name in records.said if name == column), None)
    own = own or next((name for name in records.said if name.lower() == column.lower()), None)
    return None if own is None else records.said[own]


def _take(records: Records, column: str, name: str, key: str, found: dict[str, list[str]]) -> list[str]:
    """Take a column that must be there and full; what is wrong with it."""
    values = _column(records, column)
    if values is None:
        near = nearest(column, records.said)
        hint = f"did you mean {near!r}?" if near else f"there are: {', '.join(records.said) or 'none'}"
        beside = "; or say split: train or test beside each of sequences.files" if name == "split" else ""
        return [f"{key}: {records.path} has no column {column!r}; {hint}{beside}"]
    faults = Faults(records.path)
    for row, value in zip(records.rows, values, strict=True):
        if not cleaned(value):
            faults.note("empty", row, f"is empty, and {key} needs it", column)
    found[name] = [cleaned(value) for value in values]
    return list(faults)


def _no_label(records: Records, column: str, number: int) -> str:
    near = nearest(column, records.said)
    if near:
        hint = f"did you mean {near!r}?"
    else:
        there = ", ".join(records.said)
        hint = f"it has {there}" if there else f"FASTA says it behind a name as {column}=…"
    return (
        f"sequences.files.{number}.label: {records.path} does not say what its sequences are: it has no column {column!r} ({hint}); "
        "say label: … beside its path, or name the column in label"
    )


def _no_numbers(records: Records, values: Sequence[str], column: str, whole: bool) -> list[str]:
    """Faults of scores that are no numbers. whole: they are of the config, one for all rows."""
    faults = Faults(records.path)
    for row, value in zip(records.rows, values, strict=True):
        if value and not _is_number(value):
            if whole:
                return [
                    f"{records.path}: label {value!r} is no number, and sequences.target is 'score'; give a number, or use classes"
                ]
            faults.note("number", row, f"{value!r} is no number, and sequences.target is 'score'", column)
    return list(faults)


def _is_number(value: str) -> bool:
    try:
        return abs(float(value)) < float("inf")
    except ValueError:
        return False


def _no_sides(records: Records, values: Sequence[str], column: str) -> list[str]:
    faults = Faults(records.path)
    for row, value in zip(records.rows, values, strict=False):
        if value and value not in ROLES:
            faults.note("side", row, f"{value!r} is no side of a split; it may say {', '.join(ROLES)}", column)
    return list(faults)
