"""Convolutions and dense layers over sequence, as in Basset (Kelley et al. 2016) and DeepSEA (Zhou & Troyanskaya 2015)."""

from pathlib import Path
from typing import Any

import numpy as np

from readsight import training
from readsight.foldfile import Fold
from readsight.models.fitted import Fitted
from readsight.nets.start import start
from readsight.outcome import ALONG
from readsight.training import settled

__all__ = ["build", "module", "predict", "redrawn", "settled", "space", "train", "KINDS", "RESUMES"]

KINDS = ("binary", "multiclass", "multilabel", "regression", "positions", "profile")
RESUMES = True
SETTINGS = ("filters", "widths", "pools", "hidden", "activation", "norm", "dropout")


def build(about: dict[str, Any]) -> Any:
    """Torch module, batch → logits. about: SETTINGS, and what `readsight.nets` says."""
    from readsight.nets.convolutional import Along, Pooled
    from readsight.nets.network import Network, Reader

    reader = Reader(about)
    trunk = Along(about, reader.channels) if about["kind"] in ALONG else Pooled(about, reader.places, reader.channels)
    return Network(about, reader, trunk, about["hidden"])


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
    filters = trial.suggest_categorical("filters", [32, 64, 96])
    width = trial.suggest_categorical("width", [11, 15, 19])
    layers = {"filters": [filters, 3 * filters // 2, 2 * filters], "widths": [width, 7, 5]}
    return training.space(trial) | layers | {"pools": [2, 2, trial.suggest_categorical("pool", [2, 4])]}
