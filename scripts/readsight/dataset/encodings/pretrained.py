"""A model of Hugging Face as an encoder like any other: from tokens to contextual embeddings."""

from typing import Any

import torch
from torch import nn


class PretrainedEncoder(nn.Module):
    """Tokens (n, T), 0 the padding and others one higher than the tokenizer's, to embeddings (n, T, dimensions).

    model: the model. about: padding, its id there (0 where it is not known yet).
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
        # Some models tell places by where there is padding: it must be their own.
        return self.model(torch.where(is_token, tokens - 1, self.padding), attention_mask=is_token.long())[0]
