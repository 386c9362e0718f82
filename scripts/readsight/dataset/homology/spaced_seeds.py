"""Spaced seeds: which bases of a window must match for two sequences to become candidates, and how many seeds are needed.

A spaced seed (Ma et al. 2002, PatternHunter; multiple seeds: Li et al. 2004) detects similarities with substitutions
that a contiguous k-mer of equal weight misses: at 80 % identity over 60 bases four seeds of weight 11 hit in 98 % of
the cases, an 11-mer in 69 %. All seeds are palindromic, so a position has the same k-mer on both strands.
"""

from dataclasses import dataclass
from math import ceil, log

# Patterns by weight, each from a greedy search to hit what earlier ones miss (4,000 random alignments, 80 % identity).
PATTERNS = {
    8: ("11100100100111", "110101000101011", "10010111101001", "101101101101"),
    9: ("11100100100100111", "1110000101010000111", "1101011101011", "101110010011101"),
    10: ("1110100100010010111", "111000101101000111", "110101101101011", "11110100000101111"),
    11: ("11110010101001111", "1101100011100011011", "111100010010010001111", "10101101110110101"),
    12: ("1111011001101111", "11101100001010000110111", "111011000101000110111", "111010011110010111"),
    13: ("111001010111010100111", "1111011001001101111", "1111000100101010010001111", "111001011000010000110100111"),
    14: ("11110101100110101111", "1011110010000110000100111101", "1100110100010110100010110011", "1101011001100011001101011"),
    15: (
        "11101010001100100110001010111",
        "111101101010101101111",
        "11010011100100100100111001011",
        "111101100000111000001101111",
    ),
    16: ("111110100110011001011111", "1110011010110000110101100111", "11111001010001010001010011111", "110111001011110100111011"),
}
SHARED_KMERS = 16  # shared k-mers expected in the weakest similarity to detect
SPAN_FRACTION = 2 / 3  # fraction of the required overlap that a seed may span
CANDIDATES_PER_POSITION = 2  # chance candidates per position and seed; fewer need longer seeds, which miss more


@dataclass(frozen=True)
class SeedPlan:
    """patterns: seeds, as text of 1 (must match) and 0. thin: one of so many k-mers is used."""

    patterns: tuple[str, ...]
    thin: int

    @property
    def weight(self) -> int:
        return self.patterns[0].count("1")


def plan_seeds(count: int, length: int, identity: float, coverage: float) -> SeedPlan:
    """Seeds for `count` sequences of `length` bases: long enough to limit chance candidates, as many as sensitivity needs.

    Long sequences share more k-mers than needed, and are searched with fewer seeds and a fraction of their k-mers.
    """
    overlap = ceil(coverage * length)
    ideal_weight = ceil(log(max(2.0, count * length / CANDIDATES_PER_POSITION), 4))
    weight = min(max(ideal_weight, min(PATTERNS)), max(PATTERNS))
    longest = max(1, int(SPAN_FRACTION * overlap))
    weights = [w for w in PATTERNS if w <= weight and max(map(len, PATTERNS[w])) <= longest]
    if not weights:
        return SeedPlan(("1" * min(ideal_weight, longest, max(PATTERNS)),), 1)
    patterns = PATTERNS[max(weights)]
    shared = (overlap - len(patterns[0]) + 1) * identity ** max(weights)
    used = min(len(patterns), max(1, ceil(SHARED_KMERS / shared)))
    return SeedPlan(patterns[:used], max(1, int(shared * used / (2 * SHARED_KMERS))))
