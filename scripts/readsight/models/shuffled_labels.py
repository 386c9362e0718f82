"""The negative control: logistic regression trained on shuffled labels, many times over. It must rank by chance.

One draw proves little: where a feature tells the classes apart, a random
direction ranks them well or badly, as luck has it. The draws together centre on chance.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from readsight.foldfile import Fold
from readsight.models.fitted import Fitted

DRAWS = 20
STRENGTH = 0.1


def shuffled(fold: Fold, seed: int) -> Fold:
    """The same examples with their labels (and what they weigh) dealt out at random."""
    order = np.random.default_rng(seed).permutation(len(fold))
    return replace(fold, labels=fold.labels[order], weights=fold.weights[order])


def train(train: Fold, validation: Fold, settings: dict[str, Any], seed: int, threads: int) -> Fitted:
    """Fit once for each draw; weight (draws, features), bias (draws,)."""
    from sklearn.linear_model import LogisticRegression

    weights, biases = [], []
    for draw in range(DRAWS):
        fold = shuffled(train, 1000 * seed + draw)
        model = LogisticRegression(C=STRENGTH, max_iter=2000)
        model.fit(fold.values.astype(np.float64), fold.labels, sample_weight=fold.weights)
        weights.append(model.coef_[0])
        biases.append(model.intercept_[0])
    return Fitted({"weight": np.array(weights), "bias": np.array(biases)}, {"draws": DRAWS})


def predict(arrays: dict[str, np.ndarray], about: dict[str, Any], values: np.ndarray) -> np.ndarray:
    """Probability of class 1 by each draw, (n, draws)."""
    logits = values.astype(np.float64) @ arrays["weight"].T + arrays["bias"]
    return 1 / (1 + np.exp(-np.clip(logits, -700, 700)))
