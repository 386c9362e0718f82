"""Convolutional trunks: with pooling for one outcome per example, with dilation for per-base outcomes."""

from typing import Any

import torch
from torch import nn

from readsight.models.sequence.layers import Condense, as_image, as_rows, count_remaining, limit_pools, make_block

MAX_POSITIONS = 32  # maximum positions concatenated for a dense layer


class PooledConvolutions(nn.Module):
    """Convolutions and pooling, then the remaining positions concatenated: (n, places, channels) → (n, width)."""

    def __init__(self, description: dict[str, Any], places: int, channels: int):
        super().__init__()
        pools = limit_pools(description["pools"], places)
        blocks = []
        for i, (filters, width, pool) in enumerate(zip(description["filters"], description["widths"], pools, strict=True)):
            blocks.append(make_block(channels, filters, width, pool, description, first=i == 0))
            channels = filters
        self.blocks = nn.Sequential(*blocks)
        self.condense = Condense(count_remaining(pools, places), channels, MAX_POSITIONS)
        self.width = self.condense.width

    def forward(self, values: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        return self.condense(as_rows(self.blocks(as_image(values))))


class UnpooledConvolutions(nn.Module):
    """Convolutions with pooling up to `bin` and the receptive field of full pooling.

    (n, places, channels) → (n, places', width).

    Pooling that would merge positions of several bins becomes a dilation of later filters.
    """

    def __init__(self, description: dict[str, Any], channels: int):
        super().__init__()
        remaining_pool = description["bin"] if description["kind"] == "profile" else 1
        blocks, dilation = [], 1
        for i, (filters, width, pool) in enumerate(
            zip(description["filters"], description["widths"], description["pools"], strict=True)
        ):
            applied_pool = pool if remaining_pool % pool == 0 else 1
            blocks.append(make_block(channels, filters, width, applied_pool, description, first=i == 0, dilation=dilation))
            remaining_pool, dilation, channels = remaining_pool // applied_pool, dilation * (pool // applied_pool), filters
        self.blocks = nn.Sequential(*blocks)
        self.width = channels

    def forward(self, values: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        return as_rows(self.blocks(as_image(values)))
