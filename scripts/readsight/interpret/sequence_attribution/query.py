"""What an attribution of sequences is asked: a trained model, sequences, and the number of its output that is explained."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from readsight.dataset.outcome import Outcome
from readsight.genome.codes import reverse_complement
from readsight.models.calibration import EDGE, logit
from readsight.models.sequence.network_model import SequenceModel

MAX_BATCH = 512  # sequences put through a model at once


@dataclass(frozen=True)
class OutputHead:
    """One number of a model's output.

    name: what it speaks for: a class, a label, `score`, `profile`. index: place among the outputs; None where there is one.
    """

    name: str
    index: int | None = None


def output_heads(outcome: Outcome) -> list[OutputHead]:
    """The numbers of an outcome that are explained, one attribution each.

    binary: the logit of the second class. multiclass: each class's logit less the mean of all. multilabel: each label's logit.
    regression: the number. positions: each class's logit but the first's (no site), less the mean of all, at one place.
    profile: the logarithm of the whole signal.
    """
    kind, classes = outcome.kind, list(outcome.classes)
    if kind == "binary":
        return [OutputHead(classes[1])]
    if kind in ("multiclass", "multilabel"):
        return [OutputHead(name, i) for i, name in enumerate(classes)]
    if kind == "positions":
        return [OutputHead(name, i) for i, name in enumerate(classes) if i]
    return [OutputHead({"regression": "score", "profile": "profile"}[kind])]


@dataclass(frozen=True)
class AttributionQuery:
    """member: of a registry of models (`readsight.models.lookup`). arrays, description: the trained one. codes: (n, places) uint8; of
    pairs the reference window and then the alternative one. head: what is explained. positions: (n,) place along the sequence, of
    positions alone.

    One strand is asked about, as the codes give it; `reverse_strand` asks about the other.
    """

    model: Any
    arrays: dict[str, np.ndarray]
    description: dict[str, Any]
    codes: np.ndarray
    head: OutputHead
    positions: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def kind(self) -> str:
        return self.description.get("kind", "binary")

    @property
    def averages_strands(self) -> bool:
        """Whether predictions are averaged over both strands: then attributions are too."""
        return bool(self.description.get("average_strands"))

    @property
    def is_differentiable(self) -> bool:
        """Whether the model has a gradient by base."""
        return isinstance(self.model, SequenceModel) and self.description.get("input") == "one_hot"

    @cached_property
    def net(self) -> Any:
        """The trained torch module in float32: float one-hot (n, 4, places) → outputs; of a network alone."""
        return self.model.module(self.arrays, self.description)

    def select_output(self, outputs: Any, positions: Any = None) -> Any:
        """The explained number of the module's outputs: torch (n, …) → (n,). positions: (n,) int64, of positions."""
        import torch

        if self.kind in ("binary", "regression"):
            return outputs.reshape(len(outputs))
        if self.kind == "profile":
            return torch.nn.functional.softplus(outputs).sum(1).clamp_min(EDGE).log()
        if self.kind == "positions":
            outputs = outputs[torch.arange(len(outputs), device=outputs.device), positions]
        if self.kind != "multilabel":
            outputs = outputs - outputs.mean(dim=1, keepdim=True)
        return outputs[:, self.head.index]

    def select_rows(self, rows: np.ndarray) -> "AttributionQuery":
        """The same of some of the sequences."""
        return self._replace_codes(self.codes[rows], None if self.positions is None else self.positions[rows])

    def with_codes(self, codes: np.ndarray, positions: np.ndarray | None = None) -> "AttributionQuery":
        """The same of other sequences (m, places). positions: of positions."""
        return self._replace_codes(codes, positions)

    def reverse_strand(self) -> "AttributionQuery":
        """The same of the other strand: codes reversed and complemented (of a pair each window), places counted from the other end."""
        windows = np.split(self.codes, 2, axis=1) if self.description.get("pair") else [self.codes]
        reversed_codes = np.concatenate([reverse_complement(window) for window in windows], axis=1)
        return self._replace_codes(reversed_codes, None if self.positions is None else self.codes.shape[1] - 1 - self.positions)

    def _replace_codes(self, codes: np.ndarray, positions: np.ndarray | None) -> "AttributionQuery":
        query = replace(self, codes=codes, at=positions)
        if "net" in vars(self):  # built once
            vars(query)["net"] = self.net
        return query

    def compute_scores(self) -> np.ndarray:
        """The explained number of each sequence on this strand, (n,) float64; of a model without gradients from its predictions."""
        if not self.is_differentiable:
            return self._score_predictions()
        import torch

        from readsight.models.training.inputs import to_network_input

        scores, _ = [], self.net  # made before: weights made in inference mode have no gradients ever after
        with torch.inference_mode():
            for start in range(0, len(self.codes), MAX_BATCH):
                rows = slice(start, start + MAX_BATCH)
                inputs = to_network_input(torch.from_numpy(np.ascontiguousarray(self.codes[rows])), self.description)
                positions = None if self.positions is None else torch.from_numpy(np.ascontiguousarray(self.positions[rows]))
                scores.append(self.select_output(self.net(inputs), positions).double().numpy())
        return np.concatenate(scores) if scores else np.zeros(0)

    def _score_predictions(self) -> np.ndarray:
        """From predictions of the member, which averages the strands itself; in float32, for what counts is how they differ."""
        predictions = np.asarray(
            self.model.predict(self.arrays, self.description | {"predicts": "float32"}, self.codes), np.float64
        )
        if self.kind == "regression":
            return predictions
        if self.kind == "profile":
            return np.log(np.maximum(predictions.sum(axis=1), EDGE))
        if self.kind == "positions":
            predictions = predictions[np.arange(len(predictions)), self.positions]
        if self.kind in ("binary", "multilabel"):
            logits = logit(predictions)
            return logits if self.head.index is None else logits[:, self.head.index]
        logits = np.log(np.clip(predictions, EDGE, 1))
        return (logits - logits.mean(axis=1, keepdims=True))[:, self.head.index]


def reverse_attributions(attributions: np.ndarray, description: dict[str, Any]) -> np.ndarray:
    """Attributions (n, places, 4) of the other strand, as of this one: places and bases in the opposite order."""
    windows = np.split(attributions, 2, axis=1) if description.get("pair") else [attributions]
    return np.concatenate([window[:, ::-1, ::-1] for window in windows], axis=1)
