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

MAX_COLUMNS = 2**20  # words are told apart up to so many; beyond, several of one span share a column
MAX_VALUES = 70_000_000  # numbers of a matrix, at most: 0.6 GB
MAX_KMERS = 20_000_000  # words of the sequences that are counted at once
HASH_FACTOR = 0x9E3779B1  # of multiplicative hashing (Knuth)

# Told places of a pattern, the first 0.
Offsets = tuple[int, ...]


def list_patterns(length: int, informative: int) -> dict[int, list[Offsets]]:
    """Patterns of words of so many bases, by their span; of those that are shifts of each other the first."""
    by_span: dict[int, list[Offsets]] = {}
    for positions in combinations(range(1, length), informative - 1):
        offsets = (0, *positions)
        by_span.setdefault(offsets[-1] + 1, []).append(offsets)
    return by_span


def max_sequences(description: dict[str, Any]) -> int:
    """Sequences whose features are held at once, at most."""
    count = sum(map(len, list_patterns(description["word"], description["informative"]).values()))
    per_sequence = min(count * description["length"], sum(block for _, _, block, _ in _iter_blocks(description)))
    return max(1, MAX_VALUES // (per_sequence * (2 if description["pair"] else 1)))


def compute_features(codes: np.ndarray, description: dict[str, Any]) -> Any:
    """CSR matrix (n, columns) float32, rows of length 1; of pairs those of the reference, and what the alternative changes.

    description: word, informative (bases of it), length, stranded, pair. A gapped word with an N where it is told is left out.
    """
    from scipy.sparse import hstack, vstack

    count = sum(map(len, list_patterns(description["word"], description["informative"]).values()))
    step = max(1, MAX_KMERS // (count * description["length"]))
    blocks = []
    for i in range(0, max(len(codes), 1), step):
        rows = np.asarray(codes[i : i + step])
        if not description["pair"]:
            blocks.append(_compute_window_features(rows, description))
            continue
        reference, alternative = (_compute_window_features(window, description) for window in np.split(rows, 2, axis=1))
        change = alternative - reference
        change.eliminate_zeros()
        blocks.append(hstack([reference, change], format="csr"))
    return vstack(blocks, format="csr")


def _iter_blocks(description: dict[str, Any]) -> Iterator[tuple[int, list[Offsets], int, float]]:
    """Of each span: its patterns, the columns that they share, and what a count weighs."""
    by_span = list_patterns(description["word"], description["informative"])
    for span, offsets in by_span.items():
        yield (
            span,
            offsets,
            min(len(offsets) * 4 ** description["informative"], MAX_COLUMNS // len(by_span)),
            float(np.sqrt(description["word"] - span + 1)),
        )


def _compute_window_features(codes: np.ndarray, description: dict[str, Any]) -> Any:
    columns, weights, start = [], [], 0
    for _, shapes, block, weight in _iter_blocks(description):
        columns += [
            np.where(indices < 0, -1, start + _fold_columns(indices, block, len(shapes) * 4 ** description["informative"]))
            for indices in _index_kmers(codes, shapes, description)
        ]
        weights.append(np.full(block, weight, np.float32))
        start += block
    matrix = kmer_counts.count_columns_per_row(np.hstack(columns), start)
    matrix.data *= np.concatenate(weights)[matrix.indices]
    row = np.repeat(np.arange(len(codes)), np.diff(matrix.indptr))
    matrix.data /= np.sqrt(np.bincount(row, matrix.data.astype(np.float64) ** 2, len(codes))).astype(np.float32)[row]
    return matrix


def _index_kmers(codes: np.ndarray, shapes: list[Offsets], description: dict[str, Any]) -> Iterator[np.ndarray]:
    """Of patterns of one span: which word of which pattern stands where, (n, windows) int64 each; −1 where there is an N.

    Unless stranded a word is the one of it and its reverse complement, which is of the mirrored pattern, that comes first.
    """
    size = 4 ** description["informative"]
    complements = kmer_tokens.reverse_complement_ids(description["informative"])[1:].astype(np.int64) - 1
    for number, offsets in enumerate(shapes):
        kmers = encode_kmers(codes, offsets)
        indices = number * size + kmers
        if not description["stranded"]:
            mirrored = shapes.index(tuple(offsets[-1] - offset for offset in reversed(offsets)))
            indices = np.minimum(indices, mirrored * size + complements[kmers])
        yield np.where(kmers < 0, -1, indices)


def encode_kmers(codes: np.ndarray, offsets: Offsets) -> np.ndarray:
    """Word (n, windows) int64 that the told bases make in each window, 0 … 4^informative − 1; −1 where one of them is N."""
    window_count = codes.shape[1] - offsets[-1]
    kmers = np.zeros((len(codes), window_count), np.int64)
    is_valid = np.ones(kmers.shape, bool)
    for offset in offsets:
        base = codes[:, offset : offset + window_count]
        kmers = kmers * 4 + base
        is_valid &= base < 4
    return np.where(is_valid, kmers, -1)


def _fold_columns(indices: np.ndarray, columns: int, distinct: int) -> np.ndarray:
    """Places of so many kinds in so many columns: as they are where they fit, else spread out by a hash, and several in one."""
    if distinct <= columns:
        return indices
    return (indices * HASH_FACTOR & 0xFFFFFFFF) % columns
