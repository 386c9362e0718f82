"""Trunks of convolutions: pooled ones for an outcome an example, dilated ones for outcomes along the sequence."""

from typing import Any

import torch
from torch import nn

from readsight.models.sequence.layers import Condense, as_image, as_rows, count_remaining, limit_pools, make_block

MAX_POSITIONS = 32  # places that a dense layer sees side by side


class PooledConvolutions(nn.Module):
    """Convolutions and pools, then all that is left of the places side by side: (n, places, channels) → (n, width)."""

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
    """Convolutions that pool no further than `bin`, and look as far as if they did: (n, places, channels) → (n, places', width).

    A pool that would join places of several bins becomes a distance between the places that later filters span.
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
