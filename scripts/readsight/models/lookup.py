"""Which module learns a model of a task, and what of the examples it is shown.

Of tables a model is a member of `tabular` and sees the fold as it stands. Of sequences it is a network (`sequence`) or a
model of k-mers (`kmer`), which see codes; or a member of `tabular`, which sees features that the encoding makes.
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
    """The module behind a model's word, and the fold as it sees it. Raises InputError for an unknown word."""
    if fold.sequence is None:
        return MODELS[name], fold
    for registry in (NETWORKS, KMER_MODELS):
        if name in registry:
            return registry[name], fold
    return MODELS[name], compute_fold_features(fold)


def compute_fold_features(fold: Fold) -> Fold:
    """The fold with the features that its encoding makes of the sequences."""
    values, names = ENCODINGS[fold.encoding.name].features(fold.values, fold.encoding)
    return replace(fold, values=values, var=pd.DataFrame(index=pd.Index(names)), sequence=None)


def describe_sequences(fold: Fold) -> dict[str, Any]:
    """What a model's file says of the sequences that it was trained on; nothing of tables."""
    if fold.sequence is None:
        return {}
    return {"sequence": fold.sequence.to_dict(), "representation": fold.encoding.name if fold.encoding else None}


def check_compatibility(fold: Fold, content: dict[str, Any], test_path: Path, description_path: Path) -> None:
    """Raise InputError where a model was not trained on such sequences, or for such an outcome."""
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
        faults.append(f"{test_path}: what is to be predicted is not what {description_path} was trained on")
    if faults:
        raise InputError(faults)


def read_encodings(tensors_path: Path, description_path: Path) -> tuple[list[Encoding], str]:
    """The representation as it was learned in each fold, and the mark of the certificate that the folds were made under."""
    arrays, content = model_file.read(tensors_path, description_path)
    encoding_name = content["representation"]
    encodings = [
        Encoding(encoding_name, row["about"], fold_arrays) for row, fold_arrays in zip(content["folds"], arrays, strict=True)
    ]
    return encodings, content["certificate"]


def has_checkpoints(model: ModuleType) -> bool:
    """Whether a model's training is long: then it keeps checkpoints, and predicts with several threads."""
    return getattr(model, "RESUMES", False)


def train_model(
    model: ModuleType,
    folds: tuple[Fold, Fold | None],
    settings: dict[str, Any],
    seed: int,
    threads: int,
    checkpoint_folder: Path | None = None,
) -> FittedModel:
    """A model trained on the first part, the second being held out. checkpoint_folder: folder of checkpoints, for those that go on from some."""
    options = {"keep": checkpoint_folder} if has_checkpoints(model) else {}
    return model.train(*folds, settings, seed, threads, **options)


def predict_fold(
    model: ModuleType, arrays: dict[str, np.ndarray], description: dict[str, Any], fold: Fold, threads: int
) -> np.ndarray:
    """A trained model's predictions of a fold's examples."""
    options = {"threads": threads} if has_checkpoints(model) else {}
    return model.predict(arrays, description, fold.values, **options)
