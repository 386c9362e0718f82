"""A small network of sequence, and parts that it learns from, for tests of training."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import sequenced
from readsight.config.sequence_tasks import Represent, Training
from readsight.dataset import fold_file
from readsight.dataset.certificate import sha256
from readsight.dataset.encodings import ENCODINGS
from readsight.dataset.fold_file import Fold
from readsight.formats import model_file
from readsight.models import training

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


def build_plain(about: dict[str, Any]) -> Any:
    """A network that reads each example by itself, in training too."""
    from torch import nn

    return nn.Sequential(nn.Conv1d(4, 8, 9, padding="same"), nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(8, 1))


def part(kind: str = "binary", n: int = 120, length: int = 40, seed: int = 1, **said: Any) -> Fold:
    """Sequences of which a word tells the outcome. said: of `fold_file.Sequence`."""
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


def files(folder: Path, whole: Fold, word: str = "one_hot", folds: int = 2) -> dict[str, Path]:
    """Folds of sequences in files, each with a part held out, and their representation.

    Names: balanced, validation, test, certificate, representation, representation_about.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = {name: folder / f"{name}.h5" for name in ("balanced", "validation", "test")}
    found |= {"certificate": folder / "certificate.json", "representation": folder / "representation.safetensors"}
    found |= {"representation_about": folder / "representation.json"}
    found["certificate"].write_text(json.dumps({"certified": True, "class_names": list(whole.outcome.classes)}))
    mark, place = sha256(found["certificate"]), np.arange(len(whole))
    roles = np.array(["test", "validation", "balanced", "balanced", "balanced"])
    arrays, rows, spec = [], [], Represent().model_dump() | {"k": 3, "epochs": 1, "vocabulary": 64, "dimensions": 8}
    for k in range(folds):
        codes = whole.values[roles[(place // 2 + k) % 5] == "balanced"]
        encoding = ENCODINGS[word].fit(codes, whole.sequence, spec, 1, 1)
        arrays.append(encoding.arrays)
        rows.append({"about": encoding.about})
    for name in set(roles):
        parts = [(f"fold{k}", _data(whole, np.flatnonzero(roles[(place // 2 + k) % 5] == name), mark)) for k in range(folds)]
        fold_file.write(found[name], parts)
    content = {"representation": word, "certificate": mark, "folds": rows}
    model_file.write(found["representation"], found["representation_about"], arrays, content)
    return found


def _data(whole: Fold, rows: np.ndarray, mark: str) -> Any:
    obs: dict[str, Any] = {"group": whole.groups[rows], "weight": whole.weights[rows]}
    obs |= {} if whole.outcome.along else whole.outcome.targets(whole.labels[rows])
    table = pd.DataFrame(obs, index=whole.names[rows])
    target = whole.labels[rows] if whole.outcome.along else None
    return fold_file.pack_sequences(whole.values[rows], table, {"certificate": mark}, whole.outcome, whole.sequence, target)


def train_and_predict(
    folder: Path, given: dict[str, Path], model: str, settings: dict[str, Any], keep: Path | None = None
) -> dict:
    """A model trained and predicted with by the scripts: tensors, about, predictions."""
    import model_predict
    import model_train

    folder.mkdir(parents=True, exist_ok=True)
    made = {
        name: folder / f"{model}.{end}"
        for name, end in (("tensors", "safetensors"), ("about", "json"), ("predictions", "parquet"))
    }
    paths = [given[name] for name in ("balanced", "validation", "certificate")]
    learned = (given["representation"], given["representation_about"])
    model_train.main(*paths, model, settings, 1, 1, made["tensors"], made["about"], 0, learned, keep)
    model_predict.main(given["test"], made["tensors"], made["about"], given["certificate"], 0, made["predictions"], learned)
    return made
