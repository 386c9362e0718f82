"""What can be said of a motif's matrix (width, 4): its letters, its information, the part of it that matters."""

from dataclasses import dataclass

import numpy as np

from readsight.genome.codes import decode

# Bases that a letter stands for, by which of A C G T are among them (IUPAC).
_LETTERS = {"A": "A", "C": "C", "G": "G", "T": "T", "AG": "R", "CT": "Y", "CG": "S", "AT": "W", "GT": "K", "AC": "M"}
_LETTERS |= {"CGT": "B", "AGT": "D", "ACT": "H", "ACG": "V", "ACGT": "N"}
IUPAC_FRACTION = 0.5  # of the commonest base's part: a base as common as that is among a place's letters
MIN_INFORMATION = 0.25  # bits of a place from which on a word of the motif has its commonest base there


def compute_information(matrix: np.ndarray) -> np.ndarray:
    """Bits that each place tells against a uniform background, (width,)."""
    matrix = np.asarray(matrix, float)
    return 2 + (matrix * np.log2(np.maximum(matrix, 1e-12))).sum(axis=1)


def spell_iupac(matrix: np.ndarray) -> str:
    """Letters of the bases that are common at each place (IUPAC)."""
    letters = []
    for row in np.asarray(matrix, float):
        letters.append(
            _LETTERS[
                "".join(base for base, frequency in zip("ACGT", row, strict=True) if frequency >= IUPAC_FRACTION * row.max())
            ]
        )
    return "".join(letters)


def encode_consensus(matrix: np.ndarray) -> np.ndarray:
    """Codes (width,) of the commonest base at each place; 4 where the place says too little."""
    codes = np.asarray(matrix).argmax(axis=1).astype(np.uint8)
    return np.where(compute_information(matrix) >= MIN_INFORMATION, codes, 4).astype(np.uint8)


def spell_consensus(matrix: np.ndarray) -> str:
    """The word as letters, N where any base will do."""
    return decode(encode_consensus(matrix))


def find_core(sizes: np.ndarray, fraction: float, margin: int = 0) -> tuple[int, int]:
    """First place and the one behind the last whose size is at least that part of the largest, and so many places more to each side.

    sizes: (width,), ≥ 0.
    """
    kept = np.flatnonzero(sizes >= fraction * sizes.max())
    return max(0, int(kept[0]) - margin), min(len(sizes), int(kept[-1]) + 1 + margin)


@dataclass(frozen=True)
class Background:
    """How common A C G T are, (4,), as on both strands together: A as T, C as G."""

    frequencies: np.ndarray

    @classmethod
    def from_codes(cls, codes: np.ndarray) -> "Background":
        """Of sequences (n, places); a base that they lack counts once."""
        counts = np.bincount(np.asarray(codes).ravel(), minlength=5)[:4].astype(float) + 1
        counts = counts + counts[::-1]
        return cls(counts / counts.sum())


def compute_log_odds(matrix: np.ndarray, background: Background, sites: int) -> np.ndarray:
    """Bits for each base at each place, (width, 4); one word of the background is added to the `sites` that the matrix is made of."""
    n = max(sites, 1)
    return np.log2((np.asarray(matrix, float) * n + background.frequencies) / (n + 1) / background.frequencies)


def compute_frequencies(codes: np.ndarray, row: np.ndarray, start: np.ndarray, strand: np.ndarray, width: int) -> np.ndarray:
    """How often each base stands at each place of words, (width, 4); those on −1 are read from the other strand. N does not count."""
    sites = codes[row[:, None], start[:, None] + np.arange(width)]
    is_reverse = strand < 0
    sites[is_reverse] = np.minimum(sites[is_reverse, ::-1] ^ 3, 4)
    counts = np.stack([(sites == base).sum(axis=0) for base in range(4)], axis=1).astype(float)
    total = counts.sum(axis=1, keepdims=True)
    return np.where(total > 0, counts / np.maximum(total, 1), 0.25)
