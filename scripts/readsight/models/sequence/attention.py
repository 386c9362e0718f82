"""A trunk of self-attention, and one of an encoder that was trained before."""

import math
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from readsight.dataset.encodings import transformer
from readsight.dataset.encodings.encoder import unattended
from readsight.dataset.fold_file import Encoding
from readsight.models.sequence.layers import activation, as_image, as_rows, convolved, fitting, norm_rows, pooled

REACH = 15  # bases that a filter spans which makes tokens of bases


class Layer(nn.Module):
    """Self-attention and two dense layers, each normalised before and added to what came in (Xiong et al. 2020)."""

    def __init__(self, about: dict[str, Any]):
        super().__init__()
        size, self.heads = about["dimensions"], about["heads"]
        self.before, self.between = norm_rows(about["norm"], size), norm_rows(about["norm"], size)
        self.asked, self.said = nn.Linear(size, 3 * size), nn.Linear(size, size)
        drop = nn.Dropout(about["dropout"])
        self.dropout = drop
        self.dense = nn.Sequential(
            nn.Linear(size, 4 * size), activation(about["activation"]), drop, nn.Linear(4 * size, size), drop
        )

    def forward(self, values: torch.Tensor, seen: torch.Tensor | None) -> torch.Tensor:
        """values (n, places, size); seen: (n, 1, 1, places), which places are attended to."""
        parts = self.asked(self.before(values)).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        found = attended(*parts, seen)
        values = values + self.dropout(self.said(found.transpose(1, 2).flatten(2)))
        return values + self.dense(self.between(values))


def attended(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, seen: torch.Tensor | None) -> torch.Tensor:
    """What attention finds, (n, heads, places, size). On a CPU in float32: in bfloat16 its gradient takes ten times as long."""
    if query.device.type != "cpu" or query.dtype != torch.bfloat16:
        return functional.scaled_dot_product_attention(query, key, value, attn_mask=seen)
    with torch.autocast("cpu", enabled=False):
        return functional.scaled_dot_product_attention(query.float(), key.float(), value.float(), attn_mask=seen)


class Attending(nn.Module):
    """(n, places, channels) → (n, width): layers of attention, then means and maxima over the places that are told.

    Bases are made tokens by a convolution, of which each `stem` places are pooled; tokens are taken as they come.
    """

    def __init__(self, about: dict[str, Any], places: int, channels: int):
        super().__init__()
        size = about["dimensions"]
        self.stem = self.entry = None
        if about["input"] == "one_hot":
            self.stem = convolved(channels, size, REACH, fitting([about["stem"]], places)[0], about, first=True)
        elif channels != size:
            self.entry = nn.Linear(channels, size)
        self.layers = nn.ModuleList(Layer(about) for _ in range(about["layers"]))
        self.last = norm_rows(about["norm"], size)
        self.width = 2 * size

    def forward(self, values: torch.Tensor, told: torch.Tensor | None) -> torch.Tensor:
        if self.stem is not None:
            values = as_rows(self.stem(as_image(values)))
        if self.entry is not None:
            values = self.entry(values)
        values = values + sines(values.shape[1], values.shape[2]).to(values)
        seen = None if told is None else ~unattended(told.long())[:, None, None]
        for layer in self.layers:
            values = layer(values, seen)
        return pooled(self.last(values), told)


def sines(places: int, channels: int) -> torch.Tensor:
    """Sines and cosines that tell the place, (places, channels) (Vaswani et al. 2017)."""
    channel = torch.arange(channels)
    angle = torch.arange(places)[:, None] * torch.exp(-math.log(10_000.0) * (channel // 2 * 2) / channels)
    return torch.where(channel % 2 == 0, angle.sin(), angle.cos())


class Ids(nn.Module):
    """Batches of token ids (n, T) as they are, for an encoder that embeds them; which of them stand for bases."""

    def __init__(self, about: dict[str, Any]):
        super().__init__()
        self.places = about["places"]
        self.register_buffer("special", torch.tensor(about["encoding"]["about"]["special"]), persistent=False)

    def forward(self, batch: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return batch, ~torch.isin(batch, self.special)


class Encoded(nn.Module):
    """An encoder of the representation `transformer`, and means and maxima over the tokens that are told: (n, T) → (n, width).

    Weights are drawn anew; those that it was trained to are to be loaded (`readsight.models.sequence.initialisation`).
    """

    def __init__(self, about: dict[str, Any]):
        super().__init__()
        known = about["encoding"]["about"]
        self.encoder = transformer.encoder(Encoding("transformer", known, {}), weights=False)
        self.dropout = nn.Dropout(about["dropout"])
        self.width = 2 * known["dimensions"]

    def forward(self, ids: torch.Tensor, told: torch.Tensor) -> torch.Tensor:
        return self.dropout(pooled(self.encoder(ids), told))
