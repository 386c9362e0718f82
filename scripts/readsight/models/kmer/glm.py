"""Generalised linear models under an L2 penalty, of sparse or dense features, for each kind of outcome.

The penalty is on coefficients of features scaled to deviation 1; scaling is done within the fit, and is no part of what
it gives: weight (features, outputs), bias (outputs,).

| kind | link | loss |
|---|---|---|
| binary, multilabel | logit, each output by itself | log loss |
| multiclass | softmax | log loss |
| regression | identity | squared error, of targets scaled to deviation 1 |
| profile | logarithm | Poisson |
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from readsight.dataset.fold_file import Fold
from readsight.errors import ToolError
from readsight.models.calibration import sigmoid
from readsight.models.linear_base import classes_of, probabilities

KINDS = ("binary", "multiclass", "multilabel", "regression", "profile")
ROUNDS = 1000
GRADIENT = 1e-4  # largest part of the gradient that a fit ends with
FLAT = 1e-8
HIGHEST = 50.0  # a logarithm above this is no signal

# Losses of each example (n,), and their slopes (n, outputs), from linear scores and targets.
Loss = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def fit(values: Any, fold: Fold, strength: float, loss: Loss | None = None, scaled: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """weight and bias of the fold's outcome. values: (n, features), dense or a CSR matrix. strength: of the penalty.

    loss: another than the kind's own. scaled: whether features are taken as scaled. Raises InputError for classes that cannot be told apart, ToolError where the fit
    does not converge.
    """
    kind = fold.outcome.kind
    if kind in ("binary", "multiclass"):
        classes_of(fold)
    target, level, unit = _targets(kind, fold)
    weight, bias = minimised(
        values, target, fold.weights, loss or LOSSES[kind], strength, _start(kind, target, fold.weights), scaled
    )
    return weight * unit, bias * unit + level


def predicted(kind: str, scores: np.ndarray) -> np.ndarray:
    """Predictions, shaped as `outcome` says, of linear scores (n, outputs)."""
    if kind == "regression":
        return scores[:, 0]
    return np.exp(np.minimum(scores, HIGHEST)) if kind == "profile" else probabilities(kind, scores)


def minimised(
    values: Any, target: np.ndarray, weights: np.ndarray, loss: Loss, strength: float, start: np.ndarray, scaled: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """weight (features, outputs) and bias of the least mean loss + strength / 2 × squared coefficients, by L-BFGS.

    start: biases (outputs,) to begin with. Raises ToolError where the fit does not converge.
    """
    from scipy.optimize import minimize

    mean, deviation = moments(values)
    deviation = deviation if scaled else np.ones(len(mean))
    share = (weights / weights.sum())[:, None]
    shape = (values.shape[1], len(start))
    across = values.T

    def objective(point: np.ndarray) -> tuple[float, np.ndarray]:
        own, bias = point[: -len(start)].reshape(shape), point[-len(start) :]
        plain = own / deviation[:, None]
        scores = values @ plain.astype(values.dtype) + (bias - mean @ plain)
        height, slope = loss(scores.astype(np.float64), target)
        slope = slope * share
        total = slope.sum(axis=0)
        descent = (across @ slope.astype(values.dtype) - mean[:, None] * total) / deviation[:, None] + strength * own
        value = float(height @ share[:, 0]) + strength / 2 * float((own**2).sum())
        return value, np.concatenate([descent.ravel(), total])

    begin = np.concatenate([np.zeros(shape[0] * shape[1]), start])
    options = {"maxiter": ROUNDS, "maxfun": 2 * ROUNDS, "gtol": GRADIENT / 10, "ftol": 1e-9, "maxcor": 20}
    found = minimize(objective, begin, jac=True, method="L-BFGS-B", options=options)
    if found.nit >= ROUNDS and np.abs(found.jac).max() > GRADIENT:
        raise ToolError(f"the fit did not converge within {ROUNDS} rounds at a penalty of {strength}")
    plain = found.x[: -len(start)].reshape(shape) / deviation[:, None]
    return plain, found.x[-len(start) :] - mean @ plain


def moments(values: Any) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation of each column of a dense or CSR matrix; the deviation of one that does not vary is infinite:
    nothing is learned of it."""
    squares = (
        values**2
        if isinstance(values, np.ndarray)
        else type(values)((values.data**2, values.indices, values.indptr), values.shape)
    )
    mean = np.asarray(values.mean(axis=0, dtype=np.float64)).ravel()
    variance = np.asarray(squares.mean(axis=0, dtype=np.float64)).ravel() - mean**2
    deviation = np.sqrt(np.maximum(variance, 0))
    return mean, np.where(deviation > FLAT, deviation, np.inf)


def _targets(kind: str, fold: Fold) -> tuple[np.ndarray, np.ndarray | float, float]:
    """Targets (n, outputs) as the loss takes them, and what scores are shifted and multiplied by afterwards."""
    labels = np.asarray(fold.labels)
    if kind == "multiclass":
        return (labels[:, None] == np.arange(fold.outcome.outputs)).astype(float), 0.0, 1.0
    if kind == "profile":
        unit = max(float(labels.mean(dtype=np.float64)), 1e-12)
        return labels / unit, float(np.log(unit)), 1.0
    target = labels.reshape(len(labels), -1).astype(float)
    if kind != "regression":
        return target, 0.0, 1.0
    level, unit = np.average(target[:, 0], weights=fold.weights), float(target.std())
    unit = unit if unit > FLAT else 1.0
    return (target - level) / unit, level, unit


def _start(kind: str, target: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Biases of a model without features, each outcome taken to have been seen once more than it was."""
    if kind == "regression":
        return np.zeros(1)
    rate = (weights @ target + 1) / (weights.sum() + 2)
    return np.log(rate) if kind in ("multiclass", "profile") else np.log(rate / (1 - np.minimum(rate, 1 - 1e-9)))


def logistic(scores: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log loss of each output by itself."""
    return (np.logaddexp(0, scores) - target * scores).sum(axis=1), sigmoid(scores) - target


def multinomial(scores: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log loss of classes, one of them true."""
    height = np.logaddexp.reduce(scores, axis=1)
    return height - (target * scores).sum(axis=1), np.exp(scores - height[:, None]) - target


def squared(scores: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Half the squared error."""
    gap = scores - target
    return (gap**2).sum(axis=1) / 2, gap


def poisson(scores: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Poisson loss of the logarithm of a signal, less what does not hang on it; straight above HIGHEST."""
    held = np.exp(np.minimum(scores, HIGHEST))
    return (held * (1 + np.maximum(scores - HIGHEST, 0)) - target * scores).sum(axis=1), held - target


def margin(scores: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Squared hinge of each output by itself: of the linear support vector machine (Fan et al. 2008)."""
    sign = 2 * target - 1
    short = np.maximum(1 - sign * scores, 0)
    return (short**2).sum(axis=1), -2 * sign * short


LOSSES = {"binary": logistic, "multilabel": logistic, "multiclass": multinomial, "regression": squared, "profile": poisson}
