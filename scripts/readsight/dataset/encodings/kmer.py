"""Overlapping k-mers: tokens for networks, frequencies for tabular models."""

from typing import Any

import numpy as np

from readsight.dataset.encodings import kmer_tokens
from readsight.dataset.encodings.windows import (
    SCALING_ROWS,
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

LONGEST_COUNTED = 7  # longest k-mers used as table columns: 8,192 of them, both strands together


def fit(codes: np.ndarray, sequence: SequenceLayout, spec: dict[str, Any], seed: int, threads: int) -> Encoding:
    """Fit the scale of the frequencies; the k-mers need no training.

    The description has k, vocabulary (4^k + 1) and dimensions (of a network's embedding). Raises InputError if k is
    longer than the sequences.
    """
    k = spec["k"]
    check_kmer_length(k, sequence.length)
    description = describe_sequences(sequence) | {"k": k, "vocabulary": 4**k + 1, "dimensions": spec["dimensions"]}
    is_counted = k <= LONGEST_COUNTED
    return Encoding(
        "kmer", description, fit_scale(_kmer_frequencies(draw_rows(codes, SCALING_ROWS, seed), description)) if is_counted else {}
    )


def encode_tokens(codes: np.ndarray, encoding: Encoding) -> np.ndarray:
    """Ids (n, length − k + 1) int64 of the k-mers of windows (n, length): 1 … 4^k in alphabetical order, 0 with an N."""
    return kmer_tokens.encode_kmers(codes, encoding.description["k"]).astype(np.int64)


def compute_features(codes: np.ndarray, encoding: Encoding) -> tuple[np.ndarray, list[str]]:
    """Frequency of each k-mer among those without N; a k-mer and its reverse complement share a column unless stranded.

    Raises InputError if k gives too many columns.
    """
    description = encoding.description
    if description["k"] > LONGEST_COUNTED:
        raise InputError(
            f"represent.k: {4 ** description['k']:,} k-mers of {description['k']} bases are too many columns for tabular models; "
            f"use at most {LONGEST_COUNTED}, or a network"
        )
    return apply_scale(_kmer_frequencies(codes, description), encoding.arrays), name_features(
        list(kmer_tokens.column_names(description["k"], description["stranded"])), description
    )


def _kmer_frequencies(codes: np.ndarray, description: dict[str, Any]) -> np.ndarray:
    columns = kmer_tokens.kmer_columns(description["k"], description["stranded"])
    count = int(columns.max()) + 1

    def count_window(rows: np.ndarray) -> np.ndarray:
        return column_frequencies(columns[kmer_tokens.encode_kmers(rows, description["k"])], count)

    # Columns merge reverse complements, so the second strand need not be counted.
    return compute_raw(codes, description | {"stranded": True}, count_window)


def column_frequencies(column_ids: np.ndarray, column_count: int) -> np.ndarray:
    """Frequency of each column in rows of column ids (n, m), (n, column_count) float32; −1 is ignored."""
    is_known = column_ids >= 0
    row = np.broadcast_to(np.arange(len(column_ids))[:, None], column_ids.shape)[is_known]
    counts = np.bincount(row * column_count + column_ids[is_known], minlength=len(column_ids) * column_count).reshape(
        len(column_ids), column_count
    )
    return (counts / np.maximum(is_known.sum(axis=1), 1)[:, None]).astype(np.float32)
