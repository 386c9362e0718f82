"""Where along sequences a motif stands: words whose log-odds against the background are as high as chance seldom makes them."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from readsight.interpret.motifs.pwm import Background, log_odds

STEP = 100  # scores are whole hundredths of a bit: p-values are exact for them
NEVER = -(1 << 24)  # score of N
PLACES = 1 << 22  # scanned at once


@dataclass(frozen=True)
class Hits:
    """Words of a motif: row, start (0-based), strand (+1, −1), score (bits), p: (n,) each, by row and start."""

    row: np.ndarray
    start: np.ndarray
    strand: np.ndarray
    score: np.ndarray
    p: np.ndarray

    def __len__(self) -> int:
        return len(self.row)


def scan(codes: np.ndarray, matrix: np.ndarray, limit: float, background: Background, sites: int = 100) -> Hits:
    """Words with p ≤ limit on both strands; of a word that is one on both the better strand, + of equal ones.

    codes: (n, places) uint8; no word holds an N. p: that a word of the background scores as high, at one place of one strand
    (Staden 1989).
    """
    scores = np.rint(log_odds(matrix, background, sites) * STEP).astype(np.int64)
    lowest, tail = tails(scores, background)
    good = np.flatnonzero(tail <= limit)
    width, parts = len(scores), []
    if len(good) and codes.shape[1] >= width:
        least, rows = lowest + int(good[0]), max(1, PLACES // codes.shape[1])
        for first in range(0, len(codes), rows):
            part = np.asarray(codes[first : first + rows])
            ahead, back = along(part, scores), along(part, scores[::-1, ::-1])
            best = np.maximum(ahead, back)
            row, start = np.nonzero(best >= least)
            strand = np.where(ahead[row, start] >= back[row, start], 1, -1)
            parts.append((row + first, start, strand, best[row, start]))
    if not parts:
        none = np.zeros(0, np.int64)
        return Hits(none, none, none, np.zeros(0), np.zeros(0))
    row, start, strand, best = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Hits(row, start, strand, best / STEP, tail[best - lowest])


def along(codes: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Score of the word that begins at each place, (n, places − width + 1). scores: (width, 4), whole numbers."""
    table = np.concatenate([scores, np.full((len(scores), 1), NEVER)], axis=1).astype(np.int32)
    starts = codes.shape[1] - len(scores) + 1
    found = np.zeros((len(codes), starts), np.int32)
    for offset, row in enumerate(table):
        found += row[codes[:, offset : offset + starts]]
    return found


def tails(scores: np.ndarray, background: Background) -> tuple[int, np.ndarray]:
    """The lowest score, and of it and each one above the chance that a word of the background scores at least as much."""
    lowest = int(scores.min(axis=1).sum())
    density = np.ones(1)
    for row in scores:
        above = row - row.min()
        longer = np.zeros(len(density) + int(above.max()))
        for more, part in zip(above.tolist(), background.parts.tolist(), strict=True):
            longer[more : more + len(density)] += part * density
        density = longer
    return lowest, np.minimum(np.cumsum(density[::-1])[::-1], 1)


def summed(values: np.ndarray, hits: Any, width: int) -> np.ndarray:
    """Sum of values (n, places) over each word, (hits,). hits: with `row` and `start`."""
    total = np.concatenate([np.zeros((len(values), 1)), np.cumsum(values, axis=1, dtype=float)], axis=1)
    return total[hits.row, hits.start + width] - total[hits.row, hits.start]
