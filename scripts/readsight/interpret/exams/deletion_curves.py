"""Deletion and insertion of places in the order of their contributions, against random order (Petsiuk et al. 2018; Samek et al. 2017).

Deleted places hold the bases of the sequence's own dinucleotide shuffles, so that what is left looks like a sequence: a curve
begins with the sequence and ends with its shuffles, or the other way round. Sequences whose output lies below that of their
shuffles are followed downwards: for them the order is that of the most negative contributions, and the curve is turned over.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from readsight.interpret.exams.similarity import unsigned
from readsight.interpret.sequence_attribution.attribution import score_of
from readsight.interpret.sequence_attribution.query import Question
from readsight.interpret.sequence_attribution.receptive_field import seen
from readsight.interpret.sequence_attribution.references import generator, shuffled
from readsight.stats import metrics

# Parts of the places that are exchanged; symmetric, so that random insertion is random deletion read backwards.
PARTS = np.array([0, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95, 0.98, 1])
SHUFFLES = 3
ORDERS = 2  # random ones, against each shuffle
ROWS = 2048  # sequences asked at once


@dataclass(frozen=True)
class Faded:
    """Curves of sequences, (n, parts), as what is left of the output's change: 1 is the sequence, 0 its shuffles, in the unit of
    the output, not divided by it. change: (n,) by how much the output differs from its shuffles', ≥ 0.
    """

    deletion: np.ndarray
    insertion: np.ndarray
    change: np.ndarray

    @classmethod
    def together(cls, parts: list["Faded"]) -> "Faded":
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("deletion", "insertion", "change")))


class Fading:
    """Sequences, their shuffles and the output of both, against which orders of places are tried.

    question: n sequences. Of an output at one place only those places are exchanged that it sees.
    """

    def __init__(self, question: Question, seed: int):
        near = seen(question)
        self.question = question if near is None else near.question
        width = self.question.codes.shape[1]
        start = np.zeros(len(question), np.int64) if near is None else near.start
        self.places = start[:, None] + np.arange(width)
        self.codes = np.asarray(self.question.codes)
        self.shuffles = shuffled(self.codes, SHUFFLES, seed, 2 if question.about.get("pair") else 1)
        self.seed = seed
        score = score_of(self.question)
        self.floor = self._asked(self.shuffles[None])[0]
        self.sign = np.where(score >= self.floor, 1.0, -1.0)
        self.change = np.abs(score - self.floor)

    def by(self, own: np.ndarray) -> Faded:
        """Curves in the order of contributions (n, places of the whole window)."""
        cut = np.take_along_axis(own, self.places, axis=1)
        towards = cut if unsigned(own) else cut * self.sign[:, None]
        order = np.argsort(-towards, axis=1, kind="stable")[:, None].repeat(SHUFFLES, axis=1)
        deleted = self._curve(self.shuffles, self.codes[:, None], order)
        inserted = self._curve(self.codes[:, None], self.shuffles, order)
        return Faded(deleted, inserted, self.change)

    def at_random(self) -> Faded:
        """Mean curves over random orders, each sequence's own."""
        n, m, width = self.shuffles.shape
        found = []
        for k in range(ORDERS):
            draws = [generator(codes, self.seed + k, "random orders") for codes in self.codes]
            order = np.stack([[draw.permutation(width) for _ in range(m)] for draw in draws]).reshape(n, m, width)
            found.append(self._curve(self.shuffles, self.codes[:, None], order))
        mean = np.mean(found, axis=0)
        return Faded(mean, mean[:, ::-1], self.change)

    def _curve(self, put: np.ndarray, there: np.ndarray, order: np.ndarray) -> np.ndarray:
        """What is left of the change, (n, parts), with the first places of an order put into what is there.

        put, there: codes (n, shuffles or 1, places). order: (n, shuffles, places), the foremost place first.
        """
        rank = np.argsort(order, axis=2, kind="stable")
        counts = np.round(PARTS * order.shape[2]).astype(int)
        exchanged = np.where(rank[None] < counts[:, None, None, None], put[None], there[None])
        return (self._asked(exchanged) - self.floor).T * self.sign[:, None] if len(exchanged) else np.zeros((len(order), 0))

    def _asked(self, codes: np.ndarray) -> np.ndarray:
        """Mean output over shuffles. codes: (parts, n, shuffles, places). Returns (parts, n)."""
        parts, n, m, width = codes.shape
        flat = codes.reshape(-1, width)
        row = np.tile(np.repeat(np.arange(n), m), parts)
        at = self.question.at
        found = [
            score_of(self.question.about_codes(flat[i : i + ROWS], None if at is None else at[row[i : i + ROWS]]))
            for i in range(0, len(flat), ROWS)
        ]
        return np.concatenate(found).reshape(parts, n, m).mean(axis=2)


def areas(own: Faded, chance: Faded) -> dict[str, np.ndarray]:
    """Area between the curves of a method and of random orders, (n,), in the unit of the output; > 0 is better than chance."""
    return {
        "deletion": np.trapezoid(chance.deletion - own.deletion, PARTS, axis=1),
        "insertion": np.trapezoid(own.insertion - chance.insertion, PARTS, axis=1),
    }


def drawn(own: Faded, chance: Faded, groups: np.ndarray, resamples: int, seed: int) -> dict[str, Any]:
    """Mean curves with 95 % bands over groups, as parts of the mean change: what figures show.

    parts, and of deletion, insertion, random_deletion, random_insertion: value, low, high (lists).
    """
    weights = metrics.group_weights(groups, resamples, seed)
    whole = weights @ own.change
    found: dict[str, Any] = {"parts": PARTS.tolist()}
    for name, curve in (
        ("deletion", own.deletion),
        ("insertion", own.insertion),
        ("random_deletion", chance.deletion),
        ("random_insertion", chance.insertion),
    ):
        share = np.divide(
            weights @ curve, whole[:, None], out=np.full((len(weights), len(PARTS)), np.nan), where=whole[:, None] > 0
        )
        bands = [metrics.interval(share[:, i]) for i in range(len(PARTS))]
        found[name] = {key: [band[key] for band in bands] for key in ("value", "low", "high")}
    return found
