"""Optimisers and learning-rate schedules of networks of sequence."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch

WARM = 0.3  # fraction of the steps in which one_cycle rises
FIRST, LAST = 1 / 25, 1e-4  # initial and final rate, as fractions of the maximum (Smith & Topin 2019)
MOMENTUM = 0.9


def make_optimiser(parameters: Iterable[torch.nn.Parameter], settings: dict[str, Any], fused: bool) -> torch.optim.Optimizer:
    """settings: optimiser, learning_rate, weight_decay. fused: one pass over all weights per step, if supported."""
    options = {"lr": settings["learning_rate"], "weight_decay": settings["weight_decay"]}
    name = settings["optimiser"]
    if name == "rmsprop":
        return torch.optim.RMSprop(parameters, **options)
    if name == "sgd":
        return torch.optim.SGD(parameters, momentum=MOMENTUM, nesterov=True, fused=fused, **options)
    return {"adamw": torch.optim.AdamW, "adam": torch.optim.Adam}[name](parameters, fused=fused, **options)


def make_schedule(name: str, steps: int) -> Callable[[int], float]:
    """Learning rate of each of `steps` steps (from 0), as a fraction of the maximum."""
    if name == "constant":
        return lambda step: 1.0
    if name == "cosine":
        return lambda step: cosine_decay(step / max(1, steps))
    warm = max(0.0, WARM * steps - 1)

    def one_cycle(step: int) -> float:
        if step < warm:
            return 1 - (1 - FIRST) * cosine_decay(step / warm)
        return LAST + (1 - LAST) * cosine_decay((step - warm) / max(1e-9, steps - 1 - warm))

    return one_cycle


def cosine_decay(fraction: float) -> float:
    """From 1 at 0 to 0 at 1, by half a cosine period."""
    return (1 + math.cos(math.pi * min(1.0, fraction))) / 2
