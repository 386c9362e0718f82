"""Alignment with small gaps, in a band about a hit: many pairs at once, a base of the first sequence at a time."""

import numpy as np

from readsight.dataset.homology.candidates import Hits
from readsight.dataset.homology.similarity import Measure, opposite

BAND = 8  # bases that the two sequences may be shifted against each other, either way


def gapped(codes: np.ndarray, hits: Hits, lengths: np.ndarray, measure: Measure) -> np.ndarray:
    """Whether each hit is a likeness when up to BAND bases are inserted or lost. Returns (m,) bool.

    A gap's bases count as differing. Each change of the shift costs, besides, the bits of the choice where and how far.
    """
    shifts = [opposite(codes, hits, shift) for shift in range(-BAND, BAND + 1)]
    equal = np.stack([inside & (own == other) & (own < 4) for own, other, inside in shifts], 2)
    inside = np.stack([inside for _, _, inside in shifts], 2)
    agreeing, within, passed, changes = _path(equal, inside, measure.identity)
    least = measure.least(np.minimum(lengths[hits.one], lengths[hits.other]))
    dearer = measure.significant + changes * np.log2(2 * BAND * codes.shape[1])
    found = np.zeros(len(hits), bool)
    for price in np.unique(dearer):
        rows = np.flatnonzero(dearer == price)
        strict = Measure(measure.identity, measure.coverage, measure.agree, measure.differ, float(price))
        found[rows] = strict(agreeing[rows], within[rows], least[rows], passed[rows])
    return found


def _path(equal: np.ndarray, inside: np.ndarray, identity: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The best alignment through a band, free at both ends.

    equal, inside: (m, length, shifts). Returns, of each base of the first sequence, whether it agrees, whether it
    stands opposite to one of the other sequence or in a gap within it, and how many of that one's are passed over
    behind it, each (m, length); and how often the shift changes (m,).
    """
    count, length, shifts = equal.shape
    steps = identity * np.arange(shifts)
    score = np.zeros((count, shifts))
    came, left = np.empty((length, count, shifts), np.int8), np.empty((length, count, shifts), bool)
    for x in range(length):
        value = np.where(inside[:, x], equal[:, x] - identity, 0.0)
        straight = score + value
        lost = np.full_like(score, -np.inf)  # a base of the first that has none opposite: the shift falls by one
        lost[:, :-1] = score[:, 1:] - identity
        left[x] = lost > straight
        reached = np.maximum(straight, lost) + steps
        best = np.maximum.accumulate(reached, axis=1)
        came[x] = np.maximum.accumulate(np.where(reached >= best, np.arange(shifts), 0), axis=1)
        score = best - steps
    return _back(equal, inside, score.argmax(axis=1), came, left)


def _back(equal, inside, at, came, left):
    """What `_path` returns, read from the end."""
    count, length, _ = equal.shape
    rows = np.arange(count)
    agreeing, within = np.zeros((count, length), bool), np.zeros((count, length), bool)
    passed, changes = np.zeros((count, length), np.int64), np.zeros(count, np.int64)
    for x in range(length - 1, -1, -1):
        entry = came[x, rows, at].astype(np.int64)
        passed[:, x] = at - entry
        gap = left[x, rows, entry]
        within[:, x] = inside[rows, x, entry]
        agreeing[:, x] = equal[rows, x, entry] & ~gap
        changes += (entry != at) | gap
        at = entry + gap
    return agreeing, within, passed, changes
