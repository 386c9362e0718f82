"""Nucleotide codes: uint8, 0–3 = A C G T, 4 = N."""

import zlib

import numpy as np

LETTERS = np.frombuffer(b"ACGTN", dtype=np.uint8)
_CODE = np.full(256, 4, dtype=np.uint8)
for _i, _letter in enumerate(b"ACGT"):
    _CODE[[_letter, _letter + 32]] = _i


def encode(text: str) -> np.ndarray:
    """Letters of either case to codes, shape (length,)."""
    return _CODE[np.frombuffer(text.encode(), dtype=np.uint8)]


def decode(codes: np.ndarray) -> str:
    """Codes to upper-case letters."""
    return LETTERS[codes].tobytes().decode()


def complement(codes: np.ndarray) -> np.ndarray:
    """Codes of the bases that pair with these; N stays N."""
    return np.minimum(codes ^ 3, 4)


def reverse_complement(codes: np.ndarray) -> np.ndarray:
    """The other strand of codes (..., length)."""
    return complement(codes[..., ::-1])


def generator(seed: int, *names: str) -> np.random.Generator:
    """A generator of its own for each named purpose, so that one part's draws never move another's."""
    return np.random.default_rng([seed, *(zlib.crc32(name.encode()) for name in names)])
