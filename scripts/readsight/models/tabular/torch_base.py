"""Shared parts of deep models of tables: training, prediction, search of settings.

A deep model has `build(description)`, which returns a torch module from float32 values (n, features) to
outputs: (n,) for two classes and survival, (n, K) for several classes, (n, L) for labels. Its
weights and buffers, by torch name, are the arrays; the description has all values that `build` reads.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from readsight.dataset.fold_file import Fold
from readsight.errors import InputError
from readsight.models.fitted_model import FittedModel

ROWS = 4096  # examples predicted at once
# Tried without a search, for models with more weights than samples: settings of the config, and stronger regularisation.
GRID: list[dict[str, Any]] = [{}, {"dropout": 0.5, "weight_decay": 0.1}]
Build = Callable[[dict[str, Any]], Any]


def describe_model(fold: Fold, settings: dict[str, Any]) -> dict[str, Any]:
    """Description common to deep models: kind of outcome, outputs, features, hidden, dropout."""
    return {
        "kind": fold.outcome.kind,
        "outputs": fold.outcome.output_count,
        "features": len(fold.features),
        "hidden": list(settings["hidden"]),
        "dropout": settings["dropout"],
    }


def locate_modalities(fold: Fold) -> dict[str, list[int]]:
    """Modality → [start, end) of its features. Raises InputError if its features are not contiguous."""
    blocks = {}
    for name, columns in fold.modalities.items():
        if len(columns) != columns[-1] + 1 - columns[0]:
            raise InputError(f"modality {name!r}: its features must be contiguous in the examples")
        blocks[name] = [int(columns[0]), int(columns[-1]) + 1]
    return blocks


def make_output_layer(width: int, description: dict[str, Any]) -> Any:
    """The last layer: one output per example for two classes and survival, else one per class or label."""
    from torch import nn

    layer = nn.Linear(width, description.get("outputs", 1))
    return layer if description.get("kind", "binary") in ("multiclass", "multilabel") else nn.Sequential(layer, nn.Flatten(0))


def train(
    build: Build, description: dict[str, Any], train: Fold, validation: Fold | None, settings: dict[str, Any], seed: int, threads: int,
    buffers: dict[str, np.ndarray] | None = None,
) -> FittedModel:  # fmt: skip
    """Train the module of `build` with early stopping on the validation loss; the weights of the best epoch are kept.

    validation None: exactly settings["epochs"] epochs, and the weights of the last one. buffers: arrays of the
    module that are not trained. The description gains best_epoch, from 0. Raises ToolError if the loss is not a number.
    """
    import torch

    from readsight.models.tabular.lightning_loop import run_training

    torch.manual_seed(seed)
    net = build(description)
    net.load_state_dict({name: torch.as_tensor(array) for name, array in (buffers or {}).items()}, strict=False)
    best = run_training(net, train, validation, settings, seed, threads)
    arrays = {name: tensor.cpu().numpy().copy() for name, tensor in best.weights.items()}
    return FittedModel(arrays, description | {"best_epoch": best.epoch}, best.history)


def load_module(build: Build, arrays: dict[str, np.ndarray], description: dict[str, Any]) -> Any:
    """The trained torch module in double precision, in evaluation mode."""
    import torch

    net = build(description)
    net.load_state_dict({name: torch.as_tensor(array) for name, array in arrays.items()})
    return net.double().eval()


def predict(build: Build, arrays: dict[str, np.ndarray], description: dict[str, Any], values: np.ndarray) -> np.ndarray:
    """Predictions of values (n, features), shaped by the kind of outcome."""
    import torch

    from readsight.models.losses import to_predictions

    net, kind = load_module(build, arrays, description), description.get("kind", "binary")
    with torch.inference_mode():
        chunks = torch.as_tensor(np.asarray(values, np.float64)).split(ROWS)
        return torch.cat([to_predictions(kind, net(chunk)) for chunk in chunks]).numpy()


def randomise_weights(
    build: Build, arrays: dict[str, np.ndarray], description: dict[str, Any], seed: int
) -> dict[str, np.ndarray]:
    """Random, untrained weights of the same architecture; buffers are kept."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        net = build(description)
    trainable = {name for name, _ in net.named_parameters()}
    return {name: tensor.numpy().copy() if name in trainable else arrays[name] for name, tensor in net.state_dict().items()}


def choose_settings(fits: list[FittedModel], settings: dict[str, Any]) -> dict[str, Any]:
    """Settings of the final fit on all training examples: the median of the best numbers of epochs of the inner fits."""
    return settings | {"epochs": max(1, round(float(np.median([fit.description["best_epoch"] + 1 for fit in fits]))))}


def search_space(trial: Any) -> dict[str, Any]:
    """Settings of an Optuna trial for any deep model."""
    width, layers = trial.suggest_categorical("units", [16, 32, 64, 128]), trial.suggest_int("layers", 1, 2)
    return {
        "hidden": [width // 2**i for i in range(layers)],
        "dropout": trial.suggest_float("dropout", 0.0, 0.6),
        "learning_rate": trial.suggest_float("learning_rate", 3e-4, 1e-2, log=True),
        "weight_decay": trial.suggest_float("weight_decay", 1e-5, 1.0, log=True),
    }
