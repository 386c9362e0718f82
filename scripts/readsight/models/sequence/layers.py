"""Building blocks of networks of sequence, in torch.

Between blocks values are (n, places, channels). Convolutions view the same memory as an image of height one,
(n, channels, 1, places), the layout that oneDNN convolves fastest (`as_image`, `as_rows`), without a copy.
"""

import math
from typing import Any

import torch
from torch import nn

ACTIVATIONS = {"relu": nn.ReLU, "gelu": nn.GELU, "silu": nn.SiLU, "elu": nn.ELU}


class Exponential(nn.Module):
    """exp activation: makes first-layer filters resemble motifs (Koo & Ploenzke 2021)."""

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return values.exp()


class LayerNorm(nn.LayerNorm):
    """Normalisation over the channels of each position: (n, channels, 1, places) → the same."""

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return super().forward(values.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def make_activation(name: str, first: bool = False) -> nn.Module:
    """Activation by config name; exponential applies to the first layer only, and later layers use relu."""
    if name == "exponential":
        return Exponential() if first else nn.ReLU()
    return ACTIVATIONS[name]()


def make_norm(name: str, channels: int) -> nn.Module:
    """Normalisation of images (n, channels, 1, places), by config name."""
    return {"batch": nn.BatchNorm2d, "layer": LayerNorm, "none": lambda _: nn.Identity()}[name](channels)


class BatchNormRows(nn.BatchNorm1d):
    """Normalisation of each channel over all positions of a batch: (..., channels) → the same."""

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return super().forward(values.flatten(0, -2)).view_as(values)


def make_row_norm(name: str, channels: int) -> nn.Module:
    """Normalisation of (..., channels), by config name."""
    return {"batch": BatchNormRows, "layer": nn.LayerNorm, "none": lambda _: nn.Identity()}[name](channels)


def as_image(values: torch.Tensor) -> torch.Tensor:
    """(n, places, channels) → (n, channels, 1, places), the same memory."""
    return values.transpose(1, 2).unsqueeze(2)


def as_rows(values: torch.Tensor) -> torch.Tensor:
    """(n, channels, 1, places) → (n, places, channels), the same memory."""
    return values.squeeze(2).transpose(1, 2)


def make_convolution(channels: int, filters: int, width: int, dilation: int = 1) -> nn.Conv2d:
    """Convolution of images that keeps the number of positions."""
    return nn.Conv2d(channels, filters, (1, width), padding="same", dilation=(1, dilation))


def make_block(
    channels: int, filters: int, width: int, pool: int, description: dict[str, Any], first: bool = False, dilation: int = 1
) -> nn.Sequential:
    """Convolution, max pooling, normalisation, activation, dropout.

    Pooling first leaves fewer positions to normalise; for a monotone activation and a positive scale the result is equal.
    The last positions are pooled even if they are fewer than `pool`.
    """
    pooling = [nn.MaxPool2d((1, pool), ceil_mode=True)] if pool > 1 else []
    layers = [make_convolution(channels, filters, width, dilation), *pooling, make_norm(description["norm"], filters)]
    return nn.Sequential(*layers, make_activation(description["activation"], first), nn.Dropout(description["dropout"]))


def limit_pools(pools: list[int], places: int) -> list[int]:
    """Pool sizes limited to the number of positions that remain at each step."""
    limited = []
    for pool in pools:
        limited.append(min(pool, places))
        places = -(-places // limited[-1])
    return limited


def count_remaining(pools: list[int], places: int) -> int:
    """Positions that remain after pooling as in `make_block`."""
    for pool in pools:
        places = -(-places // pool)
    return places


class Condense(nn.Module):
    """(n, places, channels) → (n, `width`): neighbours averaged until at most `most` positions remain, then concatenated.

    A dense layer thus receives positional information, and long sequences do not make it huge.
    """

    def __init__(self, places: int, channels: int, most: int):
        super().__init__()
        self.by = math.ceil(places / most)
        self.width = math.ceil(places / self.by) * channels

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return average_neighbours(values, self.by).flatten(1)


def average_neighbours(values: torch.Tensor, size: int) -> torch.Tensor:
    """Means over blocks of `size` positions, (n, places, channels) → (n, ⌈places / size⌉, channels); the last block may be
    shorter.
    """
    if size == 1:
        return values
    missing = -values.shape[1] % size
    averages = nn.functional.pad(values, (0, 0, 0, missing)).unflatten(1, (-1, size)).mean(2)
    if missing:
        scale = torch.ones(averages.shape[1], 1, dtype=averages.dtype, device=averages.device)
        scale[-1] = size / (size - missing)
        averages = averages * scale
    return averages


def pool_positions(values: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    """Mean and maximum over unmasked positions: (n, places, channels), (n, places) bool or None → (n, 2 × channels)."""
    if mask is None:
        return torch.cat([values.mean(1), values.amax(1)], 1)
    mask = mask.unsqueeze(2)
    mean = (values * mask).sum(1) / mask.sum(1).clamp_min(1)
    highest = values.masked_fill(~mask, torch.finfo(values.dtype).min).amax(1)
    return torch.cat([mean, torch.where(mask.any(1), highest, 0)], 1)


class GlobalPool(nn.Module):
    """A per-position trunk followed by mean and maximum over positions: (n, 2 × channels)."""

    def __init__(self, trunk: nn.Module):
        super().__init__()
        self.trunk, self.width = trunk, 2 * trunk.width

    def forward(self, values: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        return pool_positions(self.trunk(values, mask), mask)
