"""Overlapping words of k bases: tokens for networks, frequencies for models of tables."""

from typing import Any

import numpy as np

from readsight.dataset.encodings import kmer_tokens
from readsight.dataset.encodings.windows import SCALED_BY, drawn, fits, named, raw, scale, scaled, told
from readsight.dataset.fold_file import Encoding, Sequence
from readsight.errors import InputError

COUNTED = 7  # longest words that stand as columns of a table: 8,192 of them, both strands together


def fit(codes: np.ndarray, sequence: Sequence, spec: dict[str, Any], seed: int, threads: int) -> Encoding:
    """The scale of the frequencies; words need not be learned. about: k, vocabulary (4^k + 1),
    dimensions (of the embedding that a network makes).

    Raises InputError where k is longer than the sequences.
    """
    k = spec["k"]
    fits(k, sequence.length)
    about = told(sequence) | {"k": k, "vocabulary": 4**k + 1, "dimensions": spec["dimensions"]}
    counted = k <= COUNTED
    return Encoding("kmer", about, scale(_frequencies(drawn(codes, SCALED_BY, seed), about)) if counted else {})


def tokens(codes: np.ndarray, encoding: Encoding) -> np.ndarray:
    """Ids (n, length − k + 1) int64 of the words of windows (n, length): 1 … 4^k in alphabetical order, 0 where there is an N."""
    return kmer_tokens.ids(codes, encoding.about["k"]).astype(np.int64)


def features(codes: np.ndarray, encoding: Encoding) -> tuple[np.ndarray, list[str]]:
    """Frequency of each word among those without N, a word and its reverse complement as one unless stranded.

    Raises InputError where k is longer than a table has columns for.
    """
    about = encoding.about
    if about["k"] > COUNTED:
        raise InputError(
            f"represent.k: {4 ** about['k']:,} words of {about['k']} bases are too many columns for models of features; "
            f"use at most {COUNTED}, or a network"
        )
    return scaled(_frequencies(codes, about), encoding.arrays), named(
        list(kmer_tokens.names(about["k"], about["stranded"])), about
    )


def _frequencies(codes: np.ndarray, about: dict[str, Any]) -> np.ndarray:
    columns = kmer_tokens.columns(about["k"], about["stranded"])
    count = int(columns.max()) + 1

    def of_window(rows: np.ndarray) -> np.ndarray:
        return frequencies(columns[kmer_tokens.ids(rows, about["k"])], count)

    # A word counts as its reverse complement does: the other strand need not be counted again.
    return raw(codes, about | {"stranded": True}, of_window)


def frequencies(places: np.ndarray, columns: int) -> np.ndarray:
    """Part of a row of places (n, m) that names each column, (n, columns) float32; −1 names none, and does not count."""
    known = places >= 0
    row = np.broadcast_to(np.arange(len(places))[:, None], places.shape)[known]
    counts = np.bincount(row * columns + places[known], minlength=len(places) * columns).reshape(len(places), columns)
    return (counts / np.maximum(known.sum(axis=1), 1)[:, None]).astype(np.float32)
