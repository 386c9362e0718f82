"""From codes to what a network reads: one-hot, made on the device, or tokens.

Pairs hold two windows side by side: each is made by itself, and they stand side by side again.
"""

from typing import Any

import numpy as np
import torch

from readsight.dataset.fold_file import Encoding
from readsight.genome.codes import reverse_complement
from readsight.models.training.model_description import get_tokeniser


def encode_batch(codes: np.ndarray, description: dict[str, Any], encoding: Encoding) -> torch.Tensor:
    """What is brought to the device: tokens (n, T) int64, or codes (n, length) uint8 where there are none."""
    if description["input"] != "tokens":
        return torch.from_numpy(
            np.require(codes, requirements=["C", "W"])
        )  # a mapped file is not written to: its rows are copied
    tokens = [np.asarray(get_tokeniser(encoding)(window, encoding), np.int64) for window in split_windows(codes, description)]
    return torch.from_numpy(np.concatenate(tokens, axis=1))


def to_network_input(batch: torch.Tensor, description: dict[str, Any]) -> torch.Tensor:
    """What the network reads of it: of one_hot (n, 4, length) float32, the bases of a place side by side in memory, as
    convolutions are made fastest; else as it was carried.
    """
    if description["input"] != "one_hot":
        return batch
    table = torch.eye(5, 4, device=batch.device)  # N is 0 throughout
    return table[batch.int()].transpose(1, 2)


def split_windows(codes: np.ndarray, description: dict[str, Any]) -> list[np.ndarray]:
    """The windows of examples (n, length each): one, or of pairs two."""
    return np.split(codes, 2, axis=1) if description["pair"] else [codes]


def reverse_strand(codes: np.ndarray, description: dict[str, Any]) -> np.ndarray:
    """The reverse complement of each window."""
    return np.concatenate([reverse_complement(window) for window in split_windows(codes, description)], axis=1)
