"""Scanning of sequences for motif hits: log odds that exceed a p-value threshold."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from readsight.interpret.motifs.pwm import Background, compute_log_odds

STEPS_PER_BIT = 100  # scores are integers in 1/100 bit, for exact p-values
N_SCORE = -(1 << 24)  # score of N
BATCH_POSITIONS = 1 << 22  # positions per batch


@dataclass(frozen=True)
class MotifHits:
    """Hits of a motif, (n,) each, sorted by row and start: row, start (0-based), strand (+1, −1), score (bits), p."""

    row: np.ndarray
    start: np.ndarray
    strand: np.ndarray
    score: np.ndarray
    p: np.ndarray

    def __len__(self) -> int:
        return len(self.row)


def scan_sequences(codes: np.ndarray, matrix: np.ndarray, limit: float, background: Background, sites: int = 100) -> MotifHits:
    """Hits with p ≤ limit on either strand; the better strand of hits on both (+ if equal).

    codes: (n, positions) uint8; hits contain no N. p: probability of at least this score at one position of one strand under
    the background (Staden 1989).
    """
    scores = np.rint(compute_log_odds(matrix, background, sites) * STEPS_PER_BIT).astype(np.int64)
    lowest, tail = compute_tails(scores, background)
    significant = np.flatnonzero(tail <= limit)
    width, chunks = len(scores), []
    if len(significant) and codes.shape[1] >= width:
        threshold, rows = lowest + int(significant[0]), max(1, BATCH_POSITIONS // codes.shape[1])
        for first in range(0, len(codes), rows):
            chunk = np.asarray(codes[first : first + rows])
            forward, reverse = score_positions(chunk, scores), score_positions(chunk, scores[::-1, ::-1])
            best = np.maximum(forward, reverse)
            row, start = np.nonzero(best >= threshold)
            strand = np.where(forward[row, start] >= reverse[row, start], 1, -1)
            chunks.append((row + first, start, strand, best[row, start]))
    if not chunks:
        empty = np.zeros(0, np.int64)
        return MotifHits(empty, empty, empty, np.zeros(0), np.zeros(0))
    row, start, strand, best = (np.concatenate(column) for column in zip(*chunks, strict=True))
    return MotifHits(row, start, strand, best / STEPS_PER_BIT, tail[best - lowest])


def score_positions(codes: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Score of the window at each start, (n, positions − width + 1). scores: (width, 4), integers."""
    table = np.concatenate([scores, np.full((len(scores), 1), N_SCORE)], axis=1).astype(np.int32)
    starts = codes.shape[1] - len(scores) + 1
    total = np.zeros((len(codes), starts), np.int32)
    for offset, row in enumerate(table):
        total += row[codes[:, offset : offset + starts]]
    return total


def compute_tails(scores: np.ndarray, background: Background) -> tuple[int, np.ndarray]:
    """Lowest score, and for each score from there the probability that a background sequence reaches it."""
    lowest = int(scores.min(axis=1).sum())
    density = np.ones(1)
    for row in scores:
        offsets = row - row.min()
        extended = np.zeros(len(density) + int(offsets.max()))
        for offset, frequency in zip(offsets.tolist(), background.frequencies.tolist(), strict=True):
            extended[offset : offset + len(density)] += frequency * density
        density = extended
    return lowest, np.minimum(np.cumsum(density[::-1])[::-1], 1)


def sum_over_hits(values: np.ndarray, hits: Any, width: int) -> np.ndarray:
    """Sum of values (n, positions) over each hit, (hits,). hits: any object with `row` and `start`."""
    total = np.concatenate([np.zeros((len(values), 1)), np.cumsum(values, axis=1, dtype=float)], axis=1)
    return total[hits.row, hits.start + width] - total[hits.row, hits.start]
