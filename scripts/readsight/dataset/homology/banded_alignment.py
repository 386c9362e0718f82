"""Alignment with small gaps, in a band about a hit: many pairs at once, a base of the first sequence at a time."""

import numpy as np

from readsight.dataset.homology.candidates import CandidatePairs
from readsight.dataset.homology.similarity import SimilarityMeasure, align_bases

BAND = 8  # bases that the two sequences may be shifted against each other, either way


def match_gapped(codes: np.ndarray, hits: CandidatePairs, lengths: np.ndarray, measure: SimilarityMeasure) -> np.ndarray:
    """Whether each hit is a likeness when up to BAND bases are inserted or lost. Returns (m,) bool.

    A gap's bases count as differing. Each change of the shift costs, besides, the bits of the choice where and how far.
    """
    shifts = [align_bases(codes, hits, shift) for shift in range(-BAND, BAND + 1)]
    equal = np.stack([inside & (first == second) & (first < 4) for first, second, inside in shifts], 2)
    inside = np.stack([inside for _, _, inside in shifts], 2)
    matches, is_within, skipped, changes = _align_band(equal, inside, measure.identity)
    required = measure.minimum_columns(np.minimum(lengths[hits.first], lengths[hits.second]))
    thresholds = measure.required_bits + changes * np.log2(2 * BAND * codes.shape[1])
    is_similar = np.zeros(len(hits), bool)
    for threshold in np.unique(thresholds):
        rows = np.flatnonzero(thresholds == threshold)
        strict = SimilarityMeasure(
            measure.identity, measure.coverage, measure.match_bits, measure.mismatch_bits, float(threshold)
        )
        is_similar[rows] = strict(matches[rows], is_within[rows], required[rows], skipped[rows])
    return is_similar


def _align_band(equal: np.ndarray, inside: np.ndarray, identity: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The best alignment through a band, free at both ends.

    equal, inside: (m, length, shifts). Returns, of each base of the first sequence, whether it agrees, whether it
    stands opposite to one of the other sequence or in a gap within it, and how many of that one's are passed over
    behind it, each (m, length); and how often the shift changes (m,).
    """
    count, length, shifts = equal.shape
    steps = identity * np.arange(shifts)
    score = np.zeros((count, shifts))
    origin, is_gap = np.empty((length, count, shifts), np.int8), np.empty((length, count, shifts), bool)
    for position in range(length):
        value = np.where(inside[:, position], equal[:, position] - identity, 0.0)
        diagonal = score + value
        gap_score = np.full_like(score, -np.inf)  # a base of the first that has none opposite: the shift falls by one
        gap_score[:, :-1] = score[:, 1:] - identity
        is_gap[position] = gap_score > diagonal
        reached = np.maximum(diagonal, gap_score) + steps
        best = np.maximum.accumulate(reached, axis=1)
        origin[position] = np.maximum.accumulate(np.where(reached >= best, np.arange(shifts), 0), axis=1)
        score = best - steps
    return _backtrack(equal, inside, score.argmax(axis=1), origin, is_gap)


def _backtrack(equal, inside, shift, origin, is_gap):
    """What `_align_band` returns, read from the end."""
    count, length, _ = equal.shape
    rows = np.arange(count)
    matches, is_within = np.zeros((count, length), bool), np.zeros((count, length), bool)
    skipped, changes = np.zeros((count, length), np.int64), np.zeros(count, np.int64)
    for position in range(length - 1, -1, -1):
        entry = origin[position, rows, shift].astype(np.int64)
        skipped[:, position] = shift - entry
        gap = is_gap[position, rows, entry]
        is_within[:, position] = inside[rows, position, entry]
        matches[:, position] = equal[rows, position, entry] & ~gap
        changes += (entry != shift) | gap
        shift = entry + gap
    return matches, is_within, skipped, changes
