"""The transformer encoder of words of k bases that is trained here, and what tokens mean to any encoder."""

import math
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

BATCH = 256  # sequences encoded at once, at most
ATTENDED = 8_000_000  # pairs of tokens at once, at most


class Encoder(nn.Module):
    """Tokens (n, T) to contextual embeddings (n, T, dimensions), as in BERT (Devlin et al. 2019), norms first.

    about: vocabulary, dimensions, layers, heads. Attention is told by how far apart two words stand (rotary: Su et al. 2021),
    so that no length is too long, and a motif is one wherever it stands. Token 0 is attended to by none.
    """

    def __init__(self, about: dict[str, Any], dropout: float = 0.1):
        super().__init__()
        size = about["dimensions"]
        self.embedding = nn.Embedding(about["vocabulary"], size, padding_idx=0)
        self.entry = nn.LayerNorm(size)
        self.layers = nn.ModuleList(Layer(size, about["heads"], dropout) for _ in range(about["layers"]))
        self.exit = nn.LayerNorm(size)

    def forward(self, tokens: torch.Tensor, table: torch.Tensor | None = None) -> torch.Tensor:
        """table: embeddings (vocabulary, dimensions) to take instead of its own, as while it is pre-trained."""
        held = self.entry(functional.embedding(tokens, self.embedding.weight if table is None else table, padding_idx=0))
        read = ~unattended(tokens)[:, None, None, :]
        for layer in self.layers:
            held = layer(held, read)
        return self.exit(held)


class Layer(nn.Module):
    """Attention and two dense layers, each behind a norm and added to what came in."""

    def __init__(self, size: int, heads: int, dropout: float):
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.attended, self.joined = nn.Linear(size, 3 * size), nn.Linear(size, size)
        self.before, self.behind = nn.LayerNorm(size), nn.LayerNorm(size)
        self.dense = nn.Sequential(nn.Linear(size, 4 * size), nn.GELU(), nn.Dropout(dropout), nn.Linear(4 * size, size))
        self.dropped = nn.Dropout(dropout)

    def forward(self, held: torch.Tensor, read: torch.Tensor) -> torch.Tensor:
        """held: (n, T, size). read: (n, 1, 1, T), which tokens attention goes to."""
        count, places, size = held.shape
        parts = self.attended(self.before(held)).view(count, places, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        query, key, value = rotated(parts[0]), rotated(parts[1]), parts[2]
        dropout = self.dropout if self.training else 0.0
        found = functional.scaled_dot_product_attention(query, key, value, attn_mask=read, dropout_p=dropout)
        held = held + self.dropped(self.joined(found.transpose(1, 2).reshape(count, places, size)))
        return held + self.dropped(self.dense(self.behind(held)))


def rotated(held: torch.Tensor) -> torch.Tensor:
    """Channels (…, T, size), size even, turned pair by pair by angles that grow with the place: products then tell distances."""
    first, second = held.chunk(2, dim=-1)
    half = first.shape[-1]
    rate = torch.exp(torch.arange(half, device=held.device, dtype=held.dtype) * (-math.log(10_000.0) / half))
    angle = torch.arange(held.shape[-2], device=held.device, dtype=held.dtype)[:, None] * rate
    sine, cosine = torch.sin(angle), torch.cos(angle)
    return torch.cat([first * cosine - second * sine, first * sine + second * cosine], dim=-1)


def unattended(tokens: torch.Tensor) -> torch.Tensor:
    """Where no attention goes, (n, T): to tokens 0. Where all are, the first one is left, for attention to nothing has no value."""
    found = tokens == 0
    return torch.cat([found[:, :1] & ~found.all(dim=1, keepdim=True), found[:, 1:]], dim=1)


def device() -> torch.device:
    """Where encoders run: a GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def pooled(module: nn.Module, tokens: np.ndarray, special: list[int]) -> np.ndarray:
    """Mean (n, dimensions) float32 of the contextual embeddings of a sequence's tokens (n, T), those of `special` aside.

    Memory: of some sequences at a time. Of a sequence that has special tokens alone it is 0.
    """
    size = int(min(BATCH, max(1, ATTENDED // tokens.shape[1] ** 2)))
    place = next(module.parameters()).device
    aside = torch.tensor(special, device=place)
    found = []
    with torch.inference_mode():
        for i in range(0, len(tokens), size):
            batch = torch.as_tensor(tokens[i : i + size], device=place)
            counted = ~torch.isin(batch, aside)
            held = torch.where(counted[..., None], module(batch).float(), 0.0)
            found.append((held.sum(dim=1) / counted.sum(dim=1, keepdim=True).clamp_min(1)).cpu().numpy())
    return np.concatenate(found)
