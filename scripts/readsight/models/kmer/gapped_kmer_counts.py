"""Counts of gapped words as sparse matrices: the features behind the gapped k-mer kernel (Ghandi et al. 2014).

Each choice of the told places of a word is a pattern. Patterns that differ by a shift alone count the same, so one of them
is counted, and weighs as many: the product of two sequences' features is, but for the ends, that of the paper.
"""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np

from readsight.dataset.encodings import kmer_tokens
from readsight.models.kmer import kmer_counts

COLUMNS = 2**20  # words are told apart up to so many; beyond, several of one span share a column
HELD = 70_000_000  # numbers of a matrix, at most: 0.6 GB
PLACES = 20_000_000  # words of the sequences that are counted at once
MIX = 0x9E3779B1  # of multiplicative hashing (Knuth)

# Told places of a pattern, the first 0.
Offsets = tuple[int, ...]


def patterns(word: int, informative: int) -> dict[int, list[Offsets]]:
    """Patterns of words of so many bases, by their span; of those that are shifts of each other the first."""
    found: dict[int, list[Offsets]] = {}
    for rest in combinations(range(1, word), informative - 1):
        own = (0, *rest)
        found.setdefault(own[-1] + 1, []).append(own)
    return found


def most(about: dict[str, Any]) -> int:
    """Sequences whose features are held at once, at most."""
    count = sum(map(len, patterns(about["word"], about["informative"]).values()))
    each = min(count * about["length"], sum(block for _, _, block, _ in _blocks(about)))
    return max(1, HELD // (each * (2 if about["pair"] else 1)))


def features(codes: np.ndarray, about: dict[str, Any]) -> Any:
    """CSR matrix (n, columns) float32, rows of length 1; of pairs those of the reference, and what the alternative changes.

    about: word, informative (bases of it), length, stranded, pair. A gapped word with an N where it is told is left out.
    """
    from scipy.sparse import hstack, vstack

    count = sum(map(len, patterns(about["word"], about["informative"]).values()))
    step = max(1, PLACES // (count * about["length"]))
    parts = []
    for i in range(0, max(len(codes), 1), step):
        rows = np.asarray(codes[i : i + step])
        if not about["pair"]:
            parts.append(_features(rows, about))
            continue
        reference, alternative = (_features(side, about) for side in np.split(rows, 2, axis=1))
        change = alternative - reference
        change.eliminate_zeros()
        parts.append(hstack([reference, change], format="csr"))
    return vstack(parts, format="csr")


def _blocks(about: dict[str, Any]) -> Iterator[tuple[int, list[Offsets], int, float]]:
    """Of each span: its patterns, the columns that they share, and what a count weighs."""
    found = patterns(about["word"], about["informative"])
    for span, own in found.items():
        yield (
            span,
            own,
            min(len(own) * 4 ** about["informative"], COLUMNS // len(found)),
            float(np.sqrt(about["word"] - span + 1)),
        )


def _features(codes: np.ndarray, about: dict[str, Any]) -> Any:
    placed, weights, start = [], [], 0
    for _, own, block, weight in _blocks(about):
        placed += [
            np.where(at < 0, -1, start + _folded(at, block, len(own) * 4 ** about["informative"]))
            for at in _places(codes, own, about)
        ]
        weights.append(np.full(block, weight, np.float32))
        start += block
    found = kmer_counts.counted(np.hstack(placed), start)
    found.data *= np.concatenate(weights)[found.indices]
    row = np.repeat(np.arange(len(codes)), np.diff(found.indptr))
    found.data /= np.sqrt(np.bincount(row, found.data.astype(np.float64) ** 2, len(codes))).astype(np.float32)[row]
    return found


def _places(codes: np.ndarray, shapes: list[Offsets], about: dict[str, Any]) -> Iterator[np.ndarray]:
    """Of patterns of one span: which word of which pattern stands where, (n, windows) int64 each; −1 where there is an N.

    Unless stranded a word is the one of it and its reverse complement, which is of the mirrored pattern, that comes first.
    """
    size = 4 ** about["informative"]
    turned = kmer_tokens.complements(about["informative"])[1:].astype(np.int64) - 1
    for number, offsets in enumerate(shapes):
        words = words_of(codes, offsets)
        found = number * size + words
        if not about["stranded"]:
            mirror = shapes.index(tuple(offsets[-1] - place for place in reversed(offsets)))
            found = np.minimum(found, mirror * size + turned[words])
        yield np.where(words < 0, -1, found)


def words_of(codes: np.ndarray, offsets: Offsets) -> np.ndarray:
    """Word (n, windows) int64 that the told bases make in each window, 0 … 4^informative − 1; −1 where one of them is N."""
    windows = codes.shape[1] - offsets[-1]
    found = np.zeros((len(codes), windows), np.int64)
    known = np.ones(found.shape, bool)
    for place in offsets:
        base = codes[:, place : place + windows]
        found = found * 4 + base
        known &= base < 4
    return np.where(known, found, -1)


def _folded(places: np.ndarray, columns: int, kinds: int) -> np.ndarray:
    """Places of so many kinds in so many columns: as they are where they fit, else spread out by a hash, and several in one."""
    if kinds <= columns:
        return places
    return (places * MIX & 0xFFFFFFFF) % columns
