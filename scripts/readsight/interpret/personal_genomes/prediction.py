"""What the models of a task's first repeat say of sequences: a score and a probability for each of the outcome's heads."""

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
    "profile": "log of the whole signal",
}


@dataclass(frozen=True)
class SequenceModels:
    """The models of all folds. content: what is said about them. encodings: their representations, as each fold learned it."""

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
        """What a score is."""
        return UNITS[self.outcome.kind]

    def predict(self, codes: np.ndarray, threads: int) -> tuple[np.ndarray, np.ndarray]:
        """Scores and probabilities of codes (n, places), each (folds, n, heads) float64; probabilities are calibrated.

        Predictions are made in float32: what counts of them is a difference.
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
    """The models of a repeat. representation: what was learned of it (arrays, about), where it was.

    Raises InputError where the two were not made from one split, or it is no model of sequences.
    """
    arrays, content = model_file.read(tensors, description)
    if "sequence" not in content:
        raise InputError(f"{description}: is no model of sequences; personal sequences need one")
    encodings: list[Encoding | None] = [None] * len(arrays)
    if representation:
        encodings, digest = lookup.read_encodings(*representation)
        if digest != content["certificate"] or len(encodings) != len(arrays):
            raise InputError(
                f"{representation[1]}: was not made from the split that {description} was trained on; make both anew"
            )
    return SequenceModels(arrays, content, encodings)


def convert_predictions(kind: str, predictions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scores and probabilities (n, heads) of predictions that are shaped as the kind of outcome says.

    A score of positions is the number of sites of a class that the window is expected to hold, its probability that of the likeliest
    one. Numbers and signals have no probability: NaN.
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
