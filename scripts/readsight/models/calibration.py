"""Temperature scaling with offsets, fitted on validation examples (Guo et al. 2017; Platt 2000).

A balanced training fold shifts the base rate, which a temperature alone cannot correct: hence the offsets. For two
classes, and for each of several labels, the map is monotone and keeps rankings. Several classes share one temperature
and have an offset each. The bases of sequences share a temperature without offsets, since they are not balanced.
Survival, regression and profile predictions are no probabilities and are not calibrated.
"""

from typing import Any

import numpy as np

from readsight.dataset.outcome import UNCOUNTED

EDGE = 1e-6  # probabilities are clipped to [EDGE, 1 − EDGE] before the logit
LIMITS = (0.05, 5.0)  # 1 / temperature
MAX_BASES = 1_000_000  # maximum for fitting a temperature; more do not change relevant digits
UNCALIBRATED = ("survival", "regression", "profile")
IDENTITY = {"temperature": 1.0, "offset": 0.0}


def logit(probability: np.ndarray) -> np.ndarray:
    """Log odds of probabilities, clipped to [EDGE, 1 − EDGE]."""
    clipped = np.clip(probability, EDGE, 1 - EDGE)
    return np.log(clipped / (1 - clipped))


def sigmoid(logits: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(logits, -700, 700)))


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities of logits (…, K); the last axis sums to 1."""
    exponentials = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def fit(kind: str, predictions: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """Temperature (> 0) and offset that minimise the log loss of validation examples.

    Parameters
    ----------
    kind, predictions, labels : as in `readsight.dataset.outcome`.

    Returns
    -------
    dict with temperature and offset. binary: two numbers. multiclass: offset is a list of K that sums to 0. multilabel:
    both are lists, one number per label. positions: offset is 0. Remaining kinds: IDENTITY.
    """
    if kind == "binary":
        return fit_platt(predictions, labels)
    if kind == "multiclass":
        return _fit_vector(predictions, labels)
    if kind == "multilabel":
        fits = [fit_platt(predictions[:, i], labels[:, i]) for i in range(predictions.shape[1])]
        return {key: [label_fit[key] for label_fit in fits] for key in ("temperature", "offset")}
    if kind == "positions":
        return {"temperature": _fit_temperature(*_select_bases(predictions, labels)), "offset": 0.0}
    return dict(IDENTITY)


def apply(kind: str, predictions: np.ndarray, scale: dict[str, Any]) -> np.ndarray:
    """Calibrated predictions, same shape as the input."""
    if kind in UNCALIBRATED:
        return predictions
    if kind == "positions":  # in the precision of the input, which may be large
        return softmax(
            np.log(np.clip(predictions, predictions.dtype.type(EDGE), 1)) / predictions.dtype.type(scale["temperature"])
        )
    temperature, offset = np.asarray(scale["temperature"]), np.asarray(scale["offset"])
    if kind == "multiclass":
        return softmax(np.log(np.clip(predictions, EDGE, 1)) / temperature + offset)
    return sigmoid(logit(predictions) / temperature + offset)


def _select_bases(predictions: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Counted bases, at most MAX_BASES sampled evenly: probabilities (m, K) and classes (m,). predictions: (n, length, K)."""
    positions = np.flatnonzero(np.asarray(labels).ravel() != UNCOUNTED)
    if len(positions) > MAX_BASES:
        positions = np.sort(np.random.default_rng(0).choice(positions, MAX_BASES, replace=False))
    return predictions.reshape(-1, predictions.shape[-1])[positions].astype(float), np.asarray(labels).ravel()[positions].astype(
        int
    )


