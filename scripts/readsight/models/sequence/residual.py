"""A trunk of residual dilated convolutions, as in SpliceAI (Jaganathan et al. 2019)."""

from typing import Any

import torch
from torch import nn

from readsight.models.sequence.layers import activation, as_image, as_rows, convolution, norm

TOGETHER = 4  # residual blocks between two places where what was found so far is added to the output


class Residual(nn.Module):
    """Twice normalisation, activation, dilated convolution; added to what came in: (n, channels, 1, places) → the same."""

    def __init__(self, channels: int, width: int, dilation: int, about: dict[str, Any]):
        super().__init__()
        layers: list[nn.Module] = []
        for _ in range(2):
            layers += [norm(about["norm"], channels), activation(about["activation"]), nn.Dropout(about["dropout"])]
            layers.append(convolution(channels, channels, width, dilation))
        self.layers = nn.Sequential(*layers)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return values + self.layers(values)


class Dilated(nn.Module):
    """(n, places, channels) → (n, places, filters): the sum of what groups of residual blocks found, each through its own filter.

    An output sees `receptive(about)` places, itself in the middle.
    """

    def __init__(self, about: dict[str, Any], channels: int):
        super().__init__()
        self.width = about["filters"]
        self.entry = convolution(channels, self.width, 1)
        self.first = convolution(self.width, self.width, 1)
        blocks = [Residual(self.width, w, d, about) for w, d in zip(about["widths"], about["dilations"], strict=True)]
        self.groups = nn.ModuleList(nn.Sequential(*blocks[i : i + TOGETHER]) for i in range(0, len(blocks), TOGETHER))
        self.skips = nn.ModuleList(convolution(self.width, self.width, 1) for _ in self.groups)
        self.last = nn.Sequential(norm(about["norm"], self.width), activation(about["activation"]))

    def forward(self, values: torch.Tensor, told: torch.Tensor | None) -> torch.Tensor:
        held = self.entry(as_image(values))
        found = self.first(held)
        for group, skip in zip(self.groups, self.skips, strict=True):
            held = group(held)
            found = found + skip(held)
        return as_rows(self.last(found))
