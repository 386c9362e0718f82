"""Trunks of convolutions: pooled ones for an outcome an example, dilated ones for outcomes along the sequence."""

from typing import Any

import torch
from torch import nn

from readsight.models.sequence.layers import Condense, as_image, as_rows, convolved, fitting, remaining

MOST = 32  # places that a dense layer sees side by side


class Pooled(nn.Module):
    """Convolutions and pools, then all that is left of the places side by side: (n, places, channels) → (n, width)."""

    def __init__(self, about: dict[str, Any], places: int, channels: int):
        super().__init__()
        pools = fitting(about["pools"], places)
        blocks = []
        for i, (filters, width, pool) in enumerate(zip(about["filters"], about["widths"], pools, strict=True)):
            blocks.append(convolved(channels, filters, width, pool, about, first=i == 0))
            channels = filters
        self.blocks = nn.Sequential(*blocks)
        self.condense = Condense(remaining(pools, places), channels, MOST)
        self.width = self.condense.width

    def forward(self, values: torch.Tensor, told: torch.Tensor | None) -> torch.Tensor:
        return self.condense(as_rows(self.blocks(as_image(values))))


class Along(nn.Module):
    """Convolutions that pool no further than `bin`, and look as far as if they did: (n, places, channels) → (n, places', width).

    A pool that would join places of several bins becomes a distance between the places that later filters span.
    """

    def __init__(self, about: dict[str, Any], channels: int):
        super().__init__()
        left = about["bin"] if about["kind"] == "profile" else 1
        blocks, apart = [], 1
        for i, (filters, width, pool) in enumerate(zip(about["filters"], about["widths"], about["pools"], strict=True)):
            joined = pool if left % pool == 0 else 1
            blocks.append(convolved(channels, filters, width, joined, about, first=i == 0, dilation=apart))
            left, apart, channels = left // joined, apart * (pool // joined), filters
        self.blocks = nn.Sequential(*blocks)
        self.width = channels

    def forward(self, values: torch.Tensor, told: torch.Tensor | None) -> torch.Tensor:
        return as_rows(self.blocks(as_image(values)))
