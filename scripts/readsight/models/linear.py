"""What linear models share: prediction, and the same as a torch module."""

from typing import Any

import numpy as np


def log_loss(probability: np.ndarray, labels: np.ndarray) -> float:
    """Mean negative log likelihood, nats."""
    held = np.clip(probability, 1e-12, 1 - 1e-12)
    return float(-np.mean(np.where(labels == 1, np.log(held), np.log(1 - held))))


def predict(arrays: dict[str, np.ndarray], about: dict[str, Any], values: np.ndarray) -> np.ndarray:
    """Probability of class 1, (n,), of values (n, features)."""
    logits = values.astype(np.float64) @ arrays["weight"].astype(np.float64) + float(arrays["bias"][0])
    return 1 / (1 + np.exp(-np.clip(logits, -700, 700)))


def module(arrays: dict[str, np.ndarray], about: dict[str, Any]) -> Any:
    """Torch module, (n, features) → (n,) logits."""
    import torch

    layer = torch.nn.Linear(len(arrays["weight"]), 1).double()
    with torch.no_grad():
        layer.weight.copy_(torch.as_tensor(arrays["weight"]).reshape(1, -1))
        layer.bias.copy_(torch.as_tensor(arrays["bias"]))
    return torch.nn.Sequential(layer, torch.nn.Flatten(0)).eval()


def redrawn(arrays: dict[str, np.ndarray], about: dict[str, Any], seed: int) -> dict[str, np.ndarray]:
    """The same model with random weights of the same spread."""
    draw = np.random.default_rng(seed)
    weight = arrays["weight"]
    return arrays | {"weight": draw.normal(0, max(float(weight.std()), 1e-6), weight.shape)}
