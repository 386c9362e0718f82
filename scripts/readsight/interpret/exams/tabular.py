"""Exams that an attribution method has to pass before its figures are believed."""

from typing import Any

import numpy as np

MAX_GAP = 0.01  # largest mean gap between attributions and output, as part of the output's change
RANDOM_MODELS = 5  # models that learned nothing, of each kind: one alone can be alike by luck
MAX_SIMILARITY = 0.3  # largest rank correlation with the attributions of a model that learned nothing


def mean_rank_correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Mean over examples (and outputs) of Spearman's correlation between two sets of attributions.

    one, second: (n, features), or (n, features, outputs). An example whose attributions are all the same counts 0.
    """
    a, b = (_rank_rows(np.moveaxis(values, 1, -1).reshape(-1, values.shape[1])) for values in (first, second))
    a, b = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
    norm = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    return float(np.mean(np.where(norm > 0, (a * b).sum(axis=1) / np.where(norm > 0, norm, 1), 0.0)))


def _rank_rows(values: np.ndarray) -> np.ndarray:
    """Ranks within rows, ties at their mean."""
    order = np.argsort(values, axis=1, kind="stable")
    ranks = np.empty(values.shape)
    for i, row in enumerate(order):
        _, inverse, counts = np.unique(values[i, row], return_inverse=True, return_counts=True)
        ends = np.cumsum(counts)
        ranks[i, row] = (ends - (counts - 1) / 2)[inverse]
    return ranks


def judge_method(gaps: np.ndarray, redrawn_similarity: float | None, shuffled_similarity: float) -> list[dict[str, Any]]:
    """Exams of one method (Adebayo et al. 2018 for randomisation).

    gaps: (n,) of completeness. redrawn, shuffled_similarity: similarity to the attributions of
    the same architecture with weights drawn anew (None: not defined for the model)
    and trained on shuffled labels, means over draws. Returns a row an exam: exam, value, limit, passed, reason.
    """
    error = float(np.mean(np.abs(gaps)))
    rows = [_exam_row("completeness", error, MAX_GAP, "the attributions do not add up to the output")]
    if redrawn_similarity is not None:
        rows.append(
            _exam_row("weights drawn anew", redrawn_similarity, MAX_SIMILARITY, "an untrained model gets like attributions")
        )
    rows.append(
        _exam_row("shuffled labels", shuffled_similarity, MAX_SIMILARITY, "a model of shuffled labels gets like attributions")
    )
    return rows


def _exam_row(name: str, value: float, limit: float, reason: str) -> dict[str, Any]:
    passed = bool(np.isfinite(value) and value <= limit)
    return {"exam": name, "value": value, "limit": limit, "passed": passed, "reason": "" if passed else reason}
