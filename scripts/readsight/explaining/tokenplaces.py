"""Which bases a token stands for: values of tokens told by place."""

from typing import Any

import numpy as np

from readsight.foldfile import Encoding

BASES = set("ACGTN")


def shared(values: np.ndarray, codes: np.ndarray, encoding: Encoding, about: dict[str, Any]) -> np.ndarray:
    """Values of tokens (n, T), each shared out evenly among its bases, (n, places). codes: (n, places) of the windows.

    Of one-hot a token is `stem` bases that were pooled; of words of k bases it is these. Of byte-pair tokens, and of a checkpoint's, it
    is its letters, one token behind the other; where these are not told, all tokens are as long. Special tokens have no bases.
    """
    places = codes.shape[1]
    if about["input"] == "one_hot":
        start = np.arange(values.shape[1]) * -(-places // values.shape[1]) if values.shape[1] else np.zeros(0, int)
        start = np.arange(values.shape[1]) * min(about["stem"], places)
        return _added(values, start, np.minimum(start + min(about["stem"], places), places), places)
    if encoding.name == "bpe":
        return np.stack([_added(row[None], *spans, places)[0] for row, spans in zip(values, _of_bpe(codes, encoding), strict=True)])
    if "checkpoint" in encoding.about:
        return np.stack([_added(row[None], *spans, places)[0] for row, spans in zip(values, _of_checkpoint(codes, encoding, values.shape[1]), strict=True)])
    start = np.arange(values.shape[1])
    return _added(values, start, start + encoding.about["k"], places)


def _added(values: np.ndarray, start: np.ndarray, end: np.ndarray, places: int) -> np.ndarray:
    """Values (n, T) of stretches, evenly over their places: by running sums."""
    share = values / np.maximum(end - start, 1) * (end > start)
    found = np.zeros((len(values), places + 1))
    for row, own in zip(found, share, strict=True):
        row += np.bincount(start, own, minlength=places + 1) - np.bincount(end, own, minlength=places + 1)
    return np.cumsum(found, axis=1)[:, :places].astype(np.float32)


def _of_bpe(codes: np.ndarray, encoding: Encoding) -> list[tuple[np.ndarray, np.ndarray]]:
    """Start and end of each token of each window, (width,); those that padding stands for are empty."""
    from readsight.encodings import bpe

    own, width = bpe._tokenizer(encoding.about["tokenizer"]), encoding.about["width"]
    rows = own.encode_batch(list(bpe.letters(codes)), add_special_tokens=False)
    return [_padded(np.array(row.offsets, int).reshape(-1, 2), width) for row in rows]


def _padded(spans: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    found = np.zeros((width, 2), int)
    found[: len(spans)] = spans[:width]
    return found[:, 0], found[:, 1]


def _of_checkpoint(codes: np.ndarray, encoding: Encoding, width: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """The same of a checkpoint's tokens."""
    from readsight.encodings import checkpoint

    about, places = encoding.about, codes.shape[1]
    tokenizer = checkpoint._tokenizer(about["checkpoint"], about["trusted"])
    special = set(about["special"])
    found = []
    for ids in checkpoint.tokens(codes, about):
        own = np.array([i not in special for i in ids])
        if about["words"]:  # words overlap, and begin a base apart
            start = np.cumsum(own) - 1
            end = np.minimum(start + about["words"], places)
        else:
            names = tokenizer.convert_ids_to_tokens([int(i) - 1 if i else 0 for i in ids])
            sizes = np.array([sum(letter in BASES for letter in name.upper()) for name in names]) * own
            if sizes.sum() != places:
                sizes = np.diff(np.round(np.linspace(0, places, own.sum() + 1)).astype(int))[np.cumsum(own) - 1] * own
            end = np.cumsum(sizes)
            start = end - sizes
        found.append((np.where(own, start, 0), np.where(own, end, 0)))
    return found
