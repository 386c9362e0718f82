"""Properties of motif matrices (width, 4): consensus, information content, core, log odds."""

from dataclasses import dataclass

import numpy as np

from readsight.genome.codes import decode

# IUPAC letter of each set of bases.
_LETTERS = {"A": "A", "C": "C", "G": "G", "T": "T", "AG": "R", "CT": "Y", "CG": "S", "AT": "W", "GT": "K", "AC": "M"}
_LETTERS |= {"CGT": "B", "AGT": "D", "ACT": "H", "ACG": "V", "ACGT": "N"}
IUPAC_FRACTION = 0.5  # fraction of the largest frequency from which a base is included
MIN_INFORMATION = 0.25  # bits from which a position belongs to the consensus


def compute_information(matrix: np.ndarray) -> np.ndarray:
    """Information content of each position against a uniform background, bits, (width,)."""
    matrix = np.asarray(matrix, float)
    return 2 + (matrix * np.log2(np.maximum(matrix, 1e-12))).sum(axis=1)


def spell_iupac(matrix: np.ndarray) -> str:
    """IUPAC consensus of a matrix."""
    letters = []
    for row in np.asarray(matrix, float):
        letters.append(
            _LETTERS[
                "".join(base for base, frequency in zip("ACGT", row, strict=True) if frequency >= IUPAC_FRACTION * row.max())
            ]
        )
    return "".join(letters)


def encode_consensus(matrix: np.ndarray) -> np.ndarray:
    """Codes (width,) of the most frequent bases; 4 at positions with little information."""
    codes = np.asarray(matrix).argmax(axis=1).astype(np.uint8)
    return np.where(compute_information(matrix) >= MIN_INFORMATION, codes, 4).astype(np.uint8)


def spell_consensus(matrix: np.ndarray) -> str:
    """Most frequent bases as letters, N at positions with little information."""
    return decode(encode_consensus(matrix))


def find_core(sizes: np.ndarray, fraction: float, margin: int = 0) -> tuple[int, int]:
    """Start and end of the range in which sizes reach `fraction` of the maximum, extended by `margin` positions on both sides.

    sizes: (width,), ≥ 0.
    """
    informative_positions = np.flatnonzero(sizes >= fraction * sizes.max())
    return max(0, int(informative_positions[0]) - margin), min(len(sizes), int(informative_positions[-1]) + 1 + margin)


@dataclass(frozen=True)
class Background:
    """Frequencies of A C G T, (4,), averaged over both strands."""

    frequencies: np.ndarray

    @classmethod
    def from_codes(cls, codes: np.ndarray) -> "Background":
        """From sequences (n, positions), with a pseudocount of 1."""
        counts = np.bincount(np.asarray(codes).ravel(), minlength=5)[:4].astype(float) + 1
        counts = counts + counts[::-1]
        return cls(counts / counts.sum())


def compute_log_odds(matrix: np.ndarray, background: Background, sites: int) -> np.ndarray:
    """Log odds in bits, (width, 4), with one background pseudosequence added to the `sites` of the matrix."""
    n = max(sites, 1)
    return np.log2((np.asarray(matrix, float) * n + background.frequencies) / (n + 1) / background.frequencies)


def compute_frequencies(codes: np.ndarray, row: np.ndarray, start: np.ndarray, strand: np.ndarray, width: int) -> np.ndarray:
    """Base frequencies per position of sites, (width, 4), in motif orientation (strand −1 is reverse complemented). N is
    ignored.
    """
    sites = codes[row[:, None], start[:, None] + np.arange(width)]
    is_reverse = strand < 0
    sites[is_reverse] = np.minimum(sites[is_reverse, ::-1] ^ 3, 4)
    counts = np.stack([(sites == base).sum(axis=0) for base in range(4)], axis=1).astype(float)
    total = counts.sum(axis=1, keepdims=True)
    return np.where(total > 0, counts / np.maximum(total, 1), 0.25)
