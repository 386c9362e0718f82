"""A trunk of residual dilated convolutions, as in SpliceAI (Jaganathan et al. 2019)."""

from typing import Any

import torch
from torch import nn

from readsight.models.sequence.layers import as_image, as_rows, make_activation, make_convolution, make_norm

GROUP_SIZE = 4  # residual blocks between skip connections to the output


class ResidualBlock(nn.Module):
    """Twice normalisation, activation, dilated convolution, with a residual connection: (n, channels, 1, places) → the same."""

    def __init__(self, channels: int, width: int, dilation: int, description: dict[str, Any]):
        super().__init__()
        layers: list[nn.Module] = []
        for _ in range(2):
            layers += [
                make_norm(description["norm"], channels),
                make_activation(description["activation"]),
                nn.Dropout(description["dropout"]),
            ]
            layers.append(make_convolution(channels, channels, width, dilation))
        self.layers = nn.Sequential(*layers)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return values + self.layers(values)


class DilatedTrunk(nn.Module):
    """(n, places, channels) → (n, places, filters): sum over groups of residual blocks, each through a 1 × 1 convolution.

    The receptive field of an output is `receptive_field(description)`, centred on it.
    """

    def __init__(self, description: dict[str, Any], channels: int):
        super().__init__()
        self.width = description["filters"]
        self.entry = make_convolution(channels, self.width, 1)
        self.first = make_convolution(self.width, self.width, 1)
        blocks = [
            ResidualBlock(self.width, w, d, description)
            for w, d in zip(description["widths"], description["dilations"], strict=True)
        ]
        self.groups = nn.ModuleList(nn.Sequential(*blocks[i : i + GROUP_SIZE]) for i in range(0, len(blocks), GROUP_SIZE))
        self.skips = nn.ModuleList(make_convolution(self.width, self.width, 1) for _ in self.groups)
        self.last = nn.Sequential(make_norm(description["norm"], self.width), make_activation(description["activation"]))

    def forward(self, values: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        hidden = self.entry(as_image(values))
        total = self.first(hidden)
        for group, skip in zip(self.groups, self.skips, strict=True):
            hidden = group(hidden)
            total = total + skip(hidden)
        return as_rows(self.last(total))
