"""Candidate pairs: positions of two sequences with the same k-mer whose flanks match better than by chance."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from readsight.dataset.homology.spaced_kmers import iterate_blocks
from readsight.genome.codes import reverse_complement

MAX_NEIGHBOURS = 64  # a position is compared with so many that follow it; more common k-mers are chained
CHUNK = 1 << 20  # candidates processed at once
READ_BASES = 29  # bases in eight bytes from any position on: 32 less those before it in its byte
PADDING = 16
BY_CHANCE = 0.25


@dataclass(frozen=True)
class CandidatePairs:
    """Pairs (m,) of rows: base x of `first` is aligned to base x − offset of `second`, reverse-complemented if is_reverse.

    centre: a base of `first` in the middle of the shared k-mer.
    """

    first: np.ndarray
    second: np.ndarray
    is_reverse: np.ndarray
    offset: np.ndarray
    centre: np.ndarray

    def __len__(self) -> int:
        return len(self.first)

    def __getitem__(self, selection: np.ndarray) -> "CandidatePairs":
        return CandidatePairs(
            *(column[selection] for column in (self.first, self.second, self.is_reverse, self.offset, self.centre))
        )

    @staticmethod
    def concatenate(pieces: list["CandidatePairs"]) -> "CandidatePairs":
        columns = zip(*((p.first, p.second, p.is_reverse, p.offset, p.centre) for p in pieces), strict=True)
        return CandidatePairs(*(np.concatenate(column) for column in columns))


def find_shared(keys: np.ndarray, positions: np.ndarray, length: int, pattern: str) -> Iterator[CandidatePairs]:
    """Pairs of all positions with the same k-mer: neighbours in sorted order first, then at distance two, and so on.

    Positions are sorted by the bases after the k-mer too, so the most similar occurrences of a common k-mer are adjacent.
    """
    order = np.argsort(keys, kind="stable")
    kmers, positions = keys[order] >> np.uint64(64 - 2 * pattern.count("1")), positions[order]
    active = np.arange(len(kmers))
    for distance in range(1, MAX_NEIGHBOURS + 1):
        active = active[active + distance < len(kmers)]
        active = active[kmers[active] == kmers[active + distance]]
        if not len(active):
            return
        for start in range(0, len(active), CHUNK):
            rows = active[start : start + CHUNK]
            yield locate_pairs(positions[rows], positions[rows + distance], length, len(pattern))


def locate_pairs(left: np.ndarray, right: np.ndarray, length: int, span: int) -> CandidatePairs:
    """Pairs from the positions that `list_kmers` returns."""
    first, first_position = np.divmod(left >> 1, length)
    second, second_position = np.divmod(right >> 1, length)
    is_reverse = ((left ^ right) & 1).astype(bool)
    second_position = np.where(is_reverse, length - span - second_position, second_position)
    return CandidatePairs(first, second, is_reverse, first_position - second_position, first_position + span // 2)


class PackedSequences:
    """Sequences at two bits per base, both strands, for comparing many bases at once. N is stored as A."""

    def __init__(self, codes: np.ndarray):
        self.length = codes.shape[1]
        self.strands = [_pack_strand(codes, is_reverse) for is_reverse in (False, True)]

    def _read_bases(self, is_reverse: bool, positions: np.ndarray) -> np.ndarray:
        """READ_BASES bases from the given positions (rows concatenated), first base in the lowest bits."""
        packed = self.strands[is_reverse]
        eight_bytes = np.ndarray((len(packed) - 8,), "<u8", packed, 0, (1,))
        positions = positions + 4 * PADDING
        return eight_bytes[positions >> 2] >> ((positions & 3) * 2).astype(np.uint64)

    def is_promising(self, hits: CandidatePairs, identity: float, weight: int) -> np.ndarray:
        """Whether the flanks of each pair, up to READ_BASES bases per side, match as well as in similar sequences.

        The threshold lies midway between chance and the required identity. The shared k-mer itself is not counted.
        """
        partner = hits.centre - hits.offset
        bases_before = np.minimum(np.minimum(hits.centre, partner), READ_BASES)
        bases_after = np.minimum(self.length - np.maximum(hits.centre, partner), READ_BASES)
        matches = np.zeros(len(hits), np.int64)
        for is_reverse in (False, True):
            rows = np.flatnonzero(hits.is_reverse == is_reverse)
            left, right = hits.first[rows] * self.length + hits.centre[rows], hits.second[rows] * self.length + partner[rows]
            for start, first, last in ((-READ_BASES, READ_BASES - bases_before[rows], READ_BASES), (0, 0, bases_after[rows])):
                differing = self._read_bases(False, left + start) ^ self._read_bases(is_reverse, right + start)
                matches[rows] += (last - first) - _count_differences(differing, first, last)
        compared = bases_before + bases_after
        return matches - weight >= (identity + BY_CHANCE) / 2 * (compared - weight)


def _pack_strand(codes: np.ndarray, is_reverse: bool) -> np.ndarray:
    """Bytes of four bases, the first in the lowest bits, with padding at both ends."""
    count, length = codes.shape
    unpacked = np.zeros(8 * PADDING + -(-count * length // 4) * 4, np.uint8)
    flat = unpacked[4 * PADDING :]
    for rows in iterate_blocks(count, length):
        chunk = np.asarray(codes[rows])
        chunk = reverse_complement(chunk) if is_reverse else chunk
        flat[rows.start * length : rows.stop * length] = np.where(chunk > 3, 0, chunk).reshape(-1)
    groups = unpacked.reshape(-1, 4)
    return groups[:, 0] | groups[:, 1] << 2 | groups[:, 2] << 4 | groups[:, 3] << 6


def _count_differences(bits: np.ndarray, first: np.ndarray | int, last: np.ndarray | int) -> np.ndarray:
    """Number of differing bases in first … last; bits: exclusive or of two reads."""
    low_bits = np.uint64(0x5555555555555555)
    bits = (bits | bits >> np.uint64(1)) & low_bits
    unit = np.uint64(1)
    mask = (unit << np.asarray(2 * last, np.uint64)) - (unit << np.asarray(2 * first, np.uint64))
    bits = bits & mask
    # Population count in pairs of bits, fours, bytes; the product sums the bytes in the highest one.
    bits = (bits & np.uint64(0x3333333333333333)) + ((bits >> np.uint64(2)) & np.uint64(0x3333333333333333))
    bits = (bits + (bits >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return ((bits * np.uint64(0x0101010101010101)) >> np.uint64(56)).astype(np.int64)
