"""Faster implementations of layers; weights are unchanged."""

import torch
from torch import nn

LEVELS = 2**16


def use_fast_layers(net: nn.Module, device: str) -> nn.Module:
    """Replace layers of a network in place by faster ones for a device.

    The last dense layer computes in float32 when preceding layers use bfloat16, whose outputs would have steps of half a
    percent, and so ties. On a CPU, dropout is replaced by `FastDropout`.
    """
    linear_layers = [layer for layer in net.modules() if type(layer) is nn.Linear]
    if linear_layers:
        linear_layers[-1].__class__ = Float32Linear
    for layer in net.modules():
        if type(layer) is nn.Dropout and device == "cpu":
            layer.__class__ = FastDropout
    return net


class Float32Linear(nn.Linear):
    """A dense layer in float32."""

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        with torch.autocast(values.device.type, enabled=False):
            return super().forward(values.to(self.weight.dtype))


class FastDropout(nn.Dropout):
    """Dropout from sixteen random bits per unit; torch draws a double for each, which on a CPU takes as long as a convolution."""

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        if not self.training or self.p == 0:
            return values
        dropped = round(self.p * LEVELS)
        if dropped == LEVELS:
            return values * 0
        values = values if is_dense(values) else values.contiguous()
        random_bits = torch.empty(-(-values.numel() // 4), dtype=torch.int64).random_(-(2**63), None).view(torch.int16)
        scale = torch.ge(
            random_bits[: values.numel()], dropped - LEVELS // 2, out=torch.empty(values.numel(), dtype=values.dtype)
        )
        scale *= LEVELS / (LEVELS - dropped)
        return values * scale.as_strided(values.size(), values.stride())


def is_dense(values: torch.Tensor) -> bool:
    """Whether a tensor fills its memory without gaps, in any order of dimensions."""
    sizes = sorted((stride, size) for stride, size in zip(values.stride(), values.size(), strict=True) if size > 1)
    expected = 1
    for stride, size in sizes:
        if stride != expected:
            return False
        expected *= size
    return True
