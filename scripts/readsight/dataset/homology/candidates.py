"""Candidate pairs: places of two sequences with the same word, and whether the bases about it agree better than by chance."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from readsight.dataset.homology.spaced_kmers import blocks
from readsight.genome.codes import reverse_complement

FURTHEST = 64  # a word's place is compared with so many that follow it; a commoner word chains its places
AT_ONCE = 1 << 20  # candidates worked on at a time
READ = 29  # bases that eight bytes hold from any place on: 32, less what lies before it in its byte
PADDING = 16
BY_CHANCE = 0.25


@dataclass(frozen=True)
class Hits:
    """Pairs (m,) of rows: base x of `one` stands opposite base x − offset of `other`, read from the other strand if turned.

    centre: a base of `one` in the middle of the word that they share.
    """

    one: np.ndarray
    other: np.ndarray
    turned: np.ndarray
    offset: np.ndarray
    centre: np.ndarray

    def __len__(self) -> int:
        return len(self.one)

    def __getitem__(self, which: np.ndarray) -> "Hits":
        return Hits(*(own[which] for own in (self.one, self.other, self.turned, self.offset, self.centre)))

    @staticmethod
    def joined(parts: list["Hits"]) -> "Hits":
        columns = zip(*((p.one, p.other, p.turned, p.offset, p.centre) for p in parts), strict=True)
        return Hits(*(np.concatenate(column) for column in columns))


def shared(keys: np.ndarray, places: np.ndarray, length: int, pattern: str) -> Iterator[Hits]:
    """Hits of all pairs of places with the same word: of those that stand one apart when sorted, then two, and so on.

    Places are sorted by the bases behind the word too, so that of a common word the likest stand side by side.
    """
    order = np.argsort(keys, kind="stable")
    words, places = keys[order] >> np.uint64(64 - 2 * pattern.count("1")), places[order]
    active = np.arange(len(words))
    for apart in range(1, FURTHEST + 1):
        active = active[active + apart < len(words)]
        active = active[words[active] == words[active + apart]]
        if not len(active):
            return
        for at in range(0, len(active), AT_ONCE):
            own = active[at : at + AT_ONCE]
            yield placed(places[own], places[own + apart], length, len(pattern))


def placed(left: np.ndarray, right: np.ndarray, length: int, span: int) -> Hits:
    """Hits of places as `words` gives them."""
    one, at = np.divmod(left >> 1, length)
    other, of_other = np.divmod(right >> 1, length)
    turned = ((left ^ right) & 1).astype(bool)
    of_other = np.where(turned, length - span - of_other, of_other)
    return Hits(one, other, turned, at - of_other, at + span // 2)


class Packed:
    """Sequences at two bits a base, both strands, to be compared many bases at a time. N is taken for A."""

    def __init__(self, codes: np.ndarray):
        self.length = codes.shape[1]
        self.strands = [_packed(codes, turned) for turned in (False, True)]

    def _read(self, turned: bool, at: np.ndarray) -> np.ndarray:
        """READ bases from places (of all rows end to end) on, the first lowest."""
        held = self.strands[turned]
        eight = np.ndarray((len(held) - 8,), "<u8", held, 0, (1,))
        at = at + 4 * PADDING
        return eight[at >> 2] >> ((at & 3) * 2).astype(np.uint64)

    def promising(self, hits: Hits, identity: float, weight: int) -> np.ndarray:
        """Whether the bases about each hit, READ on either side as far as both sequences reach, agree as alike ones would.

        The bound lies midway between chance and what is sought; the word itself agrees by choice, and is not counted.
        """
        opposite = hits.centre - hits.offset
        before = np.minimum(np.minimum(hits.centre, opposite), READ)
        behind = np.minimum(self.length - np.maximum(hits.centre, opposite), READ)
        agreeing = np.zeros(len(hits), np.int64)
        for turned in (False, True):
            own = np.flatnonzero(hits.turned == turned)
            left, right = hits.one[own] * self.length + hits.centre[own], hits.other[own] * self.length + opposite[own]
            for start, first, last in ((-READ, READ - before[own], READ), (0, 0, behind[own])):
                differing = self._read(False, left + start) ^ self._read(turned, right + start)
                agreeing[own] += (last - first) - _differing(differing, first, last)
        compared = before + behind
        return agreeing - weight >= (identity + BY_CHANCE) / 2 * (compared - weight)


def _packed(codes: np.ndarray, turned: bool) -> np.ndarray:
    """Bytes of four bases, the first lowest, with room on either side."""
    count, length = codes.shape
    held = np.zeros(8 * PADDING + -(-count * length // 4) * 4, np.uint8)
    flat = held[4 * PADDING :]
    for rows in blocks(count, length):
        own = np.asarray(codes[rows])
        own = reverse_complement(own) if turned else own
        flat[rows.start * length : rows.stop * length] = np.where(own > 3, 0, own).reshape(-1)
    four = held.reshape(-1, 4)
    return four[:, 0] | four[:, 1] << 2 | four[:, 2] << 4 | four[:, 3] << 6


def _differing(bits: np.ndarray, first: np.ndarray | int, last: np.ndarray | int) -> np.ndarray:
    """Bases in first … last that differ; bits: exclusive or of two reads."""
    each = np.uint64(0x5555555555555555)
    bits = (bits | bits >> np.uint64(1)) & each
    one = np.uint64(1)
    mask = (one << np.asarray(2 * last, np.uint64)) - (one << np.asarray(2 * first, np.uint64))
    bits = bits & mask
    # Ones are counted in pairs of bits, fours, bytes; the product sums the bytes in the highest one.
    bits = (bits & np.uint64(0x3333333333333333)) + ((bits >> np.uint64(2)) & np.uint64(0x3333333333333333))
    bits = (bits + (bits >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return ((bits * np.uint64(0x0101010101010101)) >> np.uint64(56)).astype(np.int64)
