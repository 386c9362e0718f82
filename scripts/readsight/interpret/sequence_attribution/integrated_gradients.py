"""Integrated gradients on straight paths from each reference (Sundararajan et al. 2017), with adaptive steps.

The slope of a network with maxima and rectifiers jumps thousands of times on a path: high-order quadrature gains nothing, and
the error of every rule is inversely proportional to the number of steps. The error of a segment can be measured without extra cost:
the difference between its output change and the change predicted by the slopes at its ends. Paths are therefore divided
into few segments, integrated by the trapezoidal rule (which needs no slope twice), and while the contributions of a sequence do not
add up, the segments with the largest errors are halved. On networks of the demo this takes a third of the gradients needed by
halving all segments.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from readsight.interpret.sequence_attribution.gradients import (
    DIFFERENTIABLE,
    encode_bases,
    hypothetical_contributions,
    list_pairs,
    max_batch_size,
    score_with_gradients,
)
from readsight.interpret.sequence_attribution.query import AttributionQuery

SUPPORTED_NETWORKS = DIFFERENTIABLE
USES_RECEPTIVE_FIELD = True
NEEDS_REFERENCES = True
IS_COMPLETE = True
STEPS = 8  # initial segments of a path
TOLERANCE = 0.01  # tolerated completeness gap, relative to the sequence's change (mean magnitude over its references)
FLOAT_TOLERANCE = 1e-5  # relative to its score: the precision of 32-bit numbers
ROUNDS = 10
SPLIT_DIVISOR = 4  # one in four of a sequence's segments is halved per round
MAX_GRADIENTS = 2**25  # gradient values kept in memory


def attribute(query: AttributionQuery, references: np.ndarray, spec: dict[str, Any], seed: int) -> np.ndarray:
    """Attributions (n, positions, 4); they add up to the score minus its mean over the references.

    The number of steps of a sequence depends on this sequence only.
    """
    n, m, length = references.shape[:3]
    batch_size = max(1, MAX_GRADIENTS // (4 * length * m * 4 * STEPS))
    batches = [
        _integrate_batch(query.select_rows(np.arange(i, min(i + batch_size, n))), references[i : i + batch_size])
        for i in range(0, n, batch_size)
    ]
    return hypothetical_contributions(np.concatenate(batches), references)


@dataclass
class PathPoints:
    """Evaluated points of paths. pair: (k,) number of the path. fraction: (k,), 0 at the reference and 1 at the sequence.

    output, slope: (k,), explained output and its derivative with respect to the fraction. gradient_row: (k,) row of `gradients`
    (…, positions, 4).
    """

    pair: np.ndarray
    fraction: np.ndarray
    output: np.ndarray
    slope: np.ndarray
    gradient_row: np.ndarray
    gradients: list[np.ndarray]

    def sort_points(self) -> "PathPoints":
        order = np.lexsort((self.fraction, self.pair))
        return PathPoints(
            *(column[order] for column in (self.pair, self.fraction, self.output, self.slope, self.gradient_row)), self.gradients
        )


def _integrate_batch(query: AttributionQuery, references: np.ndarray) -> np.ndarray:
    """Integrated gradients (n, m, positions, 4)."""
    n, m = references.shape[:2]
    pairs = list_pairs(references)
    points = _evaluate_points(
        query, references, pairs, np.repeat(np.arange(len(pairs)), STEPS), np.tile(np.arange(STEPS) / STEPS, len(pairs))
    )
    points = _join_points(points, _end_points(query, references, pairs)).sort_points()
    change = (points.output[points.fraction == 1] - points.output[points.fraction == 0]).reshape(n, m)
    tolerance = np.maximum(
        TOLERANCE * np.abs(change).mean(axis=1), FLOAT_TOLERANCE * np.abs(points.output[points.fraction == 1]).reshape(n, m)[:, 0]
    )
    for _ in range(ROUNDS):
        first, errors = _segment_errors(points)
        sequence = points.pair[first] // m
        is_unconverged = np.abs(np.bincount(sequence, errors, minlength=n)) / m > tolerance
        worst = first[_select_worst(sequence, np.abs(errors), is_unconverged)]
        if not len(worst):
            break
        midpoint = (points.fraction[worst] + points.fraction[worst + 1]) / 2
        points = _join_points(points, _evaluate_points(query, references, pairs, points.pair[worst], midpoint)).sort_points()
    return _sum_gradients(points, references.shape)


def _end_points(query: AttributionQuery, references: np.ndarray, pairs: np.ndarray) -> PathPoints:
    """The sequences, where all their paths end: evaluated once."""
    n, m = references.shape[:2]
    one_hot = encode_bases(query)
    output, gradient = score_with_gradients(query, one_hot, np.arange(n))
    slope = np.einsum("npb,nmpb->nm", gradient, one_hot[:, None] - references).ravel()
    return PathPoints(np.arange(n * m), np.ones(n * m), np.repeat(output, m), slope, np.repeat(np.arange(n), m), [gradient])


def _evaluate_points(
    query: AttributionQuery, references: np.ndarray, pairs: np.ndarray, pair: np.ndarray, fraction: np.ndarray
) -> PathPoints:
    """Evaluate points of selected paths."""
    one_hot, batch_size = encode_bases(query), max_batch_size(references.shape[2])
    output, slope, gradients = np.empty(len(pair)), np.empty(len(pair)), []
    for i in range(0, len(pair), batch_size):
        batch = slice(i, i + batch_size)
        row, reference = pairs[pair[batch]].T
        direction = one_hot[row] - references[row, reference]
        output[batch], gradient = score_with_gradients(
            query, references[row, reference] + fraction[batch, None, None].astype(np.float32) * direction, row
        )
        slope[batch] = np.einsum("kpb,kpb->k", gradient, direction)
        gradients.append(gradient)
    return PathPoints(pair, fraction, output, slope, np.arange(len(pair)), gradients)


def _join_points(first: PathPoints, second: PathPoints) -> PathPoints:
    offset = sum(map(len, first.gradients))
    columns = [
        (first.pair, second.pair),
        (first.fraction, second.fraction),
        (first.output, second.output),
        (first.slope, second.slope),
    ]
    return PathPoints(
        *map(np.concatenate, [*columns, (first.gradient_row, offset + second.gradient_row)]),
        [*first.gradients, *second.gradients],
    )


def _segment_errors(points: PathPoints) -> tuple[np.ndarray, np.ndarray]:
    """First points of the segments, and the difference between predicted and actual output change of each."""
    first = np.flatnonzero(points.pair[1:] == points.pair[:-1])
    length = points.fraction[first + 1] - points.fraction[first]
    predicted = length * (points.slope[first] + points.slope[first + 1]) / 2
    return first, predicted - (points.output[first + 1] - points.output[first])


def _select_worst(sequence: np.ndarray, errors: np.ndarray, is_unconverged: np.ndarray) -> np.ndarray:
    """Segments with the largest errors, one in SPLIT_DIVISOR per unconverged sequence."""
    order = np.lexsort((-errors, sequence))
    count = np.bincount(sequence, minlength=len(is_unconverged))
    rank = np.arange(len(order)) - np.repeat(np.cumsum(count) - count, count)
    return np.sort(order[(rank < -(-count // SPLIT_DIVISOR)[sequence[order]]) & is_unconverged[sequence[order]]])


def _sum_gradients(points: PathPoints, shape: tuple[int, ...]) -> np.ndarray:
    first, _ = _segment_errors(points)
    half = (points.fraction[first + 1] - points.fraction[first]) / 2
    weight = np.bincount(first, half, len(points.pair)) + np.bincount(first + 1, half, len(points.pair))
    sums = np.zeros((shape[0] * shape[1], *shape[2:]), np.float32)
    start = 0
    for gradients in points.gradients:
        is_in_block = (points.gradient_row >= start) & (points.gradient_row < start + len(gradients))
        np.add.at(
            sums,
            points.pair[is_in_block],
            gradients[points.gradient_row[is_in_block] - start] * weight[is_in_block, None, None].astype(np.float32),
        )
        start += len(gradients)
    return sums.reshape(shape)
