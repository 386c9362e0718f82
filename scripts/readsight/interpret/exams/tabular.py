"""Exams that an attribution method has to pass before its figures are believed."""

from typing import Any

import numpy as np

COMPLETE = 0.01  # largest mean gap between attributions and output, as part of the output's change
DRAWS = 5  # models that learned nothing, of each kind: one alone can be alike by luck
SIMILAR = 0.3  # largest rank correlation with the attributions of a model that learned nothing


def similarity(one: np.ndarray, other: np.ndarray) -> float:
    """Mean over examples (and outputs) of Spearman's correlation between two sets of attributions.

    one, other: (n, features), or (n, features, outputs). An example whose attributions are all the same counts 0.
    """
    a, b = (_ranks(np.moveaxis(found, 1, -1).reshape(-1, found.shape[1])) for found in (one, other))
    a, b = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
    size = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    return float(np.mean(np.where(size > 0, (a * b).sum(axis=1) / np.where(size > 0, size, 1), 0.0)))


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks within rows, ties at their mean."""
    order = np.argsort(values, axis=1, kind="stable")
    ranks = np.empty(values.shape)
    for i, row in enumerate(order):
        _, place, counts = np.unique(values[i, row], return_inverse=True, return_counts=True)
        ends = np.cumsum(counts)
        ranks[i, row] = (ends - (counts - 1) / 2)[place]
    return ranks


def judge(gaps: np.ndarray, redrawn: float | None, shuffled: float) -> list[dict[str, Any]]:
    """Exams of one method (Adebayo et al. 2018 for randomisation).

    gaps: (n,) of completeness. redrawn, shuffled: similarity to the attributions of
    the same architecture with weights drawn anew (None: not defined for the model)
    and trained on shuffled labels, means over draws. Returns a row an exam: exam, value, limit, passed, reason.
    """
    error = float(np.mean(np.abs(gaps)))
    rows = [_exam("completeness", error, COMPLETE, "the attributions do not add up to the output")]
    if redrawn is not None:
        rows.append(_exam("weights drawn anew", redrawn, SIMILAR, "an untrained model gets like attributions"))
    rows.append(_exam("shuffled labels", shuffled, SIMILAR, "a model of shuffled labels gets like attributions"))
    return rows


def _exam(name: str, value: float, limit: float, reason: str) -> dict[str, Any]:
    passed = bool(np.isfinite(value) and value <= limit)
    return {"exam": name, "value": value, "limit": limit, "passed": passed, "reason": "" if passed else reason}
