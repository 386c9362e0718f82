"""Result of a balancing method."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class BalancedFold:
    """A balanced training fold.

    values: (m, features). labels: (m,). weights: (m,). parent: (m,) row of the training fold, −1 for a synthetic example.
    changed: (m,) bool, copies that differ from their parent; None if there are none.
    """

    values: np.ndarray
    labels: np.ndarray
    weights: np.ndarray
    parent: np.ndarray
    changed: np.ndarray | None = None


def select_rows(values: np.ndarray, labels: np.ndarray, rows: np.ndarray) -> BalancedFold:
    """Rows of a training fold, in the given order, each with weight one."""
    return BalancedFold(values[rows], labels[rows], np.ones(len(rows)), rows)
