"""A small network of sequence, and parts that it learns from, for tests of training."""

from dataclasses import replace
from typing import Any

import numpy as np

import sequenced
from readsight import training
from readsight.foldfile import Fold
from readsight.sequential import Training

WORD = "ACGTTTAC"
SETTINGS = Training().model_dump() | {
    "epochs": 4,
    "batch_size": 24,
    "precision": "float32",
    "learning_rate": 1e-2,
    "device": "cpu",
}


def build(about: dict[str, Any]) -> Any:
    """One convolution, and a head for the kind of outcome."""
    import torch
    from torch import nn

    class Tiny(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv1d(4, 12, 9, padding="same")
            self.norm = nn.BatchNorm1d(12)
            self.drop = nn.Dropout(0.1)
            self.head = nn.Linear(12, about["outputs"])

        def forward(self, given: Any) -> Any:
            found = torch.relu(self.norm(self.conv(given)))
            if about["kind"] == "positions":
                return self.head(self.drop(found).transpose(1, 2))
            if about["kind"] == "profile":
                return self.head(found.unflatten(2, (-1, about["bin"])).mean(3).transpose(1, 2)).squeeze(2)
            return self.head(self.drop(found.amax(2)))

    return Tiny()


def part(kind: str = "binary", n: int = 120, length: int = 40, seed: int = 1, **said: Any) -> Fold:
    """Sequences of which a word tells the outcome. said: of `foldfile.Sequence`."""
    codes = sequenced.random(n, length, seed)
    has = np.arange(n) % 2 == 1
    codes = sequenced.planted(codes, has, WORD, seed)
    labels: Any = has.astype(int)
    if kind == "multiclass":
        labels = np.where(has, 1 + np.arange(n) % 4 // 2, 0)
    elif kind == "multilabel":
        labels = np.stack([has, ~has], axis=1).astype(int)
    elif kind == "regression":
        labels = has + 0.1 * np.random.default_rng(seed).normal(size=n)
    elif kind == "positions":
        labels = weak(codes).astype(np.uint8)
    elif kind == "profile":
        labels = weak(codes).reshape(n, -1, said["bin"]).sum(axis=2).astype(np.float32)
    found = sequenced.fold(codes, labels, kind)
    outcome = replace(found.outcome, classes=("strong", "weak")) if kind == "positions" else found.outcome
    return replace(found, outcome=outcome, sequence=replace(found.sequence, **said))


def weak(codes: np.ndarray) -> np.ndarray:
    """Where A or T stands, which is the same on both strands."""
    return (codes == 0) | (codes == 3)


def fit(train: Fold, validation: Fold | None = None, seed: int = 1, keep: Any = None, **settings: Any) -> Any:
    """The small network, trained."""
    settings = SETTINGS | settings
    return training.fit(build, training.described(train, settings), train, validation, settings, seed, 1, keep)


def predict(fitted: Any, codes: np.ndarray) -> np.ndarray:
    return training.predict(build, fitted.arrays, fitted.about, codes)


def same(one: Any, other: Any) -> bool:
    """Whether two models are the same to the last bit."""
    arrays = one.arrays.keys() == other.arrays.keys() and all(np.array_equal(one.arrays[k], other.arrays[k]) for k in one.arrays)
    return arrays and one.history == other.history and one.about == other.about
