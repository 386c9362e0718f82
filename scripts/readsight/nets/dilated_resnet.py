"""Residual dilated convolutions over sequence, an output a base, as in SpliceAI (Jaganathan et al. 2019)."""

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
SETTINGS = ("filters", "widths", "dilations", "activation", "norm", "dropout")


def build(about: dict[str, Any]) -> Any:
    """Torch module, batch → logits. about: SETTINGS, and what `readsight.nets` says."""
    from readsight.nets.layers import Pool
    from readsight.nets.network import Network, Reader
    from readsight.nets.residual import Dilated

    reader = Reader(about)
    trunk = Dilated(about, reader.channels)
    return Network(about, reader, trunk if about["kind"] in ALONG else Pool(trunk), [])


def receptive(about: dict[str, Any]) -> int:
    """Places that an output sees, itself in the middle."""
    return 1 + 2 * sum((width - 1) * dilation for width, dilation in zip(about["widths"], about["dilations"], strict=True))


def train(
    train: Fold, validation: Fold | None, settings: dict[str, Any], seed: int, threads: int, keep: Path | None = None
) -> Fitted:
    """Train as `training.fit` says. about gains receptive: places that an output sees, itself in the middle."""
    about = training.described(train, settings) | {name: settings[name] for name in SETTINGS}
    about |= {"receptive": receptive(about)}
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
    filters = trial.suggest_categorical("filters", [16, 32, 48])
    return training.space(trial) | {"filters": filters}
