"""What an attribution of sequences is asked: a trained model, sequences, and the number of its output that is explained."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from readsight.dataset.outcome import Outcome
from readsight.genome.codes import reverse_complement
from readsight.models.calibration import EDGE, logit
from readsight.models.sequence.network_model import Member

ROWS = 512  # sequences put through a model at once


@dataclass(frozen=True)
class Head:
    """One number of a model's output.

    name: what it speaks for: a class, a label, `score`, `profile`. index: place among the outputs; None where there is one.
    """

    name: str
    index: int | None = None


def heads(outcome: Outcome) -> list[Head]:
    """The numbers of an outcome that are explained, one attribution each.

    binary: the logit of the second class. multiclass: each class's logit less the mean of all. multilabel: each label's logit.
    regression: the number. positions: each class's logit but the first's (no site), less the mean of all, at one place.
    profile: the logarithm of the whole signal.
    """
    kind, classes = outcome.kind, list(outcome.classes)
    if kind == "binary":
        return [Head(classes[1])]
    if kind in ("multiclass", "multilabel"):
        return [Head(name, i) for i, name in enumerate(classes)]
    if kind == "positions":
        return [Head(name, i) for i, name in enumerate(classes) if i]
    return [Head({"regression": "score", "profile": "profile"}[kind])]


@dataclass(frozen=True)
class Question:
    """member: of a registry of models (`readsight.models.lookup`). arrays, about: the trained one. codes: (n, places) uint8; of
    pairs the reference window and then the alternative one. head: what is explained. at: (n,) place along the sequence, of
    positions alone.

    One strand is asked about, as the codes give it; `turned` asks about the other.
    """

    member: Any
    arrays: dict[str, np.ndarray]
    about: dict[str, Any]
    codes: np.ndarray
    head: Head
    at: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def kind(self) -> str:
        return self.about.get("kind", "binary")

    @property
    def both(self) -> bool:
        """Whether predictions are averaged over both strands: then attributions are too."""
        return bool(self.about.get("average_strands"))

    @property
    def differentiable(self) -> bool:
        """Whether the model has a gradient by base."""
        return isinstance(self.member, Member) and self.about.get("input") == "one_hot"

    @cached_property
    def net(self) -> Any:
        """The trained torch module in float32: float one-hot (n, 4, places) → outputs; of a network alone."""
        return self.member.module(self.arrays, self.about)

    def read(self, outputs: Any, at: Any = None) -> Any:
        """The explained number of the module's outputs: torch (n, …) → (n,). at: (n,) int64, of positions."""
        import torch

        if self.kind in ("binary", "regression"):
            return outputs.reshape(len(outputs))
        if self.kind == "profile":
            return torch.nn.functional.softplus(outputs).sum(1).clamp_min(EDGE).log()
        if self.kind == "positions":
            outputs = outputs[torch.arange(len(outputs), device=outputs.device), at]
        if self.kind != "multilabel":
            outputs = outputs - outputs.mean(dim=1, keepdim=True)
        return outputs[:, self.head.index]

    def some(self, rows: np.ndarray) -> "Question":
        """The same of some of the sequences."""
        return self._of(self.codes[rows], None if self.at is None else self.at[rows])

    def about_codes(self, codes: np.ndarray, at: np.ndarray | None = None) -> "Question":
        """The same of other sequences (m, places). at: of positions."""
        return self._of(codes, at)

    def turned(self) -> "Question":
        """The same of the other strand: codes reversed and complemented (of a pair each window), places counted from the other end."""
        parts = np.split(self.codes, 2, axis=1) if self.about.get("pair") else [self.codes]
        other = np.concatenate([reverse_complement(part) for part in parts], axis=1)
        return self._of(other, None if self.at is None else self.codes.shape[1] - 1 - self.at)

    def _of(self, codes: np.ndarray, at: np.ndarray | None) -> "Question":
        found = replace(self, codes=codes, at=at)
        if "net" in vars(self):  # built once
            vars(found)["net"] = self.net
        return found

    def score(self) -> np.ndarray:
        """The explained number of each sequence on this strand, (n,) float64; of a model without gradients from its predictions."""
        if not self.differentiable:
            return self._predicted()
        import torch

        from readsight.models.training.inputs import made

        found, _ = [], self.net  # made before: weights made in inference mode have no gradients ever after
        with torch.inference_mode():
            for start in range(0, len(self.codes), ROWS):
                rows = slice(start, start + ROWS)
                given = made(torch.from_numpy(np.ascontiguousarray(self.codes[rows])), self.about)
                at = None if self.at is None else torch.from_numpy(np.ascontiguousarray(self.at[rows]))
                found.append(self.read(self.net(given), at).double().numpy())
        return np.concatenate(found) if found else np.zeros(0)

    def _predicted(self) -> np.ndarray:
        """From predictions of the member, which averages the strands itself; in float32, for what counts is how they differ."""
        guess = np.asarray(self.member.predict(self.arrays, self.about | {"predicts": "float32"}, self.codes), np.float64)
        if self.kind == "regression":
            return guess
        if self.kind == "profile":
            return np.log(np.maximum(guess.sum(axis=1), EDGE))
        if self.kind == "positions":
            guess = guess[np.arange(len(guess)), self.at]
        if self.kind in ("binary", "multilabel"):
            found = logit(guess)
            return found if self.head.index is None else found[:, self.head.index]
        found = np.log(np.clip(guess, EDGE, 1))
        return (found - found.mean(axis=1, keepdims=True))[:, self.head.index]


def turned_back(found: np.ndarray, about: dict[str, Any]) -> np.ndarray:
    """Attributions (n, places, 4) of the other strand, as of this one: places and bases in the opposite order."""
    parts = np.split(found, 2, axis=1) if about.get("pair") else [found]
    return np.concatenate([part[:, ::-1, ::-1] for part in parts], axis=1)
