"""Nucleotide codes: uint8, 0–3 = A C G T, 4 = N."""

import zlib

import numpy as np

LETTERS = np.frombuffer(b"ACGTN", dtype=np.uint8)
_CODE = bytes(4 if (place := b"ACGT".find(bytes([letter]).upper())) < 0 else place for letter in range(256))


def encode(text: str) -> np.ndarray:
    """Letters of either case to codes, shape (length,)."""
    return np.frombuffer(bytearray(text, "utf-8").translate(_CODE), dtype=np.uint8)


def decode(codes: np.ndarray) -> str:
    """Codes to upper-case letters."""
    return LETTERS[codes].tobytes().decode()


def complement(codes: np.ndarray) -> np.ndarray:
    """Codes of the bases that pair with these; N stays N."""
    return np.minimum(codes ^ 3, 4)


def reverse_complement(codes: np.ndarray) -> np.ndarray:
    """The other strand of codes (..., length)."""
    return complement(codes[..., ::-1])


def make_generator(seed: int, *names: str) -> np.random.Generator:
    """A generator of its own for each named purpose, so that one part's draws never move another's."""
    return np.random.default_rng([seed, *(zlib.crc32(name.encode()) for name in names)])
