"""Generalised linear models with an L2 penalty on sparse or dense features, by kind of outcome.

The penalty applies to coefficients of features with standard deviation 1; scaling is internal, and results are on the
original scale: weight (features, outputs), bias (outputs,).

| kind | link | loss |
|---|---|---|
| binary, multilabel | logit, each output separately | log loss |
| multiclass | softmax | log loss |
| regression | identity | squared error, of targets with standard deviation 1 |
| profile | logarithm | Poisson |
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from readsight.dataset.fold_file import Fold
from readsight.errors import ToolError
from readsight.models.calibration import sigmoid
from readsight.models.linear_base import list_classes, to_probabilities

KINDS = ("binary", "multiclass", "multilabel", "regression", "profile")
ROUNDS = 1000
GRADIENT = 1e-4  # maximum gradient component at convergence
FLAT = 1e-8
MAX_LOG = 50.0  # upper limit of a log signal

# Losses of each example (n,), and their gradients (n, outputs), from linear scores and targets.
Loss = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def fit_glm(
    values: Any, fold: Fold, strength: float, loss: Loss | None = None, standardise: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients and biases for the outcome of a fold.

    Parameters
    ----------
    values : (n, features), dense or CSR.
    strength : of the penalty.
    loss : replaces the default of the kind.
    standardise : whether the penalty applies to standardised features.

    Raises
    ------
    InputError if there is a single class; ToolError if the fit does not converge.
    """
    kind = fold.outcome.kind
    if kind in ("binary", "multiclass"):
        list_classes(fold)
    target, level, unit = _prepare_targets(kind, fold)
    weight, bias = minimise_loss(
        values, target, fold.weights, loss or LOSSES[kind], strength, _initial_biases(kind, target, fold.weights), standardise
    )
    return weight * unit, bias * unit + level


def predict_from_scores(kind: str, scores: np.ndarray) -> np.ndarray:
    """Predictions, shaped as in `outcome`, from linear scores (n, outputs)."""
    if kind == "regression":
        return scores[:, 0]
    return np.exp(np.minimum(scores, MAX_LOG)) if kind == "profile" else to_probabilities(kind, scores)


def minimise_loss(
    values: Any, target: np.ndarray, weights: np.ndarray, loss: Loss, strength: float, start: np.ndarray, standardise: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients (features, outputs) and biases that minimise mean loss + strength / 2 × squared coefficients, by L-BFGS.

    start: initial biases (outputs,). Raises ToolError if the fit does not converge.
    """
    from scipy.optimize import minimize

    mean, deviation = compute_moments(values)
    deviation = deviation if standardise else np.ones(len(mean))
    normalised_weights = (weights / weights.sum())[:, None]
    shape = (values.shape[1], len(start))
    transposed = values.T

    def objective(point: np.ndarray) -> tuple[float, np.ndarray]:
        scaled_coefficients, bias = point[: -len(start)].reshape(shape), point[-len(start) :]
        coefficients = scaled_coefficients / deviation[:, None]
        scores = values @ coefficients.astype(values.dtype) + (bias - mean @ coefficients)
        losses, gradient = loss(scores.astype(np.float64), target)
        gradient = gradient * normalised_weights
        bias_gradient = gradient.sum(axis=0)
        weight_gradient = (transposed @ gradient.astype(values.dtype) - mean[:, None] * bias_gradient) / deviation[
            :, None
        ] + strength * scaled_coefficients
        value = float(losses @ normalised_weights[:, 0]) + strength / 2 * float((scaled_coefficients**2).sum())
        return value, np.concatenate([weight_gradient.ravel(), bias_gradient])

    initial = np.concatenate([np.zeros(shape[0] * shape[1]), start])
    options = {"maxiter": ROUNDS, "maxfun": 2 * ROUNDS, "gtol": GRADIENT / 10, "ftol": 1e-9, "maxcor": 20}
    result = minimize(objective, initial, jac=True, method="L-BFGS-B", options=options)
    if result.nit >= ROUNDS and np.abs(result.jac).max() > GRADIENT:
        raise ToolError(f"the fit did not converge within {ROUNDS} rounds at a penalty of {strength}")
    coefficients = result.x[: -len(start)].reshape(shape) / deviation[:, None]
    return coefficients, result.x[-len(start) :] - mean @ coefficients


def compute_moments(values: Any) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each column of a dense or CSR matrix; infinite for constant columns, whose coefficients
    become 0.
    """
    squares = (
        values**2
        if isinstance(values, np.ndarray)
        else type(values)((values.data**2, values.indices, values.indptr), values.shape)
    )
    mean = np.asarray(values.mean(axis=0, dtype=np.float64)).ravel()
    variance = np.asarray(squares.mean(axis=0, dtype=np.float64)).ravel() - mean**2
    deviation = np.sqrt(np.maximum(variance, 0))
    return mean, np.where(deviation > FLAT, deviation, np.inf)


def _prepare_targets(kind: str, fold: Fold) -> tuple[np.ndarray, np.ndarray | float, float]:
    """Targets (n, outputs) for the loss, and the shift and factor to apply to the scores afterwards."""
    labels = np.asarray(fold.labels)
    if kind == "multiclass":
        return (labels[:, None] == np.arange(fold.outcome.output_count)).astype(float), 0.0, 1.0
    if kind == "profile":
        unit = max(float(labels.mean(dtype=np.float64)), 1e-12)
        return labels / unit, float(np.log(unit)), 1.0
    target = labels.reshape(len(labels), -1).astype(float)
    if kind != "regression":
        return target, 0.0, 1.0
    level, unit = np.average(target[:, 0], weights=fold.weights), float(target.std())
    unit = unit if unit > FLAT else 1.0
    return (target - level) / unit, level, unit


def _initial_biases(kind: str, target: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Biases of a model without features, with one pseudo-observation of each value."""
    if kind == "regression":
        return np.zeros(1)
    rate = (weights @ target + 1) / (weights.sum() + 2)
    return np.log(rate) if kind in ("multiclass", "profile") else np.log(rate / (1 - np.minimum(rate, 1 - 1e-9)))


def logistic_loss(scores: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log loss of each output separately."""
    return (np.logaddexp(0, scores) - target * scores).sum(axis=1), sigmoid(scores) - target


def multinomial_loss(scores: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log loss of mutually exclusive classes."""
    log_sum = np.logaddexp.reduce(scores, axis=1)
    return log_sum - (target * scores).sum(axis=1), np.exp(scores - log_sum[:, None]) - target


def quadratic_loss(scores: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Half the squared error."""
    residual = scores - target
    return (residual**2).sum(axis=1) / 2, residual


def poisson_loss(scores: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Poisson loss of a log signal, without the terms that do not depend on it; linear above MAX_LOG."""
    rate = np.exp(np.minimum(scores, MAX_LOG))
    return (rate * (1 + np.maximum(scores - MAX_LOG, 0)) - target * scores).sum(axis=1), rate - target


def l2_hinge_loss(scores: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Squared hinge loss of each output separately, as in linear support vector machines (Fan et al. 2008)."""
    sign = 2 * target - 1
    margin = np.maximum(1 - sign * scores, 0)
    return (margin**2).sum(axis=1), -2 * sign * margin


LOSSES = {
    "binary": logistic_loss,
    "multilabel": logistic_loss,
    "multiclass": multinomial_loss,
    "regression": quadratic_loss,
    "profile": poisson_loss,
}
