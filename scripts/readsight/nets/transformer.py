"""An encoder with self-attention over tokens of sequence, as in DNABERT (Ji et al. 2021).

Of the representation `transformer` the encoder is the one that was trained before, and is trained on from there.
"""

from pathlib import Path
from typing import Any

import numpy as np

from readsight import training
from readsight.errors import InputError
from readsight.foldfile import Fold
from readsight.models.fitted import Fitted
from readsight.nets.start import start
from readsight.training import settled

__all__ = ["build", "module", "predict", "redrawn", "settled", "space", "train", "KINDS", "RESUMES"]

KINDS = ("binary", "multiclass", "multilabel", "regression")
RESUMES = True
SETTINGS = ("dimensions", "layers", "heads", "stem", "activation", "norm", "dropout")


def build(about: dict[str, Any]) -> Any:
    """Torch module, batch → logits. about: SETTINGS, and what `readsight.nets` says."""
    from readsight.nets.attention import Attending, Encoded, Ids
    from readsight.nets.network import Network, Reader

    if about["encoding"]["name"] == "transformer":
        return Network(about, Ids(about), Encoded(about), [])
    if about["dimensions"] % about["heads"]:
        raise InputError(
            f"architectures.transformer.heads: {about['dimensions']} dimensions cannot be shared out among {about['heads']} heads"
        )
    reader = Reader(about)
    return Network(about, reader, Attending(about, reader.places, reader.channels), [])


def train(
    train: Fold, validation: Fold | None, settings: dict[str, Any], seed: int, threads: int, keep: Path | None = None
) -> Fitted:
    """Train as `training.fit` says."""
    about = training.described(train, settings) | {name: settings[name] for name in SETTINGS}
    return training.fit(build, about, train, validation, settings, seed, threads, keep, start(about, train))


def module(arrays: dict[str, np.ndarray], about: dict[str, Any]) -> Any:
    """The trained torch module: a batch → logits."""
    return training.module(build, arrays, about)


def predict(arrays: dict[str, np.ndarray], about: dict[str, Any], values: np.ndarray, threads: int = 1) -> np.ndarray:
    """Predictions of codes (n, length), shaped as the kind of outcome says."""
    return training.predict(build, arrays, about, values, threads)


def redrawn(arrays: dict[str, np.ndarray], about: dict[str, Any], seed: int) -> dict[str, np.ndarray]:
    """Weights of the same architecture, drawn anew and not trained."""
    return training.redrawn(build, arrays, about, seed)


def space(trial: Any) -> dict[str, Any]:
    """Settings that an Optuna trial draws."""
    return training.space(trial) | {
        "dimensions": trial.suggest_categorical("dimensions", [32, 64, 128]),
        "heads": trial.suggest_categorical("heads", [2, 4, 8]),
        "layers": trial.suggest_int("layers", 1, 4),
    }
