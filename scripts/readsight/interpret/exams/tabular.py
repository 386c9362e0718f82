"""Exams of feature attribution methods."""

from typing import Any

import numpy as np

MAX_GAP = 0.01  # largest mean gap between attributions and output, relative to the output's change
RANDOM_MODELS = 5  # random-weight and shuffled-label models each: a single one can be similar by chance
MAX_SIMILARITY = 0.3  # largest rank correlation with the attributions of an untrained or shuffled-label model


def mean_rank_correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Mean over examples (and outputs) of the Spearman correlation between two sets of attributions.

    first, second: (n, features), or (n, features, outputs). An example with constant attributions counts 0.
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


def judge_method(gaps: np.ndarray, randomised_similarity: float | None, shuffled_similarity: float) -> list[dict[str, Any]]:
    """Exams of one method (Adebayo et al. 2018 for randomisation).

    Parameters
    ----------
    gaps : (n,) completeness gaps.
    randomised_similarity, shuffled_similarity : similarity to attributions of the architecture with random weights (None: not defined for
        the model) and of a model trained on shuffled labels, means over draws.

    Returns
    -------
    One row per exam: exam, value, limit, passed, reason.
    """
    error = float(np.mean(np.abs(gaps)))
    rows = [_exam_row("completeness", error, MAX_GAP, "the attributions do not add up to the output")]
    if randomised_similarity is not None:
        rows.append(
            _exam_row("randomised weights", randomised_similarity, MAX_SIMILARITY, "an untrained model gets similar attributions")
        )
    rows.append(
        _exam_row(
            "shuffled labels", shuffled_similarity, MAX_SIMILARITY, "a model trained on shuffled labels gets similar attributions"
        )
    )
    return rows


def _exam_row(name: str, value: float, limit: float, reason: str) -> dict[str, Any]:
    passed = bool(np.isfinite(value) and value <= limit)
    return {"exam": name, "value": value, "limit": limit, "passed": passed, "reason": "" if passed else reason}
