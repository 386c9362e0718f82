"""Gradients integrated along the straight path from each reference (Sundararajan et al. 2017), looked at more closely where it bends.

A network of maxima and rectifiers has a slope that jumps along the path, thousands of times: rules that are exact for smooth
functions gain nothing there, and all err by one over their steps. What tells the error of a stretch is there for free: the output's
change along it, less what the slopes at its ends say. So paths are cut into few stretches, of which the mean slope of both ends is
taken (which needs no slope twice), and while a sequence's contributions do not add up, the stretches that miss most of it are
halved. On networks of the demo that takes a third of the gradients that halving all of them takes.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from readsight.interpret.sequence_attribution.gradients import DIFFERENTIABLE, added, at_once, bases, every_pair, sloped
from readsight.interpret.sequence_attribution.query import Question

ON = DIFFERENTIABLE
NEAR = True
COMPARES = True
COMPLETE = True
STEPS = 8  # stretches of a path, at first
TOLERANCE = 0.01  # of a sequence's change (mean size over its references) that its contributions may miss
EXACT = 1e-5  # of its score: below that numbers of 32 bits tell nothing
ROUNDS = 10
HALVED = 4  # one in so many of a sequence's stretches is halved in a round
HELD = 2**25  # numbers of gradients that are kept at once


def attribute(question: Question, references: np.ndarray, spec: dict[str, Any], seed: int) -> np.ndarray:
    """Attributions (n, places, 4); they add up to the score less its mean over the references.

    How closely a sequence's paths are looked at hangs on itself alone.
    """
    n, m, places = references.shape[:3]
    size = max(1, HELD // (4 * places * m * 4 * STEPS))
    parts = [_of_some(question.some(np.arange(i, min(i + size, n))), references[i : i + size]) for i in range(0, n, size)]
    return added(np.concatenate(parts), references)


@dataclass
class Points:
    """Points of paths at which a network was asked. pair: (k,) number of the path. along: (k,), 0 the reference and 1 the sequence.

    output, slope: (k,), the explained number and how steeply it rises along the path. held: (k,) row of `gradients` (…, places, 4).
    """

    pair: np.ndarray
    along: np.ndarray
    output: np.ndarray
    slope: np.ndarray
    held: np.ndarray
    gradients: list[np.ndarray]

    def ordered(self) -> "Points":
        order = np.lexsort((self.along, self.pair))
        return Points(*(part[order] for part in (self.pair, self.along, self.output, self.slope, self.held)), self.gradients)


def _of_some(question: Question, references: np.ndarray) -> np.ndarray:
    """Integrated gradients (n, m, places, 4)."""
    n, m = references.shape[:2]
    pairs = every_pair(references)
    points = _asked(
        question, references, pairs, np.repeat(np.arange(len(pairs)), STEPS), np.tile(np.arange(STEPS) / STEPS, len(pairs))
    )
    points = _joined(points, _ends(question, references, pairs)).ordered()
    change = (points.output[points.along == 1] - points.output[points.along == 0]).reshape(n, m)
    size = np.maximum(
        TOLERANCE * np.abs(change).mean(axis=1), EXACT * np.abs(points.output[points.along == 1]).reshape(n, m)[:, 0]
    )
    for _ in range(ROUNDS):
        first, missed = _missed(points)
        sequence = points.pair[first] // m
        off = np.abs(np.bincount(sequence, missed, minlength=n)) / m > size
        chosen = first[_worst(sequence, np.abs(missed), off)]
        if not len(chosen):
            break
        middle = (points.along[chosen] + points.along[chosen + 1]) / 2
        points = _joined(points, _asked(question, references, pairs, points.pair[chosen], middle)).ordered()
    return _integrated(points, references.shape)


def _ends(question: Question, references: np.ndarray, pairs: np.ndarray) -> Points:
    """The sequences themselves, where all their paths end: asked once."""
    n, m = references.shape[:2]
    whole = bases(question)
    output, gradient = sloped(question, whole, np.arange(n))
    slope = np.einsum("npb,nmpb->nm", gradient, whole[:, None] - references).ravel()
    return Points(np.arange(n * m), np.ones(n * m), np.repeat(output, m), slope, np.repeat(np.arange(n), m), [gradient])


def _asked(question: Question, references: np.ndarray, pairs: np.ndarray, pair: np.ndarray, along: np.ndarray) -> Points:
    """Points of some of the paths."""
    whole, size = bases(question), at_once(references.shape[2])
    output, slope, gradients = np.empty(len(pair)), np.empty(len(pair)), []
    for i in range(0, len(pair), size):
        part = slice(i, i + size)
        row, number = pairs[pair[part]].T
        way = whole[row] - references[row, number]
        output[part], gradient = sloped(question, references[row, number] + along[part, None, None].astype(np.float32) * way, row)
        slope[part] = np.einsum("kpb,kpb->k", gradient, way)
        gradients.append(gradient)
    return Points(pair, along, output, slope, np.arange(len(pair)), gradients)


def _joined(one: Points, other: Points) -> Points:
    before = sum(map(len, one.gradients))
    parts = [(one.pair, other.pair), (one.along, other.along), (one.output, other.output), (one.slope, other.slope)]
    return Points(*map(np.concatenate, [*parts, (one.held, before + other.held)]), [*one.gradients, *other.gradients])


def _missed(points: Points) -> tuple[np.ndarray, np.ndarray]:
    """Stretches, told by their first points, and what the slopes at their ends miss of the output's change."""
    first = np.flatnonzero(points.pair[1:] == points.pair[:-1])
    length = points.along[first + 1] - points.along[first]
    told = length * (points.slope[first] + points.slope[first + 1]) / 2
    return first, told - (points.output[first + 1] - points.output[first])


def _worst(sequence: np.ndarray, missed: np.ndarray, off: np.ndarray) -> np.ndarray:
    """Of the sequences that are off the stretches that miss most, one in HALVED of them."""
    order = np.lexsort((-missed, sequence))
    count = np.bincount(sequence, minlength=len(off))
    rank = np.arange(len(order)) - np.repeat(np.cumsum(count) - count, count)
    return np.sort(order[(rank < -(-count // HALVED)[sequence[order]]) & off[sequence[order]]])


def _integrated(points: Points, shape: tuple[int, ...]) -> np.ndarray:
    first, _ = _missed(points)
    half = (points.along[first + 1] - points.along[first]) / 2
    weight = np.bincount(first, half, len(points.pair)) + np.bincount(first + 1, half, len(points.pair))
    found = np.zeros((shape[0] * shape[1], *shape[2:]), np.float32)
    start = 0
    for gradients in points.gradients:
        own = (points.held >= start) & (points.held < start + len(gradients))
        np.add.at(found, points.pair[own], gradients[points.held[own] - start] * weight[own, None, None].astype(np.float32))
        start += len(gradients)
    return found.reshape(shape)
