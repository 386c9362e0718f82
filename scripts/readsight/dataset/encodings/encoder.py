"""Transformer encoder of k-mers that is pre-trained here, and token conventions shared by all encoders."""

import math
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

BATCH_SIZE = 256  # sequences encoded at once, at most
MAX_TOKEN_PAIRS = 8_000_000  # pairs of tokens at once, at most


class Encoder(nn.Module):
    """Tokens (n, T) to contextual embeddings (n, T, dimensions), as in BERT (Devlin et al. 2019), with pre-norm layers.

    description: vocabulary, dimensions, layers, heads. Positions are relative (rotary embeddings: Su et al. 2021), so
    sequences can have any length and a motif looks the same at every position. Token 0 is masked in attention.
    """

    def __init__(self, description: dict[str, Any], dropout: float = 0.1):
        super().__init__()
        size = description["dimensions"]
        self.embedding = nn.Embedding(description["vocabulary"], size, padding_idx=0)
        self.entry = nn.LayerNorm(size)
        self.layers = nn.ModuleList(EncoderLayer(size, description["heads"], dropout) for _ in range(description["layers"]))
        self.exit = nn.LayerNorm(size)

    def forward(self, tokens: torch.Tensor, table: torch.Tensor | None = None) -> torch.Tensor:
        """table: embeddings (vocabulary, dimensions) to use instead of the module's, as in pre-training."""
        hidden = self.entry(functional.embedding(tokens, self.embedding.weight if table is None else table, padding_idx=0))
        is_attended = ~mask_padding(tokens)[:, None, None, :]
        for layer in self.layers:
            hidden = layer(hidden, is_attended)
        return self.exit(hidden)


class EncoderLayer(nn.Module):
    """Self-attention and a feed-forward block, each with a preceding norm and a residual connection."""

    def __init__(self, size: int, heads: int, dropout: float):
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.attended, self.joined = nn.Linear(size, 3 * size), nn.Linear(size, size)
        self.before, self.behind = nn.LayerNorm(size), nn.LayerNorm(size)
        self.dense = nn.Sequential(nn.Linear(size, 4 * size), nn.GELU(), nn.Dropout(dropout), nn.Linear(4 * size, size))
        self.dropped = nn.Dropout(dropout)

    def forward(self, hidden: torch.Tensor, is_attended: torch.Tensor) -> torch.Tensor:
        """hidden: (n, T, size). is_attended: (n, 1, 1, T), tokens that attention may read."""
        count, length, size = hidden.shape
        projections = self.attended(self.before(hidden)).view(count, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        query, key, value = rotate_channels(projections[0]), rotate_channels(projections[1]), projections[2]
        dropout = self.dropout if self.training else 0.0
        attended = functional.scaled_dot_product_attention(query, key, value, attn_mask=is_attended, dropout_p=dropout)
        hidden = hidden + self.dropped(self.joined(attended.transpose(1, 2).reshape(count, length, size)))
        return hidden + self.dropped(self.dense(self.behind(hidden)))


def rotate_channels(channels: torch.Tensor) -> torch.Tensor:
    """Rotary embedding of channels (…, T, size), size even: channel pairs are rotated by position, so products encode distance."""
    first, second = channels.chunk(2, dim=-1)
    half = first.shape[-1]
    rate = torch.exp(torch.arange(half, device=channels.device, dtype=channels.dtype) * (-math.log(10_000.0) / half))
    angle = torch.arange(channels.shape[-2], device=channels.device, dtype=channels.dtype)[:, None] * rate
    sine, cosine = torch.sin(angle), torch.cos(angle)
    return torch.cat([first * cosine - second * sine, first * sine + second * cosine], dim=-1)


def mask_padding(tokens: torch.Tensor) -> torch.Tensor:
    """Tokens without attention, (n, T): those with id 0. If all are 0, the first stays, since empty attention is undefined."""
    is_padding = tokens == 0
    return torch.cat([is_padding[:, :1] & ~is_padding.all(dim=1, keepdim=True), is_padding[:, 1:]], dim=1)


def select_device() -> torch.device:
    """Device of encoders: the GPU if there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def pool_embeddings(module: nn.Module, tokens: np.ndarray, special: list[int]) -> np.ndarray:
    """Mean (n, dimensions) float32 of the contextual embeddings of tokens (n, T), excluding `special` tokens.

    Sequences are processed in batches to limit memory. A sequence with only special tokens gives 0.
    """
    size = int(min(BATCH_SIZE, max(1, MAX_TOKEN_PAIRS // tokens.shape[1] ** 2)))
    device = next(module.parameters()).device
    special_ids = torch.tensor(special, device=device)
    chunks = []
    with torch.inference_mode():
        for i in range(0, len(tokens), size):
            batch = torch.as_tensor(tokens[i : i + size], device=device)
            is_counted = ~torch.isin(batch, special_ids)
            embeddings = torch.where(is_counted[..., None], module(batch).float(), 0.0)
            chunks.append((embeddings.sum(dim=1) / is_counted.sum(dim=1, keepdim=True).clamp_min(1)).cpu().numpy())
    return np.concatenate(chunks)
