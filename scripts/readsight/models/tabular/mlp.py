"""Multilayer perceptron in torch, trained with Lightning."""

from typing import Any

import numpy as np

from readsight.dataset.fold_file import Fold
from readsight.models.fitted_model import FittedModel
from readsight.models.tabular import torch_base
from readsight.models.tabular.torch_base import choose_settings, search_space

__all__ = ["build", "train", "load_module", "predict", "randomise_weights", "choose_settings", "search_space", "KINDS"]

KINDS = ("binary", "multiclass", "multilabel", "survival")


def build(description: dict[str, Any]) -> Any:
    """Torch module, (n, features) → (n,) or (n, outputs).

    description: features (number), hidden (units of each layer), dropout, kind, outputs. SiLU is
    smooth, so that path-integral attributions converge.
    """
    import torch
    from torch import nn

    layers: list[Any] = []
    width = description["features"]
    for units in description["hidden"]:
        layers += [nn.Linear(width, units), nn.SiLU(), nn.Dropout(description["dropout"])]
        width = units
    return nn.Sequential(*layers, torch_base.make_output_layer(width, description)).to(torch.float32)


def train(train: Fold, validation: Fold | None, settings: dict[str, Any], seed: int, threads: int) -> FittedModel:
    """Train as in `torch_base.train`. settings: hidden, dropout, learning_rate, weight_decay, batch_size, epochs, patience."""
    return torch_base.train(build, torch_base.describe_model(train, settings), train, validation, settings, seed, threads)


def load_module(arrays: dict[str, np.ndarray], description: dict[str, Any]) -> Any:
    """The trained torch module in double precision: (n, features) → logits, or log hazards."""
    return torch_base.load_module(build, arrays, description)


def predict(arrays: dict[str, np.ndarray], description: dict[str, Any], values: np.ndarray) -> np.ndarray:
    """Predictions of values (n, features), shaped by the kind of outcome."""
    return torch_base.predict(build, arrays, description, values)


def randomise_weights(arrays: dict[str, np.ndarray], description: dict[str, Any], seed: int) -> dict[str, np.ndarray]:
    """Random, untrained weights of the same architecture."""
    return torch_base.randomise_weights(build, arrays, description, seed)
