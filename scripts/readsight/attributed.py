"""What `interpret_attribute` found, read back: attributions of each method, and how its figures call things."""

import csv
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

NAMES = {"integrated_gradients": "Integrated gradients", "shap": "SHAP"}


@dataclass(frozen=True)
class Attributed:
    """attributions: method → (n, features, outputs), NaN and what a fold's model did not use as 0; of one output, the last axis is 1.

    by_fold: method → (folds, features), mean |attribution| of each fold, over examples and outputs; a row for each of `folds`.
    used: (folds, features), whether a fold's model saw the feature. values: (n, features), scaled by the fold.
    example, group: names, (n,). fold: (n,), a number. label: (n,) or (n, …). feature, modality: (features,), text.
    classes: of the outcome. unit: of the attributions.
    """

    attributions: dict[str, np.ndarray]
    by_fold: dict[str, np.ndarray]
    used: np.ndarray
    values: np.ndarray
    example: list[str]
    group: list[str]
    fold: np.ndarray
    folds: np.ndarray
    label: np.ndarray
    feature: list[str]
    modality: list[str]
    classes: list[str]
    unit: str

    @property
    def methods(self) -> list[str]:
        return list(self.attributions)

    @property
    def outputs(self) -> list[str]:
        """What each output is towards: every class (label) of several, else the second of two; nothing for a hazard."""
        count = next(iter(self.attributions.values())).shape[2]
        if count > 1:
            return self.classes if len(self.classes) == count else [str(i) for i in range(count)]
        return self.classes[1:] if len(self.classes) == 2 and self.unit != "log hazard" else [""]


def read(path: Path) -> Attributed:
    """Read attributions.h5."""
    with h5py.File(path) as handle:
        methods = [name for name in handle if isinstance(handle[name], h5py.Group) and "attributions" in handle[name]]
        values, feature = handle["values"][:], _text(handle["feature"])
        found = {name: np.nan_to_num(handle[name]["attributions"][:].reshape(*values.shape, -1)) for name in methods}
        fold = handle["fold"][:].astype(int) if "fold" in handle else np.zeros(len(values), int)
        folds = np.unique(fold)
        own = {name: handle[name]["by_fold"][:] for name in methods if "by_fold" in handle[name]}
        used = handle["used"][:].astype(bool) if "used" in handle else np.ones(len(feature), bool)
        names = [f"{i}" for i in range(len(values))]
        return Attributed(
            attributions=found,
            by_fold={name: own.get(name, _means(found[name], fold, folds)) for name in methods},
            used=used if used.ndim == 2 else np.tile(used, (len(folds), 1)),
            values=values,
            example=_text(handle["example"]) if "example" in handle else names,
            group=_text(handle["group"]) if "group" in handle else names,
            fold=fold,
            folds=folds,
            label=handle["label"][:] if "label" in handle else np.zeros(len(values), int),
            feature=feature,
            modality=_text(handle["modality"]) if "modality" in handle else [""] * len(feature),
            classes=[_plain(c) for c in np.atleast_1d(handle.attrs.get("classes", []))],
            unit=_plain(handle.attrs.get("unit", "logit")),
        )


def _means(found: np.ndarray, fold: np.ndarray, folds: np.ndarray) -> np.ndarray:
    return np.stack([np.abs(found[fold == number]).mean(axis=(0, 2)) for number in folds])


def _text(data: h5py.Dataset) -> list[str]:
    return [_plain(item) for item in data[:]]


def _plain(item: Any) -> str:
    return item.decode() if isinstance(item, bytes) else str(item)


def title(method: str, held: dict[str, Any]) -> str:
    """A method's name, and what it failed if it did. held: its part of exams.json."""
    failed = [row["exam"] for row in held["exams"] if not row["passed"]]
    name = NAMES.get(method, method)
    return f"{name}: FAILED {', '.join(failed)}" if failed else f"{name} (all exams passed)"


def trusted(methods: dict[str, Any]) -> str:
    """The first method that passed its exams; the first of all where none did."""
    return next((name for name, held in methods.items() if held["passed"]), next(iter(methods)))


def short(text: str, width: int) -> str:
    """A text of at most so many letters; a longer one keeps both ends, since ids differ at either."""
    if len(text) <= width:
        return text
    head = (width - 1) * 2 // 3
    return f"{text[:head]}…{text[len(text) - (width - 1 - head) :]}"


def labels(path: Path, width: int = 44) -> dict[str, str]:
    """Feature → what axes call it, from the table of `interpret_describe`: a gene's symbol, or a description, beside the id.

    Where there are several modalities, each feature's own stands behind it.
    """
    with open(path, newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle, delimiter="\t"))
    several = len({row["modality"] for row in rows}) > 1
    return {
        row["feature"]: named(row["id"], row["symbol"] or row["description"], width - several * (len(row["modality"]) + 3))
        + (f" ({row['modality']})" if several else "")
        for row in rows
    }


def named(feature: str, words: str, width: int) -> str:
    """A feature and what it is, of at most so many letters; what is said twice is said once."""
    if not words or words == feature:
        return short(feature, width)
    if len(feature) + len(words) + 2 <= width:
        return f"{words}  {feature}"
    own = short(feature, max(width // 3, width - len(words) - 2))
    room = width - len(own) - 2
    return f"{textwrap.shorten(words, room, placeholder='…') if ' ' in words else short(words, room)}  {own}"
