"""Overlapping words of k bases as numbers: 0 for one that holds an N, else 1 … 4^k, in alphabetical order."""

from functools import cache

import numpy as np

LONGEST = 15  # longer words do not fit 32 bits


def ids(codes: np.ndarray, k: int) -> np.ndarray:
    """Ids (n, length − k + 1) int32 of the words of codes (n, length), 1 ≤ k ≤ 15.

    Words are joined from shorter ones of which they are made (Horner's rule by halves), so that the work grows with log k.
    """
    number, unknown = codes.astype(np.int32), codes > 3
    number[unknown] = 0
    places = codes.shape[1] - k + 1
    found, bad, done = None, None, 0
    width = 1
    while (
        True
    ):  # `number` holds words of `width` bases, a power of two; `found` those of the `done` bases that k's lower digits make
        if k & width:
            own, own_bad = number[:, done : done + places], unknown[:, done : done + places]
            found = own.copy() if found is None else (found << 2 * width) + own
            bad = own_bad.copy() if bad is None else bad | own_bad
            done += width
        if done == k:
            break
        number = (number[:, :-width] << 2 * width) + number[:, width:]
        unknown = unknown[:, :-width] | unknown[:, width:]
        width *= 2
    found += 1
    found[bad] = 0
    return found


@cache
def complements(k: int) -> np.ndarray:
    """Id of each word's reverse complement, (4^k + 1,) int32; 0 stays 0."""
    left = np.arange(4**k)
    turned = np.zeros(4**k, np.int64)
    for _ in range(k):
        turned = turned * 4 + (3 - left % 4)
        left = left // 4
    return np.concatenate([[0], turned + 1]).astype(np.int32)


@cache
def columns(k: int, stranded: bool) -> np.ndarray:
    """Column of each word, (4^k + 1,) int32, −1 for word 0: its own, or unless stranded one with its reverse complement."""
    words = np.arange(1, 4**k + 1)
    first = words if stranded else np.minimum(words, complements(k)[1:])
    return np.concatenate([[-1], np.unique(first, return_inverse=True)[1]]).astype(np.int32)


@cache
def names(k: int, stranded: bool = True) -> tuple[str, ...]:
    """The word of each column; of a word and its reverse complement the one that comes first."""
    own = columns(k, stranded)[1:]
    words = np.unique(own, return_index=True)[1]
    digits = words[:, None] // 4 ** np.arange(k - 1, -1, -1) % 4
    letters = np.frombuffer(b"ACGT", np.uint8)[digits]
    return tuple(row.tobytes().decode() for row in letters)
