"""Multilayer perceptron in torch, trained by Lightning."""

from typing import Any

import numpy as np

from readsight.dataset.fold_file import Fold
from readsight.models.fitted_model import Fitted
from readsight.models.tabular import torch_base
from readsight.models.tabular.torch_base import settled, space

__all__ = ["build", "train", "module", "predict", "redrawn", "settled", "space", "KINDS"]

KINDS = ("binary", "multiclass", "multilabel", "survival")


def build(about: dict[str, Any]) -> Any:
    """Torch module, (n, features) → (n,) or (n, outputs).

    about: features (number), hidden (units of each layer), dropout, kind, outputs. SiLU is
    smooth, so that attributions by path integrals converge.
    """
    import torch
    from torch import nn

    layers: list[Any] = []
    width = about["features"]
    for units in about["hidden"]:
        layers += [nn.Linear(width, units), nn.SiLU(), nn.Dropout(about["dropout"])]
        width = units
    return nn.Sequential(*layers, torch_base.outlet(width, about)).to(torch.float32)


def train(train: Fold, validation: Fold | None, settings: dict[str, Any], seed: int, threads: int) -> Fitted:
    """Train as `torch_base.train` says. settings: hidden, dropout, learning_rate, weight_decay, batch_size, epochs, patience."""
    return torch_base.train(build, torch_base.described(train, settings), train, validation, settings, seed, threads)


def module(arrays: dict[str, np.ndarray], about: dict[str, Any]) -> Any:
    """The trained torch module in double precision: (n, features) → logits, or log hazards."""
    return torch_base.module(build, arrays, about)


def predict(arrays: dict[str, np.ndarray], about: dict[str, Any], values: np.ndarray) -> np.ndarray:
    """Predictions of values (n, features), shaped as the kind of outcome says."""
    return torch_base.predict(build, arrays, about, values)


def redrawn(arrays: dict[str, np.ndarray], about: dict[str, Any], seed: int) -> dict[str, np.ndarray]:
    """Weights of the same architecture, drawn anew and not trained."""
    return torch_base.redrawn(build, arrays, about, seed)
