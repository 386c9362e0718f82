"""Adapter that gives a Hugging Face model the interface of the encoders here."""

from typing import Any

import torch
from torch import nn


class PretrainedEncoder(nn.Module):
    """Tokens (n, T), 0 for padding and tokenizer ids plus one, to embeddings (n, T, dimensions).

    model: the transformers model. description: padding, the tokenizer's padding id (default 0).
    """

    def __init__(self, model: nn.Module, description: dict[str, Any]):
        super().__init__()
        self.add_module("own", model)  # the prefix of its weights in stored models
        self.padding = description.get("padding", 0)

    @property
    def model(self) -> nn.Module:
        return self.get_submodule("own")

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        is_token = tokens > 0
        # Some models derive positions from the padding, so it must be the tokenizer's id.
        return self.model(torch.where(is_token, tokens - 1, self.padding), attention_mask=is_token.long())[0]
