"""Attribution queries: a trained model, sequences, and the explained output."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from readsight.dataset.outcome import Outcome
from readsight.genome.codes import reverse_complement
from readsight.models.calibration import EDGE, logit
from readsight.models.sequence.network_model import SequenceModel

MAX_BATCH = 512  # sequences per forward pass


@dataclass(frozen=True)
class OutputHead:
    """One output of a model. name: class, label, `score` or `profile`. index: of the output; None for a single output."""

    name: str
    index: int | None = None


def output_heads(outcome: Outcome) -> list[OutputHead]:
    """The explained outputs of an outcome, one attribution each.

    binary: logit of the second class. multiclass: logit of each class minus the mean of all. multilabel: logit of each label.
    regression: the number. positions: logit of each class except the first (no site) minus the mean of all, at one position.
    profile: logarithm of the total signal.
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
    """Sequences of one strand with the model and output to explain; `reverse_strand` gives the query for the reverse strand.

    model: of a registry of models (`readsight.models.lookup`). arrays, description: of the trained model. codes: (n, positions) uint8;
    for pairs the reference window followed by the alternative one. positions: (n,) explained position, only for outcome `positions`.
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
        """Whether predictions, and therefore attributions, are averaged over both strands."""
        return bool(self.description.get("average_strands"))

    @property
    def is_differentiable(self) -> bool:
        """Whether the model has a gradient per base."""
        return isinstance(self.model, SequenceModel) and self.description.get("input") == "one_hot"

    @cached_property
    def net(self) -> Any:
        """Trained torch module in float32: float one-hot (n, 4, positions) → outputs; only for networks."""
        return self.model.load_module(self.arrays, self.description)

    def select_output(self, outputs: Any, positions: Any = None) -> Any:
        """Explained output of the module's outputs: torch (n, …) → (n,). positions: (n,) int64, for outcome `positions`."""
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
        """The same query for selected sequences."""
        return self._replace_codes(self.codes[rows], None if self.positions is None else self.positions[rows])

    def with_codes(self, codes: np.ndarray, positions: np.ndarray | None = None) -> "AttributionQuery":
        """The same query for different sequences (m, positions). positions: for outcome `positions`."""
        return self._replace_codes(codes, positions)

    def reverse_strand(self) -> "AttributionQuery":
        """The same query for the reverse strand: reverse complement of each window, explained positions counted from the end."""
        windows = np.split(self.codes, 2, axis=1) if self.description.get("pair") else [self.codes]
        reversed_codes = np.concatenate([reverse_complement(window) for window in windows], axis=1)
        return self._replace_codes(reversed_codes, None if self.positions is None else self.codes.shape[1] - 1 - self.positions)

    def _replace_codes(self, codes: np.ndarray, positions: np.ndarray | None) -> "AttributionQuery":
        query = replace(self, codes=codes, positions=positions)
        if "net" in vars(self):  # built once
            vars(query)["net"] = self.net
        return query

    def compute_scores(self) -> np.ndarray:
        """Explained output of each sequence on this strand, (n,) float64; from predictions if the model has no gradients."""
        if not self.is_differentiable:
            return self._score_predictions()
        import torch

        from readsight.models.training.inputs import to_network_input

        scores, _ = [], self.net  # built first: weights created in inference mode never have gradients
        with torch.inference_mode():
            for start in range(0, len(self.codes), MAX_BATCH):
                rows = slice(start, start + MAX_BATCH)
                inputs = to_network_input(torch.from_numpy(np.ascontiguousarray(self.codes[rows])), self.description)
                positions = None if self.positions is None else torch.from_numpy(np.ascontiguousarray(self.positions[rows]))
                scores.append(self.select_output(self.net(inputs), positions).double().numpy())
        return np.concatenate(scores) if scores else np.zeros(0)

    def _score_predictions(self) -> np.ndarray:
        """Explained output from predictions of the model, which averages strands itself; float32, because differences matter."""
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
    """Attributions (n, positions, 4) of the reverse strand mapped to the forward strand: positions and bases in reverse order."""
    windows = np.split(attributions, 2, axis=1) if description.get("pair") else [attributions]
    return np.concatenate([window[:, ::-1, ::-1] for window in windows], axis=1)
