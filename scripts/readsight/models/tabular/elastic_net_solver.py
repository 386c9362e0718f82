"""Linear models with an elastic net for any smooth convex loss, by accelerated proximal gradient.

FISTA (Beck and Teboulle 2009) with restarts (O'Donoghue and Candès 2015) and backtracking of the step size. The objective is
that of glmnet (Friedman, Hastie, Tibshirani 2010): mean loss + λ (α |w| + (1 − α) w² / 2), without a penalty on biases.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from readsight.errors import ToolError

# Mean loss and its gradient (n, outputs) of logits (n, outputs).
Loss = Callable[[np.ndarray], tuple[float, np.ndarray]]

TOLERANCE = 1e-4  # convergence: maximum gradient relative to that at the start
SMALL = 1e-5  # lower limit of the gradient at the start
ROUNDS = 5000


class Solution(NamedTuple):
    """weight (outputs, features), bias (outputs,), penalty: λ of each output, number of rounds."""

    weight: np.ndarray
    bias: np.ndarray
    penalty: np.ndarray
    rounds: int


def make_logistic_loss(labels: np.ndarray, weights: np.ndarray) -> Loss:
    """Log loss of binary labels (n, outputs), each output separately. weights: (n,)."""
    share = (weights / weights.sum())[:, None]

    def loss(logits: np.ndarray) -> tuple[float, np.ndarray]:
        small = np.exp(-np.abs(logits))
        value = np.log1p(small) + np.maximum(logits, 0) - labels * logits
        probability = np.where(logits >= 0, 1.0, small) / (1 + small)
        return float((share * value).sum()), share * (probability - labels)

    return loss


def make_multinomial_loss(labels: np.ndarray, weights: np.ndarray) -> Loss:
    """Log loss of classes 0, 1, … (n,). weights: (n,)."""
    share = (weights / weights.sum())[:, None]
    target = np.eye(int(labels.max()) + 1)[labels]

    def loss(logits: np.ndarray) -> tuple[float, np.ndarray]:
        shifted = logits - logits.max(axis=1, keepdims=True)
        powers = np.exp(shifted)
        sums = powers.sum(axis=1, keepdims=True)
        value = (share * (np.log(sums) - (target * shifted).sum(axis=1, keepdims=True))).sum()
        return float(value), share * (powers / sums - target)

    return loss


def make_cox_loss(time: np.ndarray, event: np.ndarray, weights: np.ndarray) -> Loss:
    """Cox partial log loss, ties by Breslow, divided by the sum of all weights (as in glmnet and lifelines)."""
    order = np.argsort(-time, kind="stable")
    sorted_weights, event_weights = weights[order], (weights / weights.sum() * event)[order]
    last = np.searchsorted(-time[order], -time[order], side="right") - 1
    first = np.searchsorted(-time[order], -time[order], side="left")
    original_order = np.empty_like(order)
    original_order[order] = np.arange(len(order))

    def loss(logits: np.ndarray) -> tuple[float, np.ndarray]:
        risk = logits[order, 0]
        highest = risk.max()
        exponentials = sorted_weights * np.exp(risk - highest)
        at_risk = np.cumsum(exponentials)[last]
        value = float((event_weights * (np.log(at_risk) + highest - risk)).sum())
        # The risk set of an event has all examples with at least that time: an example is in those of all earlier events.
        cumulative = np.cumsum((event_weights / at_risk)[::-1])[::-1][first]
        return value, (exponentials * cumulative - event_weights)[original_order][:, None]

    return loss


def solve(
    values: np.ndarray, loss: Loss, outputs: int, strength: float, ratio: float, bias: bool = True, tolerance: float = TOLERANCE
) -> Solution:
    """Optimum of the elastic net.

    Parameters
    ----------
    values : (n, features).
    strength : λ as a fraction of the smallest λ that removes all features (for ratios below 0.001: of that for 0.001).
    ratio : α.

    Raises
    ------
    ToolError if the fit does not converge.
    """
    design = np.hstack([values, np.ones((len(values), 1))]) if bias else values
    start = _fit_biases(design, loss, outputs) if bias else np.zeros((design.shape[1], outputs))
    slope = np.abs(values.T @ loss(design @ start)[1]).max(axis=0)
    return solve_at_penalty(values, loss, outputs, strength * slope / max(ratio, 1e-3), ratio, bias, tolerance, start)


def solve_at_penalty(
    values: np.ndarray,
    loss: Loss,
    outputs: int,
    penalty: np.ndarray,
    ratio: float,
    bias: bool = True,
    tolerance: float = TOLERANCE,
    start: np.ndarray | None = None,
) -> Solution:
    """Optimum for a given λ of each output. start: (features + 1, outputs), the last row are biases."""
    design = np.hstack([values, np.ones((len(values), 1))]) if bias else values
    penalised = np.ones((design.shape[1], 1))
    penalised[values.shape[1] :] = 0
    start = np.zeros((design.shape[1], outputs)) if start is None else start
    coefficients, rounds = _descend(
        design, loss, start, penalty * ratio * penalised, penalty * (1 - ratio) * penalised, tolerance
    )
    return Solution(coefficients[: values.shape[1]].T, coefficients[-1] if bias else np.zeros(outputs), penalty, rounds)


def _fit_biases(design: np.ndarray, loss: Loss, outputs: int) -> np.ndarray:
    """Optimal biases without features."""
    ones = np.ones((len(design), 1))
    none = np.zeros((1, outputs))
    biases, _ = _descend(ones, loss, none, none, none, 1e-6)
    return np.vstack([np.zeros((design.shape[1] - 1, outputs)), biases])


def _descend(
    design: np.ndarray, loss: Loss, start: np.ndarray, sparse: np.ndarray, ridge: np.ndarray, tolerance: float
) -> tuple[np.ndarray, int]:
    """FISTA. Logits are linear in the coefficients, so an extrapolated point needs no matrix product."""
    current, logits = start, design @ start
    extrapolated, extrapolated_logits, pace, step = current, logits, 1.0, 1.0
    value, slope = loss(logits)
    limit = None
    for number in range(1, ROUNDS + 1):
        gradient = design.T @ slope + ridge * extrapolated
        smooth = value + 0.5 * float((ridge * extrapolated**2).sum())
        if limit is None:
            limit = tolerance * max(float(np.abs(gradient).max()), float(sparse.max()), SMALL)
        while True:
            moved = extrapolated - step * gradient
            proposed = np.sign(moved) * np.maximum(np.abs(moved) - step * sparse, 0)
            change = proposed - extrapolated
            proposed_logits = design @ proposed
            proposed_loss = loss(proposed_logits)[0] + 0.5 * float((ridge * proposed**2).sum())
            bound = smooth + float((gradient * change).sum()) + float((change**2).sum()) / (2 * step)
            if proposed_loss <= bound + 1e-12 * abs(smooth):
                break
            step /= 2
            if step < 1e-18:
                raise ToolError("the fit did not converge: no step lowers the loss")
        if np.abs(change).max() <= step * limit:
            return proposed, number
        is_reversed = float((change * (proposed - current)).sum()) < 0
        following = 1.0 if is_reversed else (1 + np.sqrt(1 + 4 * pace**2)) / 2
        momentum = 0.0 if is_reversed else (pace - 1) / following
        extrapolated, extrapolated_logits = (
            proposed + momentum * (proposed - current),
            proposed_logits + momentum * (proposed_logits - logits),
        )
        current, logits, pace, step = proposed, proposed_logits, following, step * 1.05
        value, slope = loss(extrapolated_logits)
    raise ToolError(f"the fit did not converge within {ROUNDS} rounds; a stronger penalty would help")
