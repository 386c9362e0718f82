"""Deletion and insertion curves: the output while positions are replaced in order of their contributions (Petsiuk et al. 2018;
Samek et al. 2017).

Deleted positions are replaced by bases of dinucleotide shuffles of the sequence, so that the input stays realistic: a curve
runs from the sequence to its shuffles, or back. If the output of a sequence is below that of its shuffles, positions are ordered
by their most negative contributions and the curve is negated.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from readsight.interpret.exams.similarity import is_unsigned
from readsight.interpret.sequence_attribution.attribution import score_query
from readsight.interpret.sequence_attribution.query import AttributionQuery
from readsight.interpret.sequence_attribution.receptive_field import crop_query
from readsight.interpret.sequence_attribution.references import sequence_rng, shuffle_codes
from readsight.stats import metrics

# Replaced fractions of the positions; symmetric, so that random insertion is random deletion in reverse.
FRACTIONS = np.array([0, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95, 0.98, 1])
SHUFFLES = 3
RANDOM_ORDERS = 2  # random orders per shuffle
MAX_BATCH = 2048  # sequences per prediction


@dataclass(frozen=True)
class DeletionCurves:
    """Curves of n sequences, (n, fractions), as remaining change of the output: `change` for the sequence, 0 for its shuffles.

    change: (n,) absolute difference between the output of the sequence and of its shuffles. Units: those of the output.
    """

    deletion: np.ndarray
    insertion: np.ndarray
    change: np.ndarray

    @classmethod
    def concatenate(cls, curves: list["DeletionCurves"]) -> "DeletionCurves":
        return cls(*(np.concatenate([getattr(curve, name) for curve in curves]) for name in ("deletion", "insertion", "change")))


class DeletionExperiment:
    """Sequences, their shuffles and the outputs of both, for testing orders of positions.

    query: n sequences. If one position is explained, only its receptive field is used.
    """

    def __init__(self, query: AttributionQuery, seed: int):
        cropped = crop_query(query)
        self.query = query if cropped is None else cropped.query
        width = self.query.codes.shape[1]
        start = np.zeros(len(query), np.int64) if cropped is None else cropped.start
        self.positions = start[:, None] + np.arange(width)
        self.codes = np.asarray(self.query.codes)
        self.shuffles = shuffle_codes(self.codes, SHUFFLES, seed, 2 if query.description.get("pair") else 1)
        self.seed = seed
        score = score_query(self.query)
        self.floor = self._mean_score(self.shuffles[None])[0]
        self.sign = np.where(score >= self.floor, 1.0, -1.0)
        self.change = np.abs(score - self.floor)

    def curves_by_contribution(self, contributions: np.ndarray) -> DeletionCurves:
        """Curves in the order of contributions (n, positions of the full window)."""
        cropped = np.take_along_axis(contributions, self.positions, axis=1)
        directed = cropped if is_unsigned(contributions) else cropped * self.sign[:, None]
        order = np.argsort(-directed, axis=1, kind="stable")[:, None].repeat(SHUFFLES, axis=1)
        deleted = self._compute_curve(self.shuffles, self.codes[:, None], order)
        inserted = self._compute_curve(self.codes[:, None], self.shuffles, order)
        return DeletionCurves(deleted, inserted, self.change)

    def random_curves(self) -> DeletionCurves:
        """Mean curves over random orders; each sequence has its independent random generator."""
        n, m, width = self.shuffles.shape
        curves = []
        for k in range(RANDOM_ORDERS):
            rngs = [sequence_rng(codes, self.seed + k, "random orders") for codes in self.codes]
            order = np.stack([[rng.permutation(width) for _ in range(m)] for rng in rngs]).reshape(n, m, width)
            curves.append(self._compute_curve(self.shuffles, self.codes[:, None], order))
        mean = np.mean(curves, axis=0)
        return DeletionCurves(mean, mean[:, ::-1], self.change)

    def _compute_curve(self, inserted: np.ndarray, original: np.ndarray, order: np.ndarray) -> np.ndarray:
        """Remaining change, (n, fractions), with the first positions of an order replaced.

        Parameters
        ----------
        inserted, original : codes (n, shuffles or 1, positions).
        order : (n, shuffles, positions) int, most important position first.
        """
        rank = np.argsort(order, axis=2, kind="stable")
        counts = np.round(FRACTIONS * order.shape[2]).astype(int)
        mixed = np.where(rank[None] < counts[:, None, None, None], inserted[None], original[None])
        return (self._mean_score(mixed) - self.floor).T * self.sign[:, None] if len(mixed) else np.zeros((len(order), 0))

    def _mean_score(self, codes: np.ndarray) -> np.ndarray:
        """Mean output over shuffles, (steps, n). codes: (steps, n, shuffles, positions)."""
        steps, n, m, width = codes.shape
        flat = codes.reshape(-1, width)
        row = np.tile(np.repeat(np.arange(n), m), steps)
        positions = self.query.positions
        scores = [
            score_query(
                self.query.with_codes(flat[i : i + MAX_BATCH], None if positions is None else positions[row[i : i + MAX_BATCH]])
            )
            for i in range(0, len(flat), MAX_BATCH)
        ]
        return np.concatenate(scores).reshape(steps, n, m).mean(axis=2)


def compute_areas(curves: DeletionCurves, random_curves: DeletionCurves) -> dict[str, np.ndarray]:
    """Area between the curves of a method and of random orders, (n,), in the unit of the output; > 0 is better than random."""
    return {
        "deletion": np.trapezoid(random_curves.deletion - curves.deletion, FRACTIONS, axis=1),
        "insertion": np.trapezoid(curves.insertion - random_curves.insertion, FRACTIONS, axis=1),
    }


def curve_bands(
    curves: DeletionCurves, random_curves: DeletionCurves, groups: np.ndarray, resamples: int, seed: int
) -> dict[str, Any]:
    """Mean curves with 95 % bands over groups, as fractions of the mean change, for figures.

    Returns
    -------
    parts (fractions of the positions); for deletion, insertion, random_deletion, random_insertion: value, low, high (lists).
    """
    weights = metrics.group_weights(groups, resamples, seed)
    total = weights @ curves.change
    result: dict[str, Any] = {"parts": FRACTIONS.tolist()}
    for name, curve in (
        ("deletion", curves.deletion),
        ("insertion", curves.insertion),
        ("random_deletion", random_curves.deletion),
        ("random_insertion", random_curves.insertion),
    ):
        fraction = np.divide(
            weights @ curve, total[:, None], out=np.full((len(weights), len(FRACTIONS)), np.nan), where=total[:, None] > 0
        )
        bands = [metrics.resample_interval(fraction[:, i]) for i in range(len(FRACTIONS))]
        result[name] = {key: [band[key] for band in bands] for key in ("value", "low", "high")}
    return result
