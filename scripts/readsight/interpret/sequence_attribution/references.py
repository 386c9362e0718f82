"""References of a sequence: dinucleotide shuffles, a uniform mixture of bases, or zeros.

The references of a sequence depend on the seed and its bases only, not on the batch; those of its reverse complement are their
reverse complements. N stays in place: unknown bases are not compared.
"""

import hashlib
from typing import Any

import numpy as np

from readsight.genome.codes import reverse_complement
from readsight.genome.onehot import one_hot_last
from readsight.genome.shuffle import shuffle_dinucleotides

N = 4


def build_references(codes: np.ndarray, spec: dict[str, Any], seed: int, windows: int = 1) -> np.ndarray:
    """References of codes (n, positions) as one-hot bases, (n, m, positions, 4) float32.

    spec: baseline (`shuffled`, `uniform` or `zeros`); baselines, number m of shuffles (1 for the remaining baselines). windows: 2 for pairs.
    """
    if spec["baseline"] == "shuffled":
        return one_hot_last(shuffle_codes(codes, spec["baselines"], seed, windows))
    mixtures = np.zeros((len(codes), 1, codes.shape[1], 4), np.float32)
    if spec["baseline"] == "uniform":
        mixtures[:] = np.where(codes < N, np.float32(0.25), 0)[:, None, :, None]
    return mixtures


def build_reference_codes(codes: np.ndarray, spec: dict[str, Any], seed: int, windows: int = 1) -> np.ndarray:
    """References for models that read codes, (n, m, positions) uint8: N replaces mixtures and zeros."""
    if spec["baseline"] == "shuffled":
        return shuffle_codes(codes, spec["baselines"], seed, windows)
    return np.full((len(codes), 1, codes.shape[1]), N, np.uint8)


def shuffle_codes(codes: np.ndarray, count: int, seed: int, windows: int = 1) -> np.ndarray:
    """Dinucleotide shuffles of codes (n, positions), (n, count, positions) uint8.

    Both windows of a pair are shuffled by the same permutation, that of the reference window, so that their number of
    differences is preserved.
    """
    canonical, is_reverse = orient_codes(codes, windows)
    shuffles = np.repeat(canonical[:, None], count, axis=1)
    for row, sequence in zip(shuffles, canonical, strict=True):
        pieces = np.split(sequence, windows)
        known = np.flatnonzero(np.all([piece < N for piece in pieces], axis=0))
        first = np.repeat(pieces[0][None, known], count, axis=0)
        shuffled = shuffle_dinucleotides(first, sequence_rng(sequence, seed, "references"))
        source = find_permutation(first, shuffled)
        size = len(pieces[0])
        for i, piece in enumerate(pieces):
            row[:, i * size + known] = piece[known][source]
    shuffles[is_reverse] = reverse_windows(shuffles[is_reverse], windows)
    return shuffles


def find_permutation(codes: np.ndarray, shuffled: np.ndarray) -> np.ndarray:
    """Source positions (n, length) of shuffled codes: shuffled = codes at these positions, equal bases in order."""
    positions = np.empty(codes.shape, np.int64)
    np.put_along_axis(positions, np.argsort(shuffled, axis=1, kind="stable"), np.argsort(codes, axis=1, kind="stable"), axis=1)
    return positions


def orient_codes(codes: np.ndarray, windows: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Each sequence on its alphabetically smaller strand, and whether that is the reverse strand, (n,) bool."""
    codes = np.asarray(codes)
    reverse = reverse_windows(codes, windows)
    first_difference = (codes != reverse).argmax(axis=1)[:, None]
    is_reverse = (np.take_along_axis(codes, first_difference, axis=1) > np.take_along_axis(reverse, first_difference, axis=1))[
        :, 0
    ]
    return np.where(is_reverse[:, None], reverse, codes), is_reverse


def reverse_windows(codes: np.ndarray, windows: int = 1) -> np.ndarray:
    """Reverse complement of each window of codes (..., positions)."""
    return np.concatenate([reverse_complement(window) for window in np.split(codes, windows, axis=-1)], axis=-1)


def sequence_rng(sequence: np.ndarray, seed: int, purpose: str) -> np.random.Generator:
    """Random generator that depends on the seed, the purpose and the sequence only."""
    hasher = hashlib.blake2b(np.ascontiguousarray(sequence, np.uint8).tobytes(), digest_size=8, person=purpose.encode()[:16])
    return np.random.default_rng([seed, int.from_bytes(hasher.digest(), "little")])
