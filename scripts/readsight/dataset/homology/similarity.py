"""Similarity criterion of an alignment: long enough, similar enough, and not expected by chance."""

from dataclasses import dataclass
from math import log2

import numpy as np

from readsight.dataset.homology.candidates import CandidatePairs
from readsight.genome.codes import reverse_complement

SCALE = 1000  # integer scores, so that 80 of 100 is exactly 80 %
EXPECTED_CHANCE_PAIRS = 0.01  # expected number of chance pairs over all comparisons
HIGHEST_IDENTITY = 0.97  # identity of the alternative model; at 1 no mismatch would be possible


@dataclass(frozen=True)
class SimilarityMeasure:
    """Criterion of similarity of two sequences.

    identity: fraction of equal bases required over `coverage` of the shorter sequence. match_bits, mismatch_bits: log
    likelihood ratio of similarity against chance of a base. required_bits: threshold that keeps the expected number of chance
    pairs among all comparisons below EXPECTED_CHANCE_PAIRS (as the scores of Altschul & Gish 1996).
    """

    identity: float
    coverage: float
    match_bits: float
    mismatch_bits: float
    required_bits: float

    @classmethod
    def from_sequences(cls, codes: np.ndarray, identity: float, coverage: float) -> "SimilarityMeasure":
        """Criterion for sequences (n, length); the chance of equal bases follows from their base composition."""
        lengths = np.count_nonzero(codes < 4, axis=1)
        bases = np.stack([np.count_nonzero(codes == base, axis=1) for base in range(4)], 1) / np.maximum(lengths, 1)[:, None]
        chance = float(np.clip((bases**2).sum(axis=1).mean(), 0.25, 0.45)) if len(codes) else 0.25
        model = min(identity, HIGHEST_IDENTITY)
        count, length = codes.shape
        comparisons = max(1.0, count * (count - 1) / 2) * 4 * length  # two strands, 2 × length offsets
        bits = log2(model / chance), log2((1 - model) / (1 - chance))
        return cls(identity, coverage, *bits, log2(comparisons / EXPECTED_CHANCE_PAIRS))

    def minimum_columns(self, lengths: np.ndarray) -> np.ndarray:
        """Minimum aligned bases (m,) of pairs whose shorter sequence has `lengths` (m,)."""
        return np.maximum(1, np.ceil(self.coverage * lengths - 1e-9)).astype(int)

    def __call__(self, equal: np.ndarray, inside: np.ndarray, required: np.ndarray, gaps: np.ndarray | None = None) -> np.ndarray:
        """Whether each alignment has a stretch of `required` columns that is similar enough and significant.

        equal: (m, columns) bool. inside: (m, columns) bool, columns with both sequences; a stretch has no column outside.
        gaps: (m, columns) bases of the second sequence that are skipped after a column.
        """
        skipped = np.zeros_like(equal, np.int64) if gaps is None else gaps.astype(np.int64)
        score = SCALE * equal.astype(np.int64) - round(SCALE * self.identity) * (1 + skipped)
        score[~inside] = -SCALE * 4 * equal.shape[1]
        total = _prefix_sums(score)
        lowest = np.minimum.accumulate(total, axis=1)
        before = np.arange(equal.shape[1] + 1) - required[:, None]
        excess = np.where(before < 0, -1, total - np.take_along_axis(lowest, np.maximum(before, 0), 1))
        last = excess.argmax(axis=1)
        is_similar = excess[np.arange(len(equal)), last] >= 0
        rows = np.flatnonzero(is_similar)
        start = (total[rows] == lowest[rows, before[rows, last[rows]]][:, None]).argmax(axis=1)
        matches, mismatches = _prefix_sums(equal[rows]), _prefix_sums(~equal[rows] + skipped[rows])
        index, ends = np.arange(len(rows)), (last[rows], start)
        bits = self.match_bits * (matches[index, ends[0]] - matches[index, ends[1]]) + self.mismatch_bits * (
            mismatches[index, ends[0]] - mismatches[index, ends[1]]
        )
        is_similar[rows] = bits >= self.required_bits
        return is_similar

    def strongest_bits(self, equal: np.ndarray) -> np.ndarray:
        """Bits (m,) of the highest-scoring stretch of each alignment, of any length."""
        total = _prefix_sums(np.where(equal, self.match_bits, self.mismatch_bits))
        return (total - np.minimum.accumulate(total, axis=1)).max(axis=1)


def _prefix_sums(columns: np.ndarray) -> np.ndarray:
    """Sums (m, columns + 1) of the values before each column."""
    sums = np.zeros((len(columns), columns.shape[1] + 1), float if columns.dtype.kind == "f" else np.int64)
    np.cumsum(columns, axis=1, out=sums[:, 1:])
    return sums


def align_bases(codes: np.ndarray, hits: CandidatePairs, shift: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Bases of each pair's first sequence, the aligned bases of the second, and whether they exist; each (m, length).

    shift: additional offset into the second sequence.
    """
    first, second = np.asarray(codes[hits.first]), np.asarray(codes[hits.second])
    second[hits.is_reverse] = reverse_complement(second[hits.is_reverse])
    position = np.arange(codes.shape[1]) - hits.offset[:, None] + shift
    inside = (position >= 0) & (position < codes.shape[1])
    return first, np.take_along_axis(second, np.clip(position, 0, codes.shape[1] - 1), 1), inside


def match_ungapped(
    codes: np.ndarray, hits: CandidatePairs, lengths: np.ndarray, measure: SimilarityMeasure
) -> tuple[np.ndarray, np.ndarray]:
    """Whether each candidate is similar without gaps (m,), and the bits of its best stretch (m,)."""
    first, second, inside = align_bases(codes, hits)
    equal = inside & (first == second) & (first < 4)
    required = measure.minimum_columns(np.minimum(lengths[hits.first], lengths[hits.second]))
    return measure(equal, inside, required), measure.strongest_bits(equal)
