"""Outcomes: their kind, shapes of targets and predictions, and the loss of a prediction.

| kind | target | prediction |
|---|---|---|
| binary | (n,) 0 or 1 | (n,) probability of class 1 |
| multiclass | (n,) 0 … K − 1 | (n, K) probabilities, rows sum to 1 |
| multilabel | (n, L) 0 or 1 | (n, L) probabilities |
| survival | (n, 2) time, event (1 observed, 0 censored) | (n,) log relative hazard |
| regression | (n,) number | (n,) number |
| positions | (n, length) 0 … K − 1, for each base; 255: ignored | (n, length, K) probabilities |
| profile | (n, bins) signal, ≥ 0 | (n, bins) signal |

The last two are positional: an AnnData stores their target in `obsm["target"]`, a table as one list per row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

KINDS = ("binary", "multiclass", "multilabel", "survival", "regression", "positions", "profile")
POSITIONAL_KINDS = ("positions", "profile")
UNCOUNTED = 255
EDGE = 1e-6


@dataclass(frozen=True)
class Outcome:
    """kind: one of KINDS. classes: names of the classes (binary: two) or labels (multilabel), or `time`, `event`."""

    kind: str
    classes: tuple[str, ...]

    @classmethod
    def from_dict(cls, content: Any) -> "Outcome":
        """Inverse of `to_dict`, from values read from a file."""
        return cls(str(content["kind"]), tuple(str(name) for name in content["classes"]))

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON and HDF5."""
        return {"kind": self.kind, "classes": list(self.classes)}

    @property
    def output_count(self) -> int:
        """Model outputs per example (or base) before the link function: logits, or the log hazard."""
        return len(self.classes) if self.kind in ("multiclass", "multilabel", "positions") else 1

    @property
    def is_positional(self) -> bool:
        """Whether the target is a value per base or bin instead of per example."""
        return self.kind in POSITIONAL_KINDS

    @property
    def columns(self) -> list[str]:
        """Columns of the target in a table of examples or predictions."""
        if self.kind == "multilabel":
            return [f"label.{i}" for i in range(len(self.classes))]
        return ["time", "event"] if self.kind == "survival" else ["label"]

    def read_target(self, table: pd.DataFrame) -> np.ndarray:
        """Target of the table's rows, shaped as the kind requires."""
        if self.is_positional:
            return np.stack([np.asarray(row) for row in table["label"]])
        columns = table[self.columns]
        if self.kind == "survival":
            return columns.to_numpy(float)
        if self.kind == "regression":
            return columns["label"].to_numpy(float)
        return columns.to_numpy(int) if self.kind == "multilabel" else columns["label"].to_numpy(int)

    def target_columns(self, target: np.ndarray) -> dict[str, np.ndarray]:
        """Columns of a table from a target; inverse of `read_target`."""
        if self.is_positional:
            return {"label": list_rows(target)}
        return dict(zip(self.columns, target.reshape(len(target), -1).T, strict=True))

    def prediction_columns(self, name: str, predictions: np.ndarray) -> dict[str, np.ndarray]:
        """Columns of a table from predictions: `name`, or `name.0`, `name.1`, … for several values per row."""
        if predictions.ndim == 1:
            return {name: predictions}
        if self.is_positional:
            return {name: list_rows(predictions.reshape(len(predictions), -1))}
        return {f"{name}.{i}": column for i, column in enumerate(predictions.T)}

    def read_predictions(self, table: pd.DataFrame, name: str) -> np.ndarray:
        """Predictions of the table's rows; inverse of `prediction_columns`."""
        if self.is_positional:
            predictions = np.stack([np.asarray(row) for row in table[name]])
            return predictions.reshape(len(predictions), -1, self.output_count) if self.kind == "positions" else predictions
        if self.kind in ("binary", "survival", "regression"):
            return table[name].to_numpy(float)
        return table[[f"{name}.{i}" for i in range(len(self.classes))]].to_numpy(float)

    def compute_loss(self, predictions: np.ndarray, target: np.ndarray) -> float:
        """Mean negative log likelihood of predictions (nats); for survival the partial likelihood per event (Breslow's ties).

        Regression: mean squared error. Profile: Poisson loss per bin without the term that is independent of the prediction.
        NaN if undefined: survival without an event.
        """
        if self.kind == "regression":
            return float(((predictions - target) ** 2).mean())
        if self.kind == "profile":
            return float((predictions - target * np.log(np.maximum(predictions, EDGE))).mean())
        if self.kind == "positions":
            is_counted = target != UNCOUNTED
            probabilities = np.clip(
                np.take_along_axis(predictions, np.where(is_counted, target, 0)[..., None].astype(int), -1)[..., 0], EDGE, 1
            )
            return float(-np.log(probabilities[is_counted]).mean())
        if self.kind == "survival":
            return partial_loss(predictions, target[:, 0], target[:, 1])
        probabilities = np.clip(predictions, EDGE, 1 - EDGE)
        if self.kind == "multiclass":
            return float(-np.log(probabilities[np.arange(len(target)), target]).mean())
        return float(-np.where(target == 1, np.log(probabilities), np.log(1 - probabilities)).mean())


def list_rows(rows: np.ndarray) -> np.ndarray:
    """Rows (n, m) as (n,) objects, one array each: a column of lists."""
    objects = np.empty(len(rows), object)
    objects[:] = list(rows)
    return objects


def partial_loss(risk: np.ndarray, time: np.ndarray, event: np.ndarray) -> float:
    """Negative log partial likelihood per event, ties by Breslow (Cox 1972)."""
    if not (event > 0).any():
        return float("nan")
    order = np.argsort(-time, kind="stable")
    at_risk = np.logaddexp.accumulate(risk[order])
    last = np.searchsorted(-time[order], -time[order], side="right") - 1
    return float((at_risk[last] - risk[order])[event[order] > 0].mean())


def encode_classes(values: Sequence[str], positive: str | None = None) -> tuple[np.ndarray, list[str]]:
    """Codes (n,) and class names; of two classes the control comes first (class 0)."""
    names = sorted(set(values), key=lambda value: (_parse_number(value), value))
    if len(names) == 2:
        controls = [n for n in names if n.lower() in CONTROLS]
        first = next(
            (n for n in names if positive is not None and n != positive), controls[0] if len(controls) == 1 else names[0]
        )
        names = [first, next(n for n in names if n != first)]
    code = {name: i for i, name in enumerate(names)}
    return np.array([code[value] for value in values]), names


CONTROLS = {"control", "ctrl", "normal", "healthy", "no", "none", "negative", "false", "0", "wt", "wildtype", "untreated", "benign", "unaffected", "alive"}  # fmt: skip


def _parse_number(value: str) -> float:
    try:
        return float(value)
    except ValueError:
        return np.inf
