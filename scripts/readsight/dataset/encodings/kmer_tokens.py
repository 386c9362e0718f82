"""Overlapping k-mers as integers: 0 with an N, else 1 … 4^k in alphabetical order."""

from functools import cache

import numpy as np

LONGEST = 15  # longer k-mers do not fit 32 bits


def encode_kmers(codes: np.ndarray, k: int) -> np.ndarray:
    """Ids (n, length − k + 1) int32 of the k-mers of codes (n, length), 1 ≤ k ≤ 15.

    k-mers are composed from shorter ones by binary decomposition of k, so the work grows with log k.
    """
    number, unknown = codes.astype(np.int32), codes > 3
    number[unknown] = 0
    positions = codes.shape[1] - k + 1
    ids, is_unknown, done = None, None, 0
    width = 1
    # `number` has k-mers of `width` bases, a power of two; `ids` has those of `done` bases, the binary digits of k so far
    while True:
        if k & width:
            chunk, chunk_unknown = number[:, done : done + positions], unknown[:, done : done + positions]
            ids = chunk.copy() if ids is None else (ids << 2 * width) + chunk
            is_unknown = chunk_unknown.copy() if is_unknown is None else is_unknown | chunk_unknown
            done += width
        if done == k:
            break
        number = (number[:, :-width] << 2 * width) + number[:, width:]
        unknown = unknown[:, :-width] | unknown[:, width:]
        width *= 2
    ids += 1
    ids[is_unknown] = 0
    return ids


@cache
def reverse_complement_ids(k: int) -> np.ndarray:
    """Id of each k-mer's reverse complement, (4^k + 1,) int32; 0 stays 0."""
    remaining = np.arange(4**k)
    complements = np.zeros(4**k, np.int64)
    for _ in range(k):
        complements = complements * 4 + (3 - remaining % 4)
        remaining = remaining // 4
    return np.concatenate([[0], complements + 1]).astype(np.int32)


@cache
def kmer_columns(k: int, stranded: bool) -> np.ndarray:
    """Column of each k-mer, (4^k + 1,) int32, −1 for id 0; shared with the reverse complement unless stranded."""
    ids = np.arange(1, 4**k + 1)
    representatives = ids if stranded else np.minimum(ids, reverse_complement_ids(k)[1:])
    return np.concatenate([[-1], np.unique(representatives, return_inverse=True)[1]]).astype(np.int32)


@cache
def column_names(k: int, stranded: bool = True) -> tuple[str, ...]:
    """The k-mer of each column; of a k-mer and its reverse complement the alphabetically first."""
    columns = kmer_columns(k, stranded)[1:]
    first_ids = np.unique(columns, return_index=True)[1]
    digits = first_ids[:, None] // 4 ** np.arange(k - 1, -1, -1) % 4
    letters = np.frombuffer(b"ACGT", np.uint8)[digits]
    return tuple(row.tobytes().decode() for row in letters)
