"""Trunks with a bidirectional LSTM."""

from typing import Any

import torch
from torch import nn

from readsight.models.sequence.layers import (
    Condense,
    as_image,
    as_rows,
    count_remaining,
    limit_pools,
    make_block,
    make_row_norm,
    pool_positions,
)

MAX_POSITIONS = 32  # maximum positions concatenated for a dense layer


class ConvolutionalLstm(nn.Module):
    """Convolution and pooling, then an LSTM over the remaining positions: (n, places, channels) → (n, width)."""

    def __init__(self, description: dict[str, Any], places: int, channels: int):
        super().__init__()
        pools = limit_pools([description["pool"]], places)
        self.block = make_block(channels, description["filters"], description["width"], pools[0], description, first=True)
        self.lstm = nn.LSTM(description["filters"], description["units"], batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(description["dropout"])
        self.condense = Condense(count_remaining(pools, places), 2 * description["units"], MAX_POSITIONS)
        self.width = self.condense.width

    def forward(self, values: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        states, _ = self.lstm(as_rows(self.block(as_image(values))))
        return self.condense(self.dropout(states))


class StridedLstm(nn.Module):
    """LSTM over groups of `stride` positions, then mean and maximum of its states: (n, places, channels) → (n, width)."""

    def __init__(self, description: dict[str, Any], channels: int):
        super().__init__()
        self.stride = description["stride"]
        units, layers = description["units"], description["layers"]
        self.entry = nn.Linear(channels * self.stride, 2 * units)
        between = description["dropout"] if layers > 1 else 0.0
        self.lstm = nn.LSTM(2 * units, units, layers, batch_first=True, bidirectional=True, dropout=between)
        self.norm, self.dropout = make_row_norm(description["norm"], 2 * units), nn.Dropout(description["dropout"])
        self.width = 4 * units

    def forward(self, values: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        states, _ = self.lstm(self.entry(group_positions(values, self.stride)))
        if mask is not None:
            mask = group_positions(mask.unsqueeze(2), self.stride).any(2)
        return pool_positions(self.dropout(self.norm(states)), mask)


def group_positions(values: torch.Tensor, stride: int) -> torch.Tensor:
    """Concatenated neighbours: (n, places, channels) → (n, ⌈places / stride⌉, stride × channels), padded with 0."""
    filled = nn.functional.pad(values, (0, 0, 0, -values.shape[1] % stride))
    return filled.unflatten(1, (-1, stride)).flatten(2)
