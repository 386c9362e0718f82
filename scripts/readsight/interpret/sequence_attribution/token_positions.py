"""Which bases a token stands for: values of tokens told by place."""

from typing import Any

import numpy as np

from readsight.dataset.fold_file import Encoding


def shared(values: np.ndarray, codes: np.ndarray, encoding: Encoding, about: dict[str, Any]) -> np.ndarray:
    """Values of tokens (n, T), each shared out evenly among its bases, (n, places) float32. codes: (n, places) of the windows.

    Of one-hot a token is `stem` bases that were pooled; of words of k bases it is these; of byte-pair tokens, and of a checkpoint's, its
    letters. Special tokens have no bases.
    """
    places, tokens = codes.shape[1], values.shape[1]
    if about["input"] == "one_hot":
        start = np.arange(tokens) * min(about["stem"], places)
        spans = np.stack([start, np.minimum(start + min(about["stem"], places), places)], axis=1)[None]
    elif encoding.name == "bpe":
        from readsight.dataset.encodings import bpe

        spans = bpe.spans(codes, encoding)
    elif "checkpoint" in encoding.about:
        from readsight.dataset.encodings import checkpoint

        spans = checkpoint.spans(codes, encoding.about)
    else:
        start = np.arange(tokens)
        spans = np.stack([start, start + encoding.about["k"]], axis=1)[None]
    return added(values, np.broadcast_to(spans, (*values.shape, 2)), places)


def added(values: np.ndarray, spans: np.ndarray, places: int) -> np.ndarray:
    """Values (n, T), ≥ 0, of stretches (n, T, 2: start, end), evenly over their places, by running sums: (n, places) float32."""
    length = spans[..., 1] - spans[..., 0]
    share = np.where(length > 0, values / np.maximum(length, 1), 0)
    found = np.zeros((len(values), places + 1))
    for row, own, (start, end) in zip(found, share, spans.transpose(0, 2, 1), strict=True):
        row += np.bincount(start, own, places + 1) - np.bincount(end, own, places + 1)
    return np.maximum(np.cumsum(found, axis=1)[:, :places], 0).astype(np.float32)
