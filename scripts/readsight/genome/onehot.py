"""One-hot encoding of codes: channels A, C, G, T. N is 0 in all four, or `unknown` (0.25 gives it the mass of a base)."""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import torch

_BASES = np.arange(4, dtype=np.uint8)[:, None]
N = 4
# Dtypes as large as four elements of the output dtype, so that a row of the base table is copied at once.
_FOUR = {1: np.uint32, 2: np.uint64, 4: np.complex128}


def one_hot(codes: np.ndarray, dtype: Any = np.float32, unknown: float = 0.0) -> np.ndarray:
    """Codes (..., length) uint8 to (..., 4, length) of a dtype."""
    codes = np.asarray(codes)[..., None, :]
    encoded = np.empty((*codes.shape[:-2], 4, codes.shape[-1]), dtype)
    if encoded.dtype.itemsize == 1 and encoded.dtype.kind in "iub":
        np.equal(codes, _BASES, out=encoded.view(bool))
    else:
        np.equal(codes, _BASES, out=encoded, casting="unsafe")
    if unknown:
        _fill_unknown(encoded, codes, unknown)
    return encoded


def one_hot_last(codes: np.ndarray, dtype: Any = np.float32, unknown: float = 0.0) -> np.ndarray:
    """Codes (..., length) uint8 to (..., length, 4) of a dtype, by a look-up table."""
    table = np.zeros((N + 1, 4), dtype)
    table[:N] = np.eye(4, dtype=dtype)
    if unknown:
        _fill_unknown(table, np.arange(N + 1)[:, None], unknown)
    codes = np.asarray(codes)
    if table.itemsize not in _FOUR:
        return table[codes]
    encoded = np.take(table.view(_FOUR[table.itemsize])[:, 0], codes)
    return encoded.view(dtype).reshape(*codes.shape, 4)


def _fill_unknown(encoded: np.ndarray, codes: np.ndarray, unknown: float) -> None:
    if encoded.dtype.kind not in "fc":
        raise ValueError(f"unknown={unknown} needs a dtype of fractions, not {encoded.dtype}")
    np.copyto(encoded, unknown, where=codes >= N)


def one_hot_torch(codes: "torch.Tensor", dtype: "torch.dtype | None" = None, unknown: float = 0.0) -> "torch.Tensor":
    """As `one_hot`, for a tensor on any device: (..., length) integers to (..., 4, length), float32 by default."""
    import torch

    bases = torch.arange(4, dtype=codes.dtype, device=codes.device)[:, None]
    codes = codes.unsqueeze(-2)
    encoded = torch.empty((*codes.shape[:-2], 4, codes.shape[-1]), dtype=dtype or torch.float32, device=codes.device)
    torch.eq(codes, bases, out=encoded)
    return encoded.masked_fill_(codes >= N, unknown) if unknown else encoded
