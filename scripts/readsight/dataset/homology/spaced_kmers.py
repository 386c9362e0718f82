"""k-mers of sequences under a spaced seed, equal on both strands, with the bases that follow them."""

from collections.abc import Iterator

import numpy as np

from readsight.genome.codes import reverse_complement

WINDOW = 32  # bases in a 64-bit number
CELLS = 1 << 21  # positions processed at once
TANDEM = 6  # a k-mer repeated within so many bases is part of a tandem repeat; the first and last are kept
MIXER = np.uint64(0x9E3779B97F4A7C15)  # odd, golden ratio: multiplicative hashing (Knuth)


def iterate_blocks(count: int, length: int) -> Iterator[slice]:
    """Rows in blocks of about CELLS positions."""
    size = max(1, CELLS // max(1, length))
    for start in range(0, count, size):
        yield slice(start, min(count, start + size))


def pack_windows(codes: np.ndarray) -> np.ndarray:
    """The WINDOW bases from each position on, two bits per base, first base highest; N and bases after the end are A.

    codes: (n, length). Returns (n, length) uint64.
    """
    packed = np.where(codes > 3, 0, codes).astype(np.uint64)
    size = 1
    while size < WINDOW:
        following = np.zeros_like(packed)
        following[:, : max(0, packed.shape[1] - size)] = packed[:, size:]
        packed = (packed << np.uint64(2 * size)) | following
        size *= 2
    return packed


def seed_keys(windows: np.ndarray, pattern: str) -> np.ndarray:
    """Seed bases of windows in the highest bits, followed by as many bases after the seed as fit."""
    weight, position = pattern.count("1"), 0
    kmer = np.zeros_like(windows)
    while position < len(pattern):
        if pattern[position] == "0":
            position += 1
            continue
        run = len(pattern[position:]) - len(pattern[position:].lstrip("1"))
        kmer = (kmer << np.uint64(2 * run)) | ((windows << np.uint64(2 * position)) >> np.uint64(64 - 2 * run))
        position += run
    following = (windows << np.uint64(2 * len(pattern))) >> np.uint64(2 * weight)
    return (kmer << np.uint64(64 - 2 * weight)) | following


def list_kmers(
    codes: np.ndarray, pattern: str, thin: int = 1, part: int = 0, part_count: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Keys of the positions of sequences, and the positions.

    codes: (n, length), length at least that of the seed. The key of a position is that of the strand with the lower k-mer.
    Excluded: k-mers with N, k-mers inside a tandem repeat (its ends stay), and all but one of `thin` k-mers; k-mers are
    distributed over `part_count` partitions, of which `part` is returned. Returns (m,) uint64 keys and (m,) int64:
    (row × length + position) × 2 + 1 if the reverse strand was read.
    """
    count, length = codes.shape
    kept_keys, kept_positions = [], []
    for rows in iterate_blocks(count, length):
        key, is_reverse, is_kept = _block_keys(np.asarray(codes[rows]), pattern)
        kmer = key >> np.uint64(64 - 2 * pattern.count("1"))
        is_kept &= ~_is_within_repeat(kmer)
        if thin * part_count > 1:
            mixed = (kmer * MIXER) >> np.uint64(32)
            is_kept &= (mixed % np.uint64(thin) == 0) & ((mixed // np.uint64(thin)) % np.uint64(part_count) == part)
        row, position = np.nonzero(is_kept)
        kept_keys.append(key[row, position])
        kept_positions.append(((row + rows.start) * length + position) * 2 + is_reverse[row, position])
    return np.concatenate(kept_keys), np.concatenate(kept_positions)


def _is_within_repeat(kmers: np.ndarray) -> np.ndarray:
    """Whether the same k-mer (n, positions) occurs shortly before and shortly after each position.

    Both ends of a repeat stay: sequences read from opposite strands align the first k-mer of one to the last of the second.
    """
    before, after = np.zeros(kmers.shape, bool), np.zeros(kmers.shape, bool)
    for step in range(1, min(TANDEM, kmers.shape[1] - 1) + 1):
        recurs = kmers[:, step:] == kmers[:, :-step]
        before[:, step:] |= recurs
        after[:, :-step] |= recurs
    return before & after


def _block_keys(codes: np.ndarray, pattern: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Keys, whether the reverse strand was read, and whether the k-mer has no N; each (n, length − span + 1)."""
    span = len(pattern)
    last = codes.shape[1] - span + 1
    forward = seed_keys(pack_windows(codes), pattern)[:, :last]
    backward = seed_keys(pack_windows(reverse_complement(codes)), pattern)[:, :last][:, ::-1]
    shift = np.uint64(64 - 2 * pattern.count("1"))
    is_reverse = (backward >> shift) < (forward >> shift)
    unknown = np.zeros((len(codes), codes.shape[1] + 1), np.int32)
    np.cumsum(codes > 3, axis=1, out=unknown[:, 1:])
    return np.where(is_reverse, backward, forward), is_reverse, unknown[:, span:] == unknown[:, :last]
