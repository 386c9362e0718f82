"""Look-up of the module that trains a model of a task, and of its view of the examples.

Models of tables are in `tabular` and use the fold as it is. Models of sequences are networks (`sequence`) or k-mer models
(`kmer`), which read base codes; or models in `tabular`, which read features computed by the encoding.
"""

from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

from readsight.dataset.encodings import ENCODINGS
from readsight.dataset.fold_file import Encoding, Fold
from readsight.errors import InputError
from readsight.formats import model_file
from readsight.models.fitted_model import FittedModel
from readsight.models.kmer import KMER_MODELS
from readsight.models.sequence import NETWORKS
from readsight.models.tabular import MODELS


def find_model(name: str, fold: Fold) -> tuple[ModuleType, Fold]:
    """The module of a model name, and the fold as the model reads it. Raises InputError for an unknown name."""
    if fold.sequence is None:
        return MODELS[name], fold
    for registry in (NETWORKS, KMER_MODELS):
        if name in registry:
            return registry[name], fold
    return MODELS[name], compute_fold_features(fold)


def compute_fold_features(fold: Fold) -> Fold:
    """The fold with the features that its encoding computes from the sequences."""
    values, names = ENCODINGS[fold.encoding.name].compute_features(fold.values, fold.encoding)
    return replace(fold, values=values, var=pd.DataFrame(index=pd.Index(names)), sequence=None)


def describe_sequences(fold: Fold) -> dict[str, Any]:
    """Sequence layout and representation as recorded in the file of a model; empty for tables."""
    if fold.sequence is None:
        return {}
    return {"sequence": fold.sequence.to_dict(), "representation": fold.encoding.name if fold.encoding else None}


def check_compatibility(fold: Fold, content: dict[str, Any], test_path: Path, description_path: Path) -> None:
    """Raise InputError if the model was trained on different kinds of sequences, or for a different outcome."""
    faults = []
    for key, value in describe_sequences(fold).items():
        stored = content.get(key)
        comparisons = (
            [(name, value[name], (stored or {}).get(name)) for name in value] if key == "sequence" else [(key, value, stored)]
        )
        faults += [
            f"{test_path}: {name} is {current}, and {description_path} was trained with {expected}"
            for name, current, expected in comparisons
            if current != expected
        ]
    if fold.outcome.to_dict() != content["outcome"]:
        faults.append(f"{test_path}: the outcome differs from the one that {description_path} was trained on")
    if faults:
        raise InputError(faults)


def read_encodings(tensors_path: Path, description_path: Path) -> tuple[list[Encoding], str]:
    """The representation fitted in each fold, and the digest of the certificate of the split."""
    arrays, content = model_file.read(tensors_path, description_path)
    encoding_name = content["representation"]
    encodings = [
        Encoding(encoding_name, row["about"], fold_arrays) for row, fold_arrays in zip(content["folds"], arrays, strict=True)
    ]
    return encodings, content["certificate"]


def has_checkpoints(model: ModuleType) -> bool:
    """Whether the training of a model writes checkpoints; such models also predict with several threads."""
    return getattr(model, "RESUMES", False)


def train_model(
    model: ModuleType,
    folds: tuple[Fold, Fold | None],
    settings: dict[str, Any],
    seed: int,
    threads: int,
    checkpoint_folder: Path | None = None,
) -> FittedModel:
    """Train a model on the first fold, with the second one for validation."""
    options = {"checkpoint_folder": checkpoint_folder} if has_checkpoints(model) else {}
    return model.train(*folds, settings, seed, threads, **options)


def predict_fold(
    model: ModuleType, arrays: dict[str, np.ndarray], description: dict[str, Any], fold: Fold, threads: int
) -> np.ndarray:
    """Predictions of a trained model for the examples of a fold."""
    options = {"threads": threads} if has_checkpoints(model) else {}
    return model.predict(arrays, description, fold.values, **options)
