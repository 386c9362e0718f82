"""Nucleotide codes: uint8, 0–3 = A C G T, 4 = N."""

import zlib

import numpy as np

LETTERS = np.frombuffer(b"ACGTN", dtype=np.uint8)
_CODE = bytes(4 if (position := b"ACGT".find(bytes([letter]).upper())) < 0 else position for letter in range(256))


def encode(text: str) -> np.ndarray:
    """Letters of either case to codes, shape (length,)."""
    return np.frombuffer(bytearray(text, "utf-8").translate(_CODE), dtype=np.uint8)


def decode(codes: np.ndarray) -> str:
    """Codes to upper-case letters."""
    return LETTERS[codes].tobytes().decode()


def complement(codes: np.ndarray) -> np.ndarray:
    """Codes of the complementary bases; N stays N."""
    return np.minimum(codes ^ 3, 4)


def reverse_complement(codes: np.ndarray) -> np.ndarray:
    """Codes (..., length) of the reverse strand."""
    return complement(codes[..., ::-1])


def make_generator(seed: int, *names: str) -> np.random.Generator:
    """A separate generator for each named purpose, so that draws for one purpose never affect those for another one."""
    return np.random.default_rng([seed, *(zlib.crc32(name.encode()) for name in names)])
