"""Counts of gapped k-mers as sparse matrices: the features of the gapped k-mer kernel (Ghandi et al. 2014).

Each choice of informative positions in a k-mer is a pattern. Patterns that are shifts of one another have equal counts, so
only one of them is counted, with the weight of all: except at the ends, the product of the features of two sequences
is the kernel of the paper.
"""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np

from readsight.dataset.encodings import kmer_tokens
from readsight.models.kmer import kmer_counts

MAX_COLUMNS = 2**20  # above this number, gapped k-mers of one span share columns by hashing
MAX_VALUES = 70_000_000  # maximum values of a matrix: 0.6 GB
MAX_KMERS = 20_000_000  # gapped k-mers counted at once
HASH_FACTOR = 0x9E3779B1  # of multiplicative hashing (Knuth)

# Informative positions of a pattern; the first is 0.
Offsets = tuple[int, ...]


def list_patterns(length: int, informative: int) -> dict[int, list[Offsets]]:
    """Patterns of k-mers of a length, by span; of patterns that are shifts of one another only the first."""
    by_span: dict[int, list[Offsets]] = {}
    for positions in combinations(range(1, length), informative - 1):
        offsets = (0, *positions)
        by_span.setdefault(offsets[-1] + 1, []).append(offsets)
    return by_span


def max_sequences(description: dict[str, Any]) -> int:
    """Maximum number of sequences with features in memory."""
    count = sum(map(len, list_patterns(description["word"], description["informative"]).values()))
    per_sequence = min(count * description["length"], sum(block for _, _, block, _ in _iter_blocks(description)))
    return max(1, MAX_VALUES // (per_sequence * (2 if description["pair"] else 1)))


def compute_features(codes: np.ndarray, description: dict[str, Any]) -> Any:
    """CSR matrix (n, columns) float32 with rows of length 1; for pairs the reference, and the change to the alternative.

    description: word (length), informative (number of positions), length, stranded, pair. Gapped k-mers with an N at an
    informative position are ignored.
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
    """For each span: its patterns, the number of shared columns, and the weight of a count."""
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
    """For each pattern of one span: index of the gapped k-mer in each window, (n, windows) int64; −1 with an N.

    Unless stranded, the index is the lower of those of the k-mer and of its reverse complement, which has the mirrored pattern.
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
    """Gapped k-mer of each window, (n, windows) int64, 0 … 4^informative − 1; −1 if an informative base is N."""
    window_count = codes.shape[1] - offsets[-1]
    kmers = np.zeros((len(codes), window_count), np.int64)
    is_valid = np.ones(kmers.shape, bool)
    for offset in offsets:
        base = codes[:, offset : offset + window_count]
        kmers = kmers * 4 + base
        is_valid &= base < 4
    return np.where(is_valid, kmers, -1)


def _fold_columns(indices: np.ndarray, columns: int, distinct: int) -> np.ndarray:
    """Indices mapped to a number of columns: unchanged where they fit, else hashed, with collisions."""
    if distinct <= columns:
        return indices
    return (indices * HASH_FACTOR & 0xFFFFFFFF) % columns
