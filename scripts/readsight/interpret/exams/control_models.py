"""Control models for attribution exams: same architecture, but random weights, shuffled labels, or a second training run."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from readsight.dataset import fold_file
from readsight.dataset.fold_file import Encoding, Fold
from readsight.dataset.outcome import UNCOUNTED
from readsight.interpret.sequence_attribution.query import AttributionQuery, OutputHead
from readsight.models.kmer.kmer_counts import sample_examples
from readsight.models.lookup import find_model as member_of
from readsight.models.lookup import train_model
from readsight.models.model_spec import ModelSpec
from readsight.models.sequence.network_model import SequenceModel
from readsight.models.tabular.shuffled_labels import shuffle_labels
from readsight.models.training.weights import select_network_arrays

MAX_EXAMPLES = 4000  # training examples of a retrained model
MAX_FRACTION = 0.8  # of the examples, so that retraining a deterministic model gives a different one
MAX_BATCH = 64  # largest batch, so that few epochs give the required number of steps


@dataclass(frozen=True)
class ExplainedModel:
    """A trained model of one fold. model: see `readsight.interpret.sequence_attribution.feature_models`."""

    model: Any
    arrays: dict[str, np.ndarray]
    description: dict[str, Any]

    def make_query(self, codes: np.ndarray, head: OutputHead, positions: np.ndarray | None = None) -> AttributionQuery:
        return AttributionQuery(self.model, self.arrays, self.description, codes, head, positions)

    def redirect_query(self, query: AttributionQuery) -> AttributionQuery:
        """The same query for this model."""
        return self.make_query(query.codes, query.head, query.positions)


@dataclass(frozen=True)
class TrainingBudget:
    """Effort of training a control network: `steps` optimiser steps, limited to `max_shown` examples shown in total."""

    max_examples: int
    steps: int
    max_shown: int

    def count_epochs(self, n: int, batch: int, max_epochs: int) -> int:
        """Epochs over n examples; never more than max_epochs."""
        return max(1, min(max_epochs, round(self.steps * batch / n), round(self.max_shown / n)))


SHUFFLED_BUDGET = TrainingBudget(2000, 120, 8_000)
RETRAINING_BUDGET = TrainingBudget(MAX_EXAMPLES, 400, 24_000)


@dataclass(frozen=True)
class ControlTrainer:
    """Trains control versions of the task's first model.

    balanced: file of its training folds. content: of model.json. encodings: representation of each fold.
    """

    balanced: Path
    content: dict[str, Any]
    encodings: list[Encoding | None]
    threads: int

    def train_on_shuffled_labels(self, number: int, seed: int) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Arrays and description of a model trained on shuffled labels."""
        return self._train(number, SHUFFLED_BUDGET, seed, permute_labels)

    def retrain(self, number: int, seed: int) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Arrays and description of a model trained on true labels with a different seed and a different subset of the fold."""
        return self._train(number, RETRAINING_BUDGET, seed, lambda fold, _: fold)

    def _train(
        self, number: int, budget: TrainingBudget, seed: int, make_fold: Any
    ) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        model_spec = ModelSpec.parse(self.content["model"])
        full_fold = replace(model_spec.restrict_fold(fold_file.read(self.balanced, number)), encoding=self.encodings[number])
        subset = sample_examples(full_fold, max(1, min(budget.max_examples, round(MAX_FRACTION * len(full_fold)))), seed)
        module, fold = member_of(model_spec.model, make_fold(subset, seed))
        settings = dict(self.content["folds"][number]["settings"])
        if isinstance(module, SequenceModel):
            batch = min(settings["batch_size"], MAX_BATCH)
            epochs = budget.count_epochs(len(fold), batch, settings["epochs"])
            settings |= {"batch_size": batch, "epochs": epochs, "ensemble": 1, "devices": 1, "nodes": 1}
        fitted = train_model(module, (fold, None), settings, seed, self.threads)
        return fitted.arrays, fitted.description


def permute_labels(fold: Fold, seed: int) -> Fold:
    """The same examples with permuted labels; per-position labels are also rotated by a random offset.

    Rotation is circular. Positions that are excluded from training stay excluded.
    """
    permuted = shuffle_labels(fold, seed)
    if not fold.outcome.is_positional:
        return permuted
    labels, rng = np.asarray(permuted.labels), np.random.default_rng(seed)
    shift = rng.integers(0, labels.shape[1], len(labels))
    rotated = np.take_along_axis(labels, (np.arange(labels.shape[1]) - shift[:, None]) % labels.shape[1], axis=1)
    if fold.outcome.kind == "positions":
        rotated = np.where(rotated == UNCOUNTED, 0, rotated)
        rotated = np.where(np.asarray(fold.labels) == UNCOUNTED, UNCOUNTED, rotated).astype(labels.dtype)
    return replace(permuted, labels=rotated)


def randomise_weights(query: AttributionQuery, seed: int) -> AttributionQuery | None:
    """The query for the same architecture with random weights; None if the model has no weights to randomise."""
    randomise = getattr(getattr(query.model, "model", query.model), "randomise_weights", None)
    return None if randomise is None else replace(query, arrays=randomise(query.arrays, query.description, seed))


def split_ensemble(query: AttributionQuery) -> list[AttributionQuery]:
    """One query per network of an ensemble; empty if there is only one network."""
    description, count = query.description, int(query.description.get("ensemble", 1))
    if count < 2:
        return []
    encoding_arrays = {name: array for name, array in query.arrays.items() if name.startswith("encoding.")}
    per_network = [
        encoding_arrays | {f"0.{name}": array for name, array in select_network_arrays(query.arrays, number).items()}
        for number in range(count)
    ]
    return [replace(query, arrays=arrays, description=description | {"ensemble": 1}) for arrays in per_network]
