"""K-mer counts of sequences as sparse matrices: the input of the k-mer models."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from readsight.dataset.encodings import kmer_tokens
from readsight.dataset.fold_file import Fold

ROWS = 4096  # sequences counted at once
MAX_VALUES = 60_000_000  # maximum values of a sparse matrix: 0.5 GB


def describe_fold(fold: Fold) -> dict[str, Any]:
    """Outcome and sequence layout, as recorded by every k-mer model."""
    sequence = fold.sequence
    return {
        "kind": fold.outcome.kind,
        "outputs": fold.outcome.output_count,
        "length": sequence.length,
        "pair": sequence.pair,
        "stranded": sequence.stranded,
    }


def count_columns(lengths: list[int], stranded: bool) -> int:
    """Number of columns of the counts of k-mers of the given lengths."""
    return sum(int(kmer_tokens.kmer_columns(k, stranded).max()) + 1 for k in lengths)


def max_values_per_sequence(lengths: list[int], description: dict[str, Any]) -> int:
    """Maximum number of non-zero values of a sequence."""
    count = sum(min(description["length"], count_columns([k], description["stranded"])) for k in lengths)
    return count * (2 if description["pair"] else 1)


def sample_examples(fold: Fold, max_examples: int, seed: int) -> Fold:
    """The fold, reduced to a random sample if it has more than `max_examples` examples."""
    if len(fold) <= max_examples:
        return fold
    rows = np.sort(np.random.default_rng(seed).choice(len(fold), max_examples, replace=False))
    arrays = {name: getattr(fold, name)[rows] for name in ("values", "labels", "weights", "names", "groups")}
    return replace(fold, **arrays)


def iter_chunks(codes: np.ndarray) -> Iterator[np.ndarray]:
    """Codes in chunks of rows; at least one chunk, which may be empty."""
    for i in range(0, max(len(codes), 1), ROWS):
        yield np.asarray(codes[i : i + ROWS])


def compute_rates(codes: np.ndarray, description: dict[str, Any], lengths: list[int]) -> Any:
    """CSR matrix (n, columns) float32: for each length, the fraction of each k-mer among the k-mers of a sequence without N.

    description: as from `describe_fold`. For pairs (n, 2 × columns): the reference window, and the change to the alternative.
    """
    from scipy.sparse import hstack, vstack

    blocks = []
    for rows in iter_chunks(codes):
        windows = [
            _compute_window_rates(window, lengths, description["stranded"])
            for window in (np.split(rows, 2, axis=1) if description["pair"] else [rows])
        ]
        if description["pair"]:
            change = windows[1] - windows[0]
            change.eliminate_zeros()
            windows = [windows[0], change]
        blocks.append(hstack(windows, format="csr") if description["pair"] else windows[0])
    return vstack(blocks, format="csr")


def _compute_window_rates(codes: np.ndarray, lengths: list[int], stranded: bool) -> Any:
    columns, starts = [], [0]
    for k in lengths:
        indices = kmer_tokens.kmer_columns(k, stranded)[kmer_tokens.encode_kmers(codes, k)]
        columns.append(np.where(indices < 0, -1, indices + starts[-1]))
        starts.append(starts[-1] + count_columns([k], stranded))
    matrix = count_columns_per_row(np.hstack(columns), starts[-1])
    totals = np.stack([(indices >= 0).sum(axis=1) for indices in columns], axis=1)  # of each sequence and length
    row = np.repeat(np.arange(len(codes)), np.diff(matrix.indptr))
    matrix.data /= totals[row, np.searchsorted(starts, matrix.indices, side="right") - 1]
    return matrix


def count_columns_per_row(indices: np.ndarray, columns: int) -> Any:
    """CSR matrix (n, columns) float32 with the counts of column indices in each row of (n, m); −1 is ignored."""
    from scipy.sparse import csr_matrix

    ordered = np.sort(indices.astype(np.int32, copy=False), axis=1)
    is_first = np.ones(ordered.shape, bool)
    is_first[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    first = np.flatnonzero(is_first)
    column = ordered.ravel()[first]
    count = np.diff(np.append(first, ordered.size)).astype(np.float32)
    is_valid = column >= 0
    row_ends = np.cumsum((is_first & (ordered >= 0)).sum(axis=1))
    return csr_matrix((count[is_valid], column[is_valid], np.concatenate([[0], row_ends])), shape=(len(indices), columns))
