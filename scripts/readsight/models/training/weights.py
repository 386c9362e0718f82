"""Weights and settings of networks of sequence: randomised weights, epochs of the final fit, search space."""

from collections.abc import Callable
from typing import Any

import numpy as np

from readsight.models.fitted_model import FittedModel

Build = Callable[[dict[str, Any]], Any]


def select_network_arrays(arrays: dict[str, np.ndarray], number: int) -> dict[str, np.ndarray]:
    """Arrays of one network of an ensemble, by torch name."""
    prefix = f"{number}."
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def randomise_weights(
    build: Build, arrays: dict[str, np.ndarray], description: dict[str, Any], seed: int
) -> dict[str, np.ndarray]:
    """Random, untrained weights of the same architecture; buffers and the encoding are kept."""
    import torch

    randomised = {name: array for name, array in arrays.items() if name.startswith("encoding.")}
    for number in range(description["ensemble"]):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed + number)
            net = build(description)
        trainable = {name for name, _ in net.named_parameters()}
        current = select_network_arrays(arrays, number)
        for name, tensor in net.state_dict().items():
            randomised[f"{number}.{name}"] = tensor.numpy().copy() if name in trainable else current[name]
    return randomised


def choose_settings(fits: list[FittedModel], settings: dict[str, Any]) -> dict[str, Any]:
    """Settings of the final fit on all training examples: the median of the best numbers of epochs of the inner fits."""
    return settings | {"epochs": max(1, round(float(np.median([fit.description["best_epoch"] + 1 for fit in fits]))))}


def search_space(trial: Any) -> dict[str, Any]:
    """Settings of an Optuna trial for any network of sequence."""
    return {
        "learning_rate": trial.suggest_float("learning_rate", 2e-4, 1e-2, log=True),
        "weight_decay": trial.suggest_float("weight_decay", 1e-5, 1e-1, log=True),
        "dropout": trial.suggest_float("dropout", 0.0, 0.5),
    }
