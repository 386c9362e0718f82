"""Overlapping words of k bases: tokens for networks, frequencies for models of tables."""

from typing import Any

import numpy as np

from readsight.dataset.encodings import kmer_tokens
from readsight.dataset.encodings.windows import (
    SCALED_BY,
    apply_scale,
    check_kmer_length,
    compute_raw,
    describe_sequences,
    draw_rows,
    fit_scale,
    name_features,
)
from readsight.dataset.fold_file import Encoding, SequenceLayout
from readsight.errors import InputError

COUNTED = 7  # longest words that stand as columns of a table: 8,192 of them, both strands together


def fit(codes: np.ndarray, sequence: SequenceLayout, spec: dict[str, Any], seed: int, threads: int) -> Encoding:
    """The scale of the frequencies; words need not be learned. description: k, vocabulary (4^k + 1),
    dimensions (of the embedding that a network makes).

    Raises InputError where k is longer than the sequences.
    """
    k = spec["k"]
    check_kmer_length(k, sequence.length)
    description = describe_sequences(sequence) | {"k": k, "vocabulary": 4**k + 1, "dimensions": spec["dimensions"]}
    is_counted = k <= COUNTED
    return Encoding(
        "kmer", description, fit_scale(_kmer_frequencies(draw_rows(codes, SCALED_BY, seed), description)) if is_counted else {}
    )


def encode_tokens(codes: np.ndarray, encoding: Encoding) -> np.ndarray:
    """Ids (n, length − k + 1) int64 of the words of windows (n, length): 1 … 4^k in alphabetical order, 0 where there is an N."""
    return kmer_tokens.encode_kmers(codes, encoding.description["k"]).astype(np.int64)


def compute_features(codes: np.ndarray, encoding: Encoding) -> tuple[np.ndarray, list[str]]:
    """Frequency of each word among those without N, a word and its reverse complement as one unless stranded.

    Raises InputError where k is longer than a table has columns for.
    """
    description = encoding.description
    if description["k"] > COUNTED:
        raise InputError(
            f"represent.k: {4 ** description['k']:,} words of {description['k']} bases are too many columns for models of features; "
            f"use at most {COUNTED}, or a network"
        )
    return apply_scale(_kmer_frequencies(codes, description), encoding.arrays), name_features(
        list(kmer_tokens.column_names(description["k"], description["stranded"])), description
    )


def _kmer_frequencies(codes: np.ndarray, description: dict[str, Any]) -> np.ndarray:
    columns = kmer_tokens.kmer_columns(description["k"], description["stranded"])
    count = int(columns.max()) + 1

    def count_window(rows: np.ndarray) -> np.ndarray:
        return column_frequencies(columns[kmer_tokens.encode_kmers(rows, description["k"])], count)

    # A word counts as its reverse complement does: the other strand need not be counted again.
    return compute_raw(codes, description | {"stranded": True}, count_window)


def column_frequencies(column_ids: np.ndarray, column_count: int) -> np.ndarray:
    """Part of a row of places (n, m) that names each column, (n, columns) float32; −1 names none, and does not count."""
    is_known = column_ids >= 0
    row = np.broadcast_to(np.arange(len(column_ids))[:, None], column_ids.shape)[is_known]
    counts = np.bincount(row * column_count + column_ids[is_known], minlength=len(column_ids) * column_count).reshape(
        len(column_ids), column_count
    )
    return (counts / np.maximum(is_known.sum(axis=1), 1)[:, None]).astype(np.float32)
