"""Predictions of the models of a task's first repeat: score and probability of each head."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from readsight.dataset.fold_file import Encoding, Fold, SequenceLayout
from readsight.dataset.outcome import Outcome
from readsight.errors import InputError
from readsight.formats import model_file
from readsight.interpret.sequence_attribution.query import output_heads
from readsight.models import calibration, lookup
from readsight.models.calibration import EDGE, logit
from readsight.models.model_spec import ModelSpec

UNITS = {
    "binary": "logit",
    "multiclass": "logit less the mean of all classes",
    "multilabel": "logit",
    "regression": "score",
    "positions": "expected sites",
    "profile": "log of the total signal",
}


@dataclass(frozen=True)
class SequenceModels:
    """Models of all folds. content: model file. encodings: representation of each fold."""

    arrays: list[dict[str, np.ndarray]]
    content: dict[str, Any]
    encodings: list[Encoding | None]

    def __len__(self) -> int:
        return len(self.arrays)

    @property
    def outcome(self) -> Outcome:
        return Outcome.from_dict(self.content["outcome"])

    @property
    def sequence(self) -> SequenceLayout:
        return SequenceLayout.from_dict(self.content["sequence"])

    @property
    def heads(self) -> list[str]:
        return [head.name for head in output_heads(self.outcome)]

    @property
    def unit(self) -> str:
        """Unit of a score."""
        return UNITS[self.outcome.kind]

    def predict(self, codes: np.ndarray, threads: int) -> tuple[np.ndarray, np.ndarray]:
        """Scores and calibrated probabilities of codes (n, positions), each (folds, n, heads) float64.

        Predictions are computed in float32 because small differences matter.
        """
        predictions = [self._predict_fold(number, codes, threads) for number in range(len(self))]
        return np.stack([score for score, _ in predictions]), np.stack([probability for _, probability in predictions])

    def _predict_fold(self, number: int, codes: np.ndarray, threads: int) -> tuple[np.ndarray, np.ndarray]:
        row, names = self.content["folds"][number], np.arange(len(codes)).astype(str)
        fold = Fold(
            codes, np.zeros(len(codes)), np.ones(len(codes)), names, names, pd.DataFrame(), "", self.outcome, self.sequence,
            self.encodings[number],
        )  # fmt: skip
        member, fold = lookup.find_model(ModelSpec.parse(self.content["model"]).model, fold)
        description = row["about"] | ({"predicts": "float32"} if "predicts" in row["about"] else {})
        raw = np.asarray(lookup.predict_fold(member, self.arrays[number], description, fold, threads), np.float64)
        kind = self.outcome.kind
        scaled = raw if row["calibration"] is None else calibration.apply(kind, raw, row["calibration"])
        return convert_predictions(kind, raw)[0], convert_predictions(kind, scaled)[1]


def read_models(tensors: Path, description: Path, representation: tuple[Path, Path] | None) -> SequenceModels:
    """Models of a repeat. representation: arrays and description of a fitted representation, if there is one.

    Raises InputError if both were not built from one split, or if it is not a sequence model.
    """
    arrays, content = model_file.read(tensors, description)
    if "sequence" not in content:
        raise InputError(f"{description}: is not a sequence model; personal genomes need one")
    encodings: list[Encoding | None] = [None] * len(arrays)
    if representation:
        encodings, digest = lookup.read_encodings(*representation)
        if digest != content["certificate"] or len(encodings) != len(arrays):
            raise InputError(f"{representation[1]}: was not built from the split that {description} was trained on; rebuild both")
    return SequenceModels(arrays, content, encodings)


def convert_predictions(kind: str, predictions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scores and probabilities (n, heads) of predictions.

    For outcomes per position, the score of a class is the expected number of sites in the window, its probability the maximum
    over positions. Regression and profiles have no probability: NaN.
    """
    no_probability = np.full((len(predictions), 1), np.nan)
    if kind == "binary":
        return logit(predictions)[:, None], predictions[:, None]
    if kind == "multilabel":
        return logit(predictions), predictions
    if kind == "multiclass":
        log_probability = np.log(np.clip(predictions, EDGE, 1))
        return log_probability - log_probability.mean(axis=1, keepdims=True), predictions
    if kind == "positions":
        return predictions[:, :, 1:].sum(axis=1), predictions[:, :, 1:].max(axis=1)
    if kind == "profile":
        return np.log(np.maximum(predictions.sum(axis=1), EDGE))[:, None], no_probability
    return predictions[:, None], no_probability
