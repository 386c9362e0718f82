"""Conversion of codes to network inputs: one-hot, made on the device, or tokens.

For pairs the two windows are encoded separately and concatenated again.
"""

from typing import Any

import numpy as np
import torch

from readsight.dataset.fold_file import Encoding
from readsight.genome.codes import reverse_complement
from readsight.models.training.model_description import get_tokeniser


def encode_batch(codes: np.ndarray, description: dict[str, Any], encoding: Encoding) -> torch.Tensor:
    """Data to copy to the device: tokens (n, T) int64, or codes (n, length) uint8 for encodings without tokens."""
    if description["input"] != "tokens":
        return torch.from_numpy(np.require(codes, requirements=["C", "W"]))  # rows of a read-only mapped file are copied
    tokens = [np.asarray(get_tokeniser(encoding)(window, encoding), np.int64) for window in split_windows(codes, description)]
    return torch.from_numpy(np.concatenate(tokens, axis=1))


def to_network_input(batch: torch.Tensor, description: dict[str, Any]) -> torch.Tensor:
    """Network input: for one_hot (n, 4, length) float32, with the channels of a position adjacent in memory, the fastest layout
    for convolutions; else the batch unchanged.
    """
    if description["input"] != "one_hot":
        return batch
    table = torch.eye(5, 4, device=batch.device)  # N is 0 in all channels
    return table[batch.int()].transpose(1, 2)


def split_windows(codes: np.ndarray, description: dict[str, Any]) -> list[np.ndarray]:
    """Windows of examples (n, length each): one, or two for pairs."""
    return np.split(codes, 2, axis=1) if description["pair"] else [codes]


def reverse_strand(codes: np.ndarray, description: dict[str, Any]) -> np.ndarray:
    """Reverse complement of each window."""
    return np.concatenate([reverse_complement(window) for window in split_windows(codes, description)], axis=1)