def _fit_temperature(predictions: np.ndarray, labels: np.ndarray) -> float:
    """Temperature that minimises the log loss of probabilities (m, K); 1 without examples."""
    if not len(labels):
        return 1.0
    logits = np.log(np.clip(predictions, EDGE, 1))
    label_logits = logits[np.arange(len(labels)), labels]

    def loss(log_slope: float) -> float:
        scaled = np.exp(log_slope) * logits
        top = scaled.max(axis=1)
        return float(np.mean(top + np.log(np.exp(scaled - top[:, None]).sum(axis=1)) - np.exp(log_slope) * label_logits))

    return float(1 / np.exp(_golden_section(loss, np.log(LIMITS[0]), np.log(LIMITS[1]), rounds=40)))


def fit_platt(probability: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Temperature and offset for the probability of one class, (n,).

    Targets are (N+ + 1) / (N+ + 2) and 1 / (N− + 2) after Platt, so that separable classes do not drive the scale to infinity.
    """
    logits = logit(probability)
    positive = int((labels == 1).sum())
    negative = len(labels) - positive
    targets = np.where(labels == 1, (positive + 1) / (positive + 2), 1 / (negative + 2))

    def find_offset(slope: float) -> float:
        low, high = -60.0, 60.0
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if sigmoid(slope * logits + middle).sum() < targets.sum() else (low, middle)
        return (low + high) / 2

    def loss(log_slope: float) -> float:
        slope = float(np.exp(log_slope))
        scaled = slope * logits + find_offset(slope)
        return float(np.mean(np.logaddexp(0, scaled) - targets * scaled))

    slope = float(np.exp(_golden_section(loss, np.log(LIMITS[0]), np.log(LIMITS[1]))))
    return {"temperature": 1 / slope, "offset": find_offset(slope)}


def _fit_vector(predictions: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """One temperature and one offset per class, by L-BFGS.

    Targets are Platt's, extended to K classes: (N + 1) / (N + K) for the true class, which has N examples, and 1 / (N + K)
    for each different class. A normal prior of one nat regularises the offsets of classes with few examples.
    """
    from scipy.optimize import minimize

    number, classes = predictions.shape
    logits = np.log(np.clip(predictions, EDGE, 1))
    counts = np.bincount(labels, minlength=classes)[labels]
    targets = np.repeat(1 / (counts + classes), classes).reshape(number, classes)
    targets[np.arange(number), labels] *= counts + 1

    def loss(values: np.ndarray) -> tuple[float, np.ndarray]:
        slope, offset = np.exp(values[0]), values[1:]
        scaled = slope * logits + offset
        scaled -= scaled.max(axis=1, keepdims=True)
        log_probability = scaled - np.log(np.exp(scaled).sum(axis=1, keepdims=True))
        error = np.exp(log_probability) - targets
        value = -(targets * log_probability).sum() + offset @ offset / 2
        gradient = np.concatenate([[slope * (error * logits).sum()], error.sum(axis=0) + offset])
        return value / number, gradient / number

    bounds = [tuple(np.log(LIMITS)), *[(-20.0, 20.0)] * classes]
    options = {"ftol": 1e-14, "gtol": 1e-9, "maxiter": 1000}
    solution = minimize(loss, np.zeros(classes + 1), jac=True, bounds=bounds, method="L-BFGS-B", options=options).x
    offset = solution[1:] - solution[1:].mean()
    return {"temperature": float(np.exp(-solution[0])), "offset": offset.tolist()}


def _golden_section(function, low: float, high: float, rounds: int = 60) -> float:
    """Position of the minimum of a unimodal function, by golden-section search."""
    ratio = (np.sqrt(5) - 1) / 2
    lower, upper = high - ratio * (high - low), low + ratio * (high - low)
    lower_value, upper_value = function(lower), function(upper)
    for _ in range(rounds):
        if lower_value < upper_value:
            high, upper, upper_value = upper, lower, lower_value
            lower = high - ratio * (high - low)
            lower_value = function(lower)
        else:
            low, lower, lower_value = lower, upper, upper_value
            upper = low + ratio * (high - low)
            upper_value = function(upper)
    return (low + high) / 2
