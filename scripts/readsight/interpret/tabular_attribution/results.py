"""Reader of the attributions written by `interpret_attribute_features`, and labels for their figures."""

import csv
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

METHOD_NAMES = {
    "saliency": "Saliency",
    "input_x_gradient": "Input × gradient",
    "smoothgrad": "SmoothGrad",
    "integrated_gradients": "Integrated gradients",
    "deep_shap": "DeepSHAP",
    "gradient_shap": "Gradient SHAP",
    "grad_cam": "Grad-CAM",
    "attention_rollout": "Attention rollout",
    "shap": "SHAP",
    "mutagenesis": "Mutagenesis",
}


@dataclass(frozen=True)
class FeatureAttributions:
    """Attributions of all methods.

    attributions: method → (n, features, outputs), 0 where a fold's model does not use the feature; the last axis is 1 for a single output.
    by_fold: method → (folds, features), mean |attribution| over examples and outputs; one row for each of `folds`, which are
    those of the first repeat by number and, if random splits supplement a given split, `given` and the new ones.
    used: (folds, features), whether a fold's model uses the feature. values: (n, features), scaled by the fold, NaN where
    its model does not use the feature. example, group: names, (n,). fold: (n,), number of the fold in the first repeat.
    feature, modality: (features,), text. classes: of the outcome. unit: of the attributions.
    """

    attributions: dict[str, np.ndarray]
    by_fold: dict[str, np.ndarray]
    used: np.ndarray
    values: np.ndarray
    example: list[str]
    group: list[str]
    fold: np.ndarray
    folds: list[str]
    feature: list[str]
    modality: list[str]
    classes: list[str]
    unit: str

    @property
    def methods(self) -> list[str]:
        return list(self.attributions)

    @property
    def outputs(self) -> list[str]:
        """Class or label of each output; the second of two classes for a single output; "" for a hazard."""
        count = next(iter(self.attributions.values())).shape[2]
        if count > 1:
            return self.classes if len(self.classes) == count else [str(i) for i in range(count)]
        return self.classes[1:] if len(self.classes) == 2 and self.unit != "log hazard" else [""]


def read_attributions(path: Path) -> FeatureAttributions:
    """Read attributions.h5."""
    with h5py.File(path) as handle:
        methods = [name for name in handle if isinstance(handle[name], h5py.Group)]
        values = handle["values"][:]
        return FeatureAttributions(
            attributions={name: handle[name]["attributions"][:].reshape(*values.shape, -1) for name in methods},
            by_fold={name: handle[name]["by_fold"][:] for name in methods},
            used=handle["used"][:].astype(bool),
            values=values,
            example=_read_text(handle["example"]),
            group=_read_text(handle["group"]),
            fold=handle["fold"][:].astype(int),
            folds=_fold_names(handle["fold_repeat"][:], handle["fold_number"][:]),
            feature=_read_text(handle["feature"]),
            modality=_read_text(handle["modality"]),
            classes=[_to_text(name) for name in handle.attrs["classes"]],
            unit=_to_text(handle.attrs["unit"]),
        )


def _fold_names(repeat: np.ndarray, number: np.ndarray) -> list[str]:
    """Display names of folds; a split given by the user has no number."""
    if (repeat > 0).any():
        return ["given" if r == 0 else f"new {n}" for r, n in zip(repeat, number, strict=True)]
    return [str(n) for n in number]


def _read_text(data: h5py.Dataset) -> list[str]:
    return [_to_text(item) for item in data[:]]


def _to_text(item: Any) -> str:
    return item.decode() if isinstance(item, bytes) else str(item)


def method_title(method: str, result: dict[str, Any]) -> str:
    """A method's name and the exams it failed. result: its entry in exams.json."""
    failed = [row["exam"] for row in result["exams"] if not row["passed"]]
    name = METHOD_NAMES.get(method, method)
    return f"{name}: FAILED {', '.join(failed)}" if failed else f"{name} (all exams passed)"


def choose_method(methods: dict[str, Any]) -> str:
    """The first method that passed its exams; the first of all if none did."""
    return next((name for name, result in methods.items() if result["passed"]), next(iter(methods)))


def shorten(text: str, width: int) -> str:
    """A text of at most `width` characters; a longer one keeps both ends, since ids may differ at either."""
    if len(text) <= width:
        return text
    head_length = (width - 1) * 2 // 3
    return f"{text[:head_length]}…{text[len(text) - (width - 1 - head_length) :]}"


def read_labels(path: Path, width: int = 44) -> dict[str, str]:
    """Feature → axis label, from the table of `interpret_describe`: gene symbol or description, followed by the id.

    With several modalities the modality is appended.
    """
    with open(path, newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle, delimiter="\t"))
    has_several = len({row["modality"] for row in rows}) > 1
    return {
        row["feature"]: feature_label(
            row["id"], row["symbol"] or row["description"], width - has_several * (len(row["modality"]) + 3)
        )
        + (f" ({row['modality']})" if has_several else "")
        for row in rows
    }


def feature_label(feature: str, description: str, width: int) -> str:
    """A feature and its description in at most `width` characters, without repetition."""
    if not description or description == feature:
        return shorten(feature, width)
    if len(feature) + len(description) + 2 <= width:
        return f"{description}  {feature}"
    short_id = shorten(feature, max(width // 3, width - len(description) - 2))
    remaining = width - len(short_id) - 2
    return f"{textwrap.shorten(description, remaining, placeholder='…') if ' ' in description else shorten(description, remaining)}  {short_id}"
