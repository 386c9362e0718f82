"""Trunks with self-attention, and with a pre-trained encoder."""

import math
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from readsight.dataset.encodings import transformer
from readsight.dataset.encodings.encoder import mask_padding
from readsight.dataset.fold_file import Encoding
from readsight.models.sequence.layers import (
    as_image,
    as_rows,
    limit_pools,
    make_activation,
    make_block,
    make_row_norm,
    pool_positions,
)

STEM_WIDTH = 15  # width of the convolution that converts bases to tokens


class AttentionLayer(nn.Module):
    """Self-attention and two dense layers, each with pre-normalisation and a residual connection (Xiong et al. 2020)."""

    def __init__(self, description: dict[str, Any]):
        super().__init__()
        size, self.heads = description["dimensions"], description["heads"]
        self.before, self.between = make_row_norm(description["norm"], size), make_row_norm(description["norm"], size)
        self.query_key_value, self.output = nn.Linear(size, 3 * size), nn.Linear(size, size)
        drop = nn.Dropout(description["dropout"])
        self.dropout = drop
        self.dense = nn.Sequential(
            nn.Linear(size, 4 * size), make_activation(description["activation"]), drop, nn.Linear(4 * size, size), drop
        )

    def forward(self, values: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        """values: (n, places, size); mask: (n, 1, 1, places), positions to attend to."""
        projections = self.query_key_value(self.before(values)).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        attended = apply_attention(*projections, mask)
        values = values + self.dropout(self.output(attended.transpose(1, 2).flatten(2)))
        return values + self.dense(self.between(values))


def apply_attention(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    """Attention output, (n, heads, places, size). On a CPU in float32: the bfloat16 gradient takes ten times as long."""
    if query.device.type != "cpu" or query.dtype != torch.bfloat16:
        return functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
    with torch.autocast("cpu", enabled=False):
        return functional.scaled_dot_product_attention(query.float(), key.float(), value.float(), attn_mask=mask)


class AttentionTrunk(nn.Module):
    """(n, places, channels) → (n, width): attention layers, then mean and maximum over unmasked positions.

    Bases are first convolved and pooled by `stem` positions; tokens are used directly.
    """

    def __init__(self, description: dict[str, Any], places: int, channels: int):
        super().__init__()
        size = description["dimensions"]
        self.stem = self.entry = None
        if description["input"] == "one_hot":
            self.stem = make_block(
                channels, size, STEM_WIDTH, limit_pools([description["stem"]], places)[0], description, first=True
            )
        elif channels != size:
            self.entry = nn.Linear(channels, size)
        self.layers = nn.ModuleList(AttentionLayer(description) for _ in range(description["layers"]))
        self.last = make_row_norm(description["norm"], size)
        self.width = 2 * size

    def forward(self, values: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        if self.stem is not None:
            values = as_rows(self.stem(as_image(values)))
        if self.entry is not None:
            values = self.entry(values)
        values = values + encode_positions(values.shape[1], values.shape[2]).to(values)
        attention_mask = None if mask is None else ~mask_padding(mask.long())[:, None, None]
        for layer in self.layers:
            values = layer(values, attention_mask)
        return pool_positions(self.last(values), mask)


def encode_positions(places: int, channels: int) -> torch.Tensor:
    """Sinusoidal position encoding, (places, channels) (Vaswani et al. 2017)."""
    channel = torch.arange(channels)
    angle = torch.arange(places)[:, None] * torch.exp(-math.log(10_000.0) * (channel // 2 * 2) / channels)
    return torch.where(channel % 2 == 0, angle.sin(), angle.cos())


class TokenIds(nn.Module):
    """Batches of token ids (n, T), unchanged, for an encoder that embeds them; and the mask of tokens that represent bases."""

    def __init__(self, description: dict[str, Any]):
        super().__init__()
        self.places = description["places"]
        self.register_buffer("special", torch.tensor(description["encoding"]["about"]["special"]), persistent=False)

    def forward(self, batch: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return batch, ~torch.isin(batch, self.special)


class PretrainedTrunk(nn.Module):
    """Encoder of the representation `transformer`, then mean and maximum over unmasked tokens: (n, T) → (n, width).

    Weights are random here; pre-trained ones are loaded by `readsight.models.sequence.initialisation`.
    """

    def __init__(self, description: dict[str, Any]):
        super().__init__()
        encoder_description = description["encoding"]["about"]
        self.encoder = transformer.build_encoder(Encoding("transformer", encoder_description, {}), weights=False)
        self.dropout = nn.Dropout(description["dropout"])
        self.width = 2 * encoder_description["dimensions"]

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return self.dropout(pool_positions(self.encoder(ids), mask))
