"""One form for each change of a genome, however a file writes it.

As the fully justified alleles of GA4GH's VRS: an insertion or deletion in a repeat is the whole stretch in which it may stand,
before and after it. The stretch is the same whichever strand is read, and swapping the alleles swaps both.
"""

from typing import NamedTuple

import numpy as np

from readsight.genome.store import Genome

N = 4
FIRST = 64  # bases looked at to each side before more are


class Change(NamedTuple):
    """start, end: the stretch of the genome, 0-based half-open. new: codes that stand there instead."""

    start: int
    end: int
    new: np.ndarray


def justified(genome: Genome, contig: str, position: int, old: np.ndarray, new: np.ndarray, most: int) -> Change | None:
    """The change that replaces `old` (codes, as the genome has them) at `position` (0-based) by `new`; None where that is none.

    most: bases that the stretch is widened by to each side, at most.
    """
    least = min(len(old), len(new))
    tail = _alike(old[::-1][:least], new[::-1][:least])
    old, new = old[: len(old) - tail], new[: len(new) - tail]
    least -= tail
    head = _alike(old[:least], new[:least])
    start, old, new = position + head, old[head:], new[head:]
    if len(old) and len(new):
        return Change(start, start + len(old), new)
    word = old if len(old) else new
    if not len(word):
        return None
    if (word == N).any():
        return Change(start, start + len(old), new)
    end = start + len(old)
    left = _repeated(genome, contig, start, word[::-1], -1, most)
    right = _repeated(genome, contig, end, word, 1, most)
    before, behind = genome.stretch(contig, start - left, start), genome.stretch(contig, end, end + right)
    return Change(start - left, end + right, np.concatenate([before, new, behind]))


def _alike(one: np.ndarray, other: np.ndarray) -> int:
    """How many bases two equally long alleles begin with in common."""
    apart = np.flatnonzero(one != other)
    return int(apart[0]) if len(apart) else len(one)


def _repeated(genome: Genome, contig: str, border: int, word: np.ndarray, way: int, most: int) -> int:
    """How many bases from a border on, to the right (way 1) or left (−1), go on repeating a word, given in that direction."""
    size, looked = genome.lengths[contig], FIRST
    while True:
        looked = min(looked, most, size - border if way > 0 else border)
        there = (
            genome.stretch(contig, border, border + looked) if way > 0 else genome.stretch(contig, border - looked, border)[::-1]
        )
        same = _alike(there, np.resize(word, looked)) if looked else 0
        if same < looked or looked in (most, size - border if way > 0 else border):
            return same
        looked *= 8
