"""A model of Hugging Face as an encoder like any other: from tokens to contextual embeddings."""

from typing import Any

import torch
from torch import nn


class Pretrained(nn.Module):
    """Tokens (n, T), 0 the padding and others one higher than the tokenizer's, to embeddings (n, T, dimensions).

    own: the model. about: padding, its id there (0 where it is not known yet).
    """

    def __init__(self, own: nn.Module, about: dict[str, Any]):
        super().__init__()
        self.own = own
        self.padding = about.get("padding", 0)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        read = tokens > 0
        # Some models tell places by where there is padding: it must be their own.
        return self.own(torch.where(read, tokens - 1, self.padding), attention_mask=read.long())[0]
