"""Trunks with a bidirectional LSTM."""

from typing import Any

import torch
from torch import nn

from readsight.models.sequence.layers import Condense, as_image, as_rows, convolved, fitting, norm_rows, pooled, remaining

MOST = 32  # places that a dense layer sees side by side


class ConvolvedLstm(nn.Module):
    """A convolution and a pool, then an LSTM over what is left of the places: (n, places, channels) → (n, width)."""

    def __init__(self, about: dict[str, Any], places: int, channels: int):
        super().__init__()
        pools = fitting([about["pool"]], places)
        self.block = convolved(channels, about["filters"], about["width"], pools[0], about, first=True)
        self.lstm = nn.LSTM(about["filters"], about["units"], batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(about["dropout"])
        self.condense = Condense(remaining(pools, places), 2 * about["units"], MOST)
        self.width = self.condense.width

    def forward(self, values: torch.Tensor, told: torch.Tensor | None) -> torch.Tensor:
        held, _ = self.lstm(as_rows(self.block(as_image(values))))
        return self.condense(self.dropout(held))


class WordLstm(nn.Module):
    """An LSTM over words of `stride` places, and means and maxima of what it says: (n, places, channels) → (n, width)."""

    def __init__(self, about: dict[str, Any], channels: int):
        super().__init__()
        self.stride = about["stride"]
        units, layers = about["units"], about["layers"]
        self.entry = nn.Linear(channels * self.stride, 2 * units)
        between = about["dropout"] if layers > 1 else 0.0
        self.lstm = nn.LSTM(2 * units, units, layers, batch_first=True, bidirectional=True, dropout=between)
        self.norm, self.dropout = norm_rows(about["norm"], 2 * units), nn.Dropout(about["dropout"])
        self.width = 4 * units

    def forward(self, values: torch.Tensor, told: torch.Tensor | None) -> torch.Tensor:
        held, _ = self.lstm(self.entry(words(values, self.stride)))
        if told is not None:
            told = words(told.unsqueeze(2), self.stride).any(2)
        return pooled(self.dropout(self.norm(held)), told)


def words(values: torch.Tensor, stride: int) -> torch.Tensor:
    """Neighbouring places side by side: (n, places, channels) → (n, ⌈places / stride⌉, stride × channels), filled up with 0."""
    filled = nn.functional.pad(values, (0, 0, 0, -values.shape[1] % stride))
    return filled.unflatten(1, (-1, stride)).flatten(2)
