"""What a sequence is compared with: itself shuffled, a uniform mixture of bases, or nothing.

A sequence's references hang on the seed and on its own bases alone, so that neither its neighbours nor its place among them
matter; those of its reverse complement are their reverse complements. N stays where it is: what is not known is not compared.
"""

import hashlib
from typing import Any

import numpy as np

from readsight.genome.codes import reverse_complement
from readsight.genome.onehot import one_hot_last
from readsight.genome.shuffle import dinucleotide

N = 4


def references(codes: np.ndarray, spec: dict[str, Any], seed: int, windows: int = 1) -> np.ndarray:
    """References of codes (n, places) as bases side by side, (n, m, places, 4) float32.

    spec: baseline (`shuffled`, `uniform` or `zeros`); baselines, m of shuffled ones (of the others 1). windows: 2 of pairs.
    """
    if spec["baseline"] == "shuffled":
        return one_hot_last(shuffled(codes, spec["baselines"], seed, windows))
    found = np.zeros((len(codes), 1, codes.shape[1], 4), np.float32)
    if spec["baseline"] == "uniform":
        found[:] = np.where(codes < N, np.float32(0.25), 0)[:, None, :, None]
    return found


def reference_codes(codes: np.ndarray, spec: dict[str, Any], seed: int, windows: int = 1) -> np.ndarray:
    """The same for models that read letters, (n, m, places) uint8: neither a mixture nor nothing has one, and is N."""
    if spec["baseline"] == "shuffled":
        return shuffled(codes, spec["baselines"], seed, windows)
    return np.full((len(codes), 1, codes.shape[1]), N, np.uint8)


def shuffled(codes: np.ndarray, count: int, seed: int, windows: int = 1) -> np.ndarray:
    """Codes (n, places) with their dinucleotides shuffled, (n, count, places) uint8, each sequence by permutations of its own.

    Both windows of a pair are shuffled by the same permutation, that of the reference one, so that they differ in as much as
    they did.
    """
    own, turned = oriented(codes, windows)
    found = np.repeat(own[:, None], count, axis=1)
    for row, sequence in zip(found, own, strict=True):
        parts = np.split(sequence, windows)
        known = np.flatnonzero(np.all([part < N for part in parts], axis=0))
        first = np.repeat(parts[0][None, known], count, axis=0)
        drawn = dinucleotide(first, generator(sequence, seed, "references"))
        moved = permutation(first, drawn)
        size = len(parts[0])
        for i, part in enumerate(parts):
            row[:, i * size + known] = part[known][moved]
    found[turned] = turned_over(found[turned], windows)
    return found


def permutation(codes: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Places (n, length) of codes that shuffled ones come from: drawn = codes at these places, alike bases in their order."""
    found = np.empty(codes.shape, np.int64)
    np.put_along_axis(found, np.argsort(drawn, axis=1, kind="stable"), np.argsort(codes, axis=1, kind="stable"), axis=1)
    return found


def oriented(codes: np.ndarray, windows: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Each sequence on that of its strands which comes first in the alphabet, and whether that is the other one, (n,) bool."""
    codes = np.asarray(codes)
    other = turned_over(codes, windows)
    first = (codes != other).argmax(axis=1)[:, None]
    turned = (np.take_along_axis(codes, first, axis=1) > np.take_along_axis(other, first, axis=1))[:, 0]
    return np.where(turned[:, None], other, codes), turned


def turned_over(codes: np.ndarray, windows: int = 1) -> np.ndarray:
    """The reverse complement of each window of codes (..., places)."""
    return np.concatenate([reverse_complement(part) for part in np.split(codes, windows, axis=-1)], axis=-1)


def generator(sequence: np.ndarray, seed: int, purpose: str) -> np.random.Generator:
    """A generator of a sequence's own, the same whatever stands beside it."""
    held = hashlib.blake2b(np.ascontiguousarray(sequence, np.uint8).tobytes(), digest_size=8, person=purpose.encode()[:16])
    return np.random.default_rng([seed, int.from_bytes(held.digest(), "little")])
