"""Conversion of values per token to values per base."""

from typing import Any

import numpy as np

from readsight.dataset.fold_file import Encoding


def spread_over_bases(values: np.ndarray, codes: np.ndarray, encoding: Encoding, description: dict[str, Any]) -> np.ndarray:
    """Values of tokens (n, T), each spread evenly over its bases, (n, positions) float32. codes: (n, positions) of the windows.

    A token covers `stem` pooled bases for one-hot input, k bases for k-mers, and its letters for byte-pair and checkpoint
    tokenizers. Special tokens cover no bases.
    """
    length, tokens = codes.shape[1], values.shape[1]
    if description["input"] == "one_hot":
        start = np.arange(tokens) * min(description["stem"], length)
        spans = np.stack([start, np.minimum(start + min(description["stem"], length), length)], axis=1)[None]
    elif encoding.name == "bpe":
        from readsight.dataset.encodings import bpe

        spans = bpe.token_spans(codes, encoding)
    elif "checkpoint" in encoding.description:
        from readsight.dataset.encodings import checkpoint

        spans = checkpoint.token_spans(codes, encoding.description)
    else:
        start = np.arange(tokens)
        spans = np.stack([start, start + encoding.description["k"]], axis=1)[None]
    return sum_spans(values, np.broadcast_to(spans, (*values.shape, 2)), length)


def sum_spans(values: np.ndarray, spans: np.ndarray, size: int) -> np.ndarray:
    """Values (n, T), ≥ 0, spread evenly over spans (n, T, 2: start, end) and summed, (n, positions) float32, by cumulative sums."""
    length = spans[..., 1] - spans[..., 0]
    per_base = np.where(length > 0, values / np.maximum(length, 1), 0)
    differences = np.zeros((len(values), size + 1))
    for row, amounts, (start, end) in zip(differences, per_base, spans.transpose(0, 2, 1), strict=True):
        row += np.bincount(start, amounts, size + 1) - np.bincount(end, amounts, size + 1)
    return np.maximum(np.cumsum(differences, axis=1)[:, :size], 0).astype(np.float32)
