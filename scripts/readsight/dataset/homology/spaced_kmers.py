"""Words of sequences under a spaced seed, the same for both strands, with the bases behind them."""

from collections.abc import Iterator

import numpy as np

from readsight.genome.codes import reverse_complement

WINDOW = 32  # bases that a 64-bit number holds
CELLS = 1 << 21  # places worked on at a time
TANDEM = 6  # a word that comes again within so many bases is a tandem repeat's; its first and its last are kept
MIXER = np.uint64(0x9E3779B97F4A7C15)  # odd, of golden ratio: its products spread over all bits (Knuth)


def blocks(count: int, length: int) -> Iterator[slice]:
    """Rows in blocks of about CELLS places."""
    size = max(1, CELLS // max(1, length))
    for start in range(0, count, size):
        yield slice(start, min(count, start + size))


def windows(codes: np.ndarray) -> np.ndarray:
    """The WINDOW bases from each place on, two bits a base, the first highest; N, and what lies behind the end, as A.

    codes: (n, length). Returns (n, length) uint64.
    """
    found = np.where(codes > 3, 0, codes).astype(np.uint64)
    size = 1
    while size < WINDOW:
        following = np.zeros_like(found)
        following[:, : max(0, found.shape[1] - size)] = found[:, size:]
        found = (found << np.uint64(2 * size)) | following
        size *= 2
    return found


def keys(held: np.ndarray, pattern: str) -> np.ndarray:
    """The bases of windows that a seed looks at, highest, and below them those that follow the seed, as many as fit."""
    weight, place = pattern.count("1"), 0
    word = np.zeros_like(held)
    while place < len(pattern):
        if pattern[place] == "0":
            place += 1
            continue
        run = len(pattern[place:]) - len(pattern[place:].lstrip("1"))
        word = (word << np.uint64(2 * run)) | ((held << np.uint64(2 * place)) >> np.uint64(64 - 2 * run))
        place += run
    behind = (held << np.uint64(2 * len(pattern))) >> np.uint64(2 * weight)
    return (word << np.uint64(64 - 2 * weight)) | behind


def words(codes: np.ndarray, pattern: str, thin: int = 1, part: int = 0, parts: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Keys of the places of sequences, and the places.

    codes: (n, length), of at least the seed's length. A place's key is that of the strand whose word is the lower.
    Left out: words with N, a tandem repeat's words but the first and the last, and all but one word in `thin`; of several `parts`
    that words fall into, `part` alone is given. Returns (m,) uint64 keys and (m,) int64: (row × length + place) × 2 + 1
    where the other strand was read.
    """
    count, length = codes.shape
    found_keys, found_places = [], []
    for rows in blocks(count, length):
        key, turned, told = _of_block(np.asarray(codes[rows]), pattern)
        word = key >> np.uint64(64 - 2 * pattern.count("1"))
        told &= ~_within_repeats(word)
        if thin * parts > 1:
            mixed = (word * MIXER) >> np.uint64(32)
            told &= (mixed % np.uint64(thin) == 0) & ((mixed // np.uint64(thin)) % np.uint64(parts) == part)
        row, place = np.nonzero(told)
        found_keys.append(key[row, place])
        found_places.append(((row + rows.start) * length + place) * 2 + turned[row, place])
    return np.concatenate(found_keys), np.concatenate(found_places)


def _within_repeats(word: np.ndarray) -> np.ndarray:
    """Whether a word (n, places) stands shortly before as well as shortly behind each place.

    Either end of a repeat stays: sequences read from two strands are aligned by the first word of one, the last of the other.
    """
    before, behind = np.zeros(word.shape, bool), np.zeros(word.shape, bool)
    for step in range(1, min(TANDEM, word.shape[1] - 1) + 1):
        again = word[:, step:] == word[:, :-step]
        before[:, step:] |= again
        behind[:, :-step] |= again
    return before & behind


def _of_block(codes: np.ndarray, pattern: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Keys, whether the other strand was read, and whether the word has no N; each (n, length − span + 1)."""
    span = len(pattern)
    last = codes.shape[1] - span + 1
    own = keys(windows(codes), pattern)[:, :last]
    other = keys(windows(reverse_complement(codes)), pattern)[:, :last][:, ::-1]
    below = np.uint64(64 - 2 * pattern.count("1"))
    turned = (other >> below) < (own >> below)
    unknown = np.zeros((len(codes), codes.shape[1] + 1), np.int32)
    np.cumsum(codes > 3, axis=1, out=unknown[:, 1:])
    return np.where(turned, other, own), turned, unknown[:, span:] == unknown[:, :last]
