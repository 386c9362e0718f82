"""A small network of sequence, and folds for it, for tests of training."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import sequenced
from readsight.config.sequence_tasks import Represent, TrainingConfig
from readsight.dataset import fold_file
from readsight.dataset.certificate import sha256
from readsight.dataset.encodings import ENCODINGS
from readsight.dataset.fold_file import Fold
from readsight.formats import model_file
from readsight.models import training

MOTIF = "ACGTTTAC"
SETTINGS = TrainingConfig().model_dump() | {
    "epochs": 4,
    "batch_size": 24,
    "precision": "float32",
    "learning_rate": 1e-2,
    "device": "cpu",
}


def build(description: dict[str, Any]) -> Any:
    """One convolution, and a head for the kind of outcome."""
    import torch
    from torch import nn

    class TinyNetwork(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv1d(4, 12, 9, padding="same")
            self.norm = nn.BatchNorm1d(12)
            self.drop = nn.Dropout(0.1)
            self.head = nn.Linear(12, description["outputs"])

        def forward(self, batch: Any) -> Any:
            features = torch.relu(self.norm(self.conv(batch)))
            if description["kind"] == "positions":
                return self.head(self.drop(features).transpose(1, 2))
            if description["kind"] == "profile":
                return self.head(features.unflatten(2, (-1, description["bin"])).mean(3).transpose(1, 2)).squeeze(2)
            return self.head(self.drop(features.amax(2)))

    return TinyNetwork()


def build_plain(description: dict[str, Any]) -> Any:
    """A network without dependence between examples, in training too."""
    from torch import nn

    return nn.Sequential(nn.Conv1d(4, 8, 9, padding="same"), nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(8, 1))


def make_fold(kind: str = "binary", n: int = 120, length: int = 40, seed: int = 1, **layout: Any) -> Fold:
    """Sequences in which a motif determines the outcome. layout: fields of the sequence layout."""
    codes = sequenced.random_codes(n, length, seed)
    has_motif = np.arange(n) % 2 == 1
    codes = sequenced.plant_motif(codes, has_motif, MOTIF, seed)
    labels: Any = has_motif.astype(int)
    if kind == "multiclass":
        labels = np.where(has_motif, 1 + np.arange(n) % 4 // 2, 0)
    elif kind == "multilabel":
        labels = np.stack([has_motif, ~has_motif], axis=1).astype(int)
    elif kind == "regression":
        labels = has_motif + 0.1 * np.random.default_rng(seed).normal(size=n)
    elif kind == "positions":
        labels = is_weak(codes).astype(np.uint8)
    elif kind == "profile":
        labels = is_weak(codes).reshape(n, -1, layout["bin"]).sum(axis=2).astype(np.float32)
    template = sequenced.make_fold(codes, labels, kind)
    outcome = replace(template.outcome, classes=("strong", "weak")) if kind == "positions" else template.outcome
    return replace(template, outcome=outcome, sequence=replace(template.sequence, **layout))


def is_weak(codes: np.ndarray) -> np.ndarray:
    """Whether each base is A or T, which is equal on both strands."""
    return (codes == 0) | (codes == 3)


def fit(train: Fold, validation: Fold | None = None, seed: int = 1, checkpoint_folder: Any = None, **settings: Any) -> Any:
    """The small network, trained."""
    settings = SETTINGS | settings
    return training.fit(build, training.describe_model(train, settings), train, validation, settings, seed, 1, checkpoint_folder)


def predict(fitted: Any, codes: np.ndarray) -> np.ndarray:
    return training.predict(build, fitted.arrays, fitted.description, codes)


def is_identical(first: Any, second: Any) -> bool:
    """Whether two models are bitwise identical."""
    arrays = first.arrays.keys() == second.arrays.keys() and all(
        np.array_equal(first.arrays[k], second.arrays[k]) for k in first.arrays
    )
    return arrays and first.history == second.history and first.description == second.description


def write_folds(folder: Path, fold: Fold, representation: str = "one_hot", folds: int = 2) -> dict[str, Path]:
    """Fold files of sequences, each with a validation set, and their representation.

    Names: balanced, validation, test, certificate, representation, representation_about.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = {name: folder / f"{name}.h5" for name in ("balanced", "validation", "test")}
    paths |= {"certificate": folder / "certificate.json", "representation": folder / "representation.safetensors"}
    paths |= {"representation_about": folder / "representation.json"}
    paths["certificate"].write_text(json.dumps({"certified": True, "class_names": list(fold.outcome.classes)}))
    digest, position = sha256(paths["certificate"]), np.arange(len(fold))
    roles = np.array(["test", "validation", "balanced", "balanced", "balanced"])
    arrays, rows, spec = [], [], Represent().model_dump() | {"k": 3, "epochs": 1, "vocabulary": 64, "dimensions": 8}
    for k in range(folds):
        codes = fold.values[roles[(position // 2 + k) % 5] == "balanced"]
        encoding = ENCODINGS[representation].fit(codes, fold.sequence, spec, 1, 1)
        arrays.append(encoding.arrays)
        rows.append({"about": encoding.description})
    for name in set(roles):
        parts = [
            (f"fold{k}", _to_anndata(fold, np.flatnonzero(roles[(position // 2 + k) % 5] == name), digest)) for k in range(folds)
        ]
        fold_file.write(paths[name], parts)
    content = {"representation": representation, "certificate": digest, "folds": rows}
    model_file.write(paths["representation"], paths["representation_about"], arrays, content)
    return paths


def _to_anndata(fold: Fold, rows: np.ndarray, digest: str) -> Any:
    obs: dict[str, Any] = {"group": fold.groups[rows], "weight": fold.weights[rows]}
    obs |= {} if fold.outcome.is_positional else fold.outcome.target_columns(fold.labels[rows])
    table = pd.DataFrame(obs, index=fold.names[rows])
    target = fold.labels[rows] if fold.outcome.is_positional else None
    return fold_file.pack_sequences(fold.values[rows], table, {"certificate": digest}, fold.outcome, fold.sequence, target)


def train_and_predict(
    folder: Path, files: dict[str, Path], model: str, settings: dict[str, Any], checkpoint_folder: Path | None = None
) -> dict:
    """A model trained and applied by the scripts: tensors, about, predictions."""
    import model_predict
    import model_train

    folder.mkdir(parents=True, exist_ok=True)
    outputs = {
        name: folder / f"{model}.{end}"
        for name, end in (("tensors", "safetensors"), ("about", "json"), ("predictions", "parquet"))
    }
    paths = [files[name] for name in ("balanced", "validation", "certificate")]
    representation = (files["representation"], files["representation_about"])
    model_train.main(*paths, model, settings, 1, 1, outputs["tensors"], outputs["about"], 0, representation, checkpoint_folder)
    model_predict.main(
        files["test"], outputs["tensors"], outputs["about"], files["certificate"], 0, outputs["predictions"], representation
    )
    return outputs
