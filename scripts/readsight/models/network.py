"""Multilayer perceptron in torch, trained by Lightning."""

import logging
import warnings
from typing import Any

import numpy as np

from readsight.foldfile import Fold
from readsight.models.fitted import Fitted


def build(about: dict[str, Any]) -> Any:
    """Torch module, (n, features) → (n,) logits.

    about: features (number), hidden (units of each layer), dropout. SiLU is
    smooth, so that attributions by path integrals converge.
    """
    import torch
    from torch import nn

    layers: list[Any] = []
    width = about["features"]
    for units in about["hidden"]:
        layers += [nn.Linear(width, units), nn.SiLU(), nn.Dropout(about["dropout"])]
        width = units
    return nn.Sequential(*layers, nn.Linear(width, 1), nn.Flatten(0)).to(torch.float32)


def train(train: Fold, validation: Fold, settings: dict[str, Any], seed: int, threads: int) -> Fitted:
    """Train with early stopping on the validation loss; the best epoch's weights are kept.

    settings: hidden, dropout, learning_rate, weight_decay, batch_size, epochs, patience.
    """
    import torch
    from lightning.pytorch import Trainer

    from readsight.models.lightning_loop import Best, Classifier, batches

    for name in ("lightning.pytorch", "lightning.fabric", "lightning.pytorch.utilities.rank_zero"):
        logging.getLogger(name).setLevel(logging.ERROR)
    about = {"features": len(train.features), "hidden": list(settings["hidden"]), "dropout": settings["dropout"]}
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    model = Classifier(build(about), settings)
    best = Best(settings["patience"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trainer = Trainer(
            accelerator="auto",
            devices=1,
            max_epochs=settings["epochs"],
            deterministic=True,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            callbacks=[best],
        )
        trainer.fit(model, batches(train, settings["batch_size"], seed), batches(validation, len(validation), None))
    arrays = {name: tensor.cpu().numpy().copy() for name, tensor in best.weights.items()}
    return Fitted(arrays, about | {"best_epoch": best.epoch}, best.history)


def module(arrays: dict[str, np.ndarray], about: dict[str, Any]) -> Any:
    """The trained torch module in double precision, ready to predict: (n, features) → (n,) logits."""
    import torch

    net = build(about)
    net.load_state_dict({name: torch.as_tensor(array) for name, array in arrays.items()})
    return net.double().eval()


def predict(arrays: dict[str, np.ndarray], about: dict[str, Any], values: np.ndarray) -> np.ndarray:
    """Probability of class 1, (n,), of values (n, features)."""
    import torch

    with torch.inference_mode():
        return torch.sigmoid(module(arrays, about)(torch.as_tensor(values, dtype=torch.float64))).numpy()


def redrawn(arrays: dict[str, np.ndarray], about: dict[str, Any], seed: int) -> dict[str, np.ndarray]:
    """Weights of the same architecture, drawn anew and not trained."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return {name: tensor.numpy().copy() for name, tensor in build(about).state_dict().items()}
