"""Temperature scaling with an offset, fitted on validation (Guo et al. 2017; Platt 2000).

A balanced training fold teaches a wrong base rate, which a temperature alone
cannot undo: hence the offset. The map is monotone: rankings stay as they are.
"""

import numpy as np

EDGE = 1e-6  # probabilities are held within [EDGE, 1 − EDGE] before their logit is taken
LIMITS = (0.05, 5.0)  # 1 / temperature
NONE = {"temperature": 1.0, "offset": 0.0}


def logit(probability: np.ndarray) -> np.ndarray:
    """Log odds of probabilities, those at the edges held back."""
    held = np.clip(probability, EDGE, 1 - EDGE)
    return np.log(held / (1 - held))


def sigmoid(logits: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(logits, -700, 700)))


def fit(probability: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Temperature (> 0) and offset that minimise the log loss of validation examples.

    probability, labels: (n,). Targets are Platt's (N+ + 1) / (N+ + 2) and
    1 / (N− + 2), so that separable classes do not drive the scale to infinity.
    """
    logits = logit(probability)
    positive = int((labels == 1).sum())
    negative = len(labels) - positive
    targets = np.where(labels == 1, (positive + 1) / (positive + 2), 1 / (negative + 2))

    def offset_for(slope: float) -> float:
        low, high = -60.0, 60.0
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if sigmoid(slope * logits + middle).sum() < targets.sum() else (low, middle)
        return (low + high) / 2

    def loss(log_slope: float) -> float:
        slope = float(np.exp(log_slope))
        scaled = slope * logits + offset_for(slope)
        return float(np.mean(np.logaddexp(0, scaled) - targets * scaled))

    slope = float(np.exp(_golden(loss, np.log(LIMITS[0]), np.log(LIMITS[1]))))
    return {"temperature": 1 / slope, "offset": offset_for(slope)}


def apply(probability: np.ndarray, scale: dict[str, float]) -> np.ndarray:
    """Calibrated probabilities, (n,)."""
    return sigmoid(logit(probability) / scale["temperature"] + scale["offset"])


def _golden(function, low: float, high: float, rounds: int = 60) -> float:
    """Where a function of one valley is lowest, by golden section."""
    ratio = (np.sqrt(5) - 1) / 2
    a, b = high - ratio * (high - low), low + ratio * (high - low)
    at_a, at_b = function(a), function(b)
    for _ in range(rounds):
        if at_a < at_b:
            high, b, at_b = b, a, at_a
            a = high - ratio * (high - low)
            at_a = function(a)
        else:
            low, a, at_a = a, b, at_b
            b = low + ratio * (high - low)
            at_b = function(b)
    return (low + high) / 2
