"""Normal form of alleles, independent of how a file writes them.

As in the fully justified alleles of GA4GH's VRS, an insertion or deletion in a repeat covers all its possible positions. The
interval is the same on both strands, and swapping the alleles swaps both sequences.
"""

from typing import NamedTuple

import numpy as np

from readsight.genome.store import Genome

N = 4
INITIAL_BASES = 64  # bases that are compared first


class NormalisedAllele(NamedTuple):
    """Replacement of the genome's [start, end), 0-based half-open, by `new` (codes)."""

    start: int
    end: int
    new: np.ndarray


def justify_allele(
    genome: Genome, contig: str, position: int, old: np.ndarray, new: np.ndarray, max_extension: int
) -> NormalisedAllele | None:
    """Normal form of replacing `old` (codes, as in the genome) at `position` (0-based) by `new`; None if nothing changes.

    max_extension: largest extension of the interval on each side, bases.
    """
    shorter = min(len(old), len(new))
    tail = _count_shared(old[::-1][:shorter], new[::-1][:shorter])
    old, new = old[: len(old) - tail], new[: len(new) - tail]
    shorter -= tail
    head = _count_shared(old[:shorter], new[:shorter])
    start, old, new = position + head, old[head:], new[head:]
    if len(old) and len(new):
        return NormalisedAllele(start, start + len(old), new)
    unit = old if len(old) else new
    if not len(unit):
        return None
    if (unit == N).any():
        return NormalisedAllele(start, start + len(old), new)
    end = start + len(old)
    left = _count_repeated(genome, contig, start, unit[::-1], -1, max_extension)
    right = _count_repeated(genome, contig, end, unit, 1, max_extension)
    before, behind = genome.get_codes(contig, start - left, start), genome.get_codes(contig, end, end + right)
    return NormalisedAllele(start - left, end + right, np.concatenate([before, new, behind]))


def _count_shared(first: np.ndarray, second: np.ndarray) -> int:
    """Length of the common prefix of two equally long alleles."""
    differences = np.flatnonzero(first != second)
    return int(differences[0]) if len(differences) else len(first)


def _count_repeated(genome: Genome, contig: str, border: int, unit: np.ndarray, direction: int, max_extension: int) -> int:
    """Bases from a border on, to the right (direction 1) or left (−1), that continue to repeat a unit given in that direction."""
    size, window_size = genome.lengths[contig], INITIAL_BASES
    while True:
        window_size = min(window_size, max_extension, size - border if direction > 0 else border)
        bases = (
            genome.get_codes(contig, border, border + window_size)
            if direction > 0
            else genome.get_codes(contig, border - window_size, border)[::-1]
        )
        same = _count_shared(bases, np.resize(unit, window_size)) if window_size else 0
        if same < window_size or window_size in (max_extension, size - border if direction > 0 else border):
            return same
        window_size *= 8
