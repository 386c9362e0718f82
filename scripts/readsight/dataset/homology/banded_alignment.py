"""Banded alignment with small gaps around a candidate: many pairs at once, one base of the first sequence at a time."""

import numpy as np

from readsight.dataset.homology.candidates import CandidatePairs
from readsight.dataset.homology.similarity import SimilarityMeasure, align_bases

BAND = 8  # largest shift between the sequences in either direction, in bases


def match_gapped(codes: np.ndarray, hits: CandidatePairs, lengths: np.ndarray, measure: SimilarityMeasure) -> np.ndarray:
    """Whether each candidate is similar if up to BAND bases are inserted or deleted. Returns (m,) bool.

    Gap bases count as mismatches. Each change of the shift also costs the bits needed to encode its position and size.
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

    equal, inside: (m, length, shifts). Returns, for each base of the first sequence, whether it matches, whether it is
    aligned to a base or a gap within the second sequence, and how many bases of the second are skipped after it, each
    (m, length); and the number of shift changes (m,).
    """
    count, length, shifts = equal.shape
    steps = identity * np.arange(shifts)
    score = np.zeros((count, shifts))
    origin, is_gap = np.empty((length, count, shifts), np.int8), np.empty((length, count, shifts), bool)
    for position in range(length):
        value = np.where(inside[:, position], equal[:, position] - identity, 0.0)
        diagonal = score + value
        gap_score = np.full_like(score, -np.inf)  # a base of the first sequence against a gap: the shift decreases by one
        gap_score[:, :-1] = score[:, 1:] - identity
        is_gap[position] = gap_score > diagonal
        reached = np.maximum(diagonal, gap_score) + steps
        best = np.maximum.accumulate(reached, axis=1)
        origin[position] = np.maximum.accumulate(np.where(reached >= best, np.arange(shifts), 0), axis=1)
        score = best - steps
    return _backtrack(equal, inside, score.argmax(axis=1), origin, is_gap)


def _backtrack(equal, inside, shift, origin, is_gap):
    """Result of `_align_band`, traced back from the end."""
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
