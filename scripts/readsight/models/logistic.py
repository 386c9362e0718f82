"""Logistic regression; its penalty is chosen on the fold's validation part."""

from typing import Any

import numpy as np

from readsight.foldfile import Fold
from readsight.models.fitted import Fitted
from readsight.models.linear import log_loss, module, predict, redrawn

__all__ = ["train", "predict", "module", "redrawn"]

PENALTIES = (0.001, 0.01, 0.1, 1.0, 10.0)


def train(train: Fold, validation: Fold, settings: dict[str, Any], seed: int, threads: int) -> Fitted:
    """L2 logistic regression (scikit-learn), the best of `PENALTIES` (inverse strength C) by validation log loss."""
    from sklearn.linear_model import LogisticRegression

    best, scores = None, {}
    for strength in PENALTIES:
        model = LogisticRegression(C=strength, max_iter=2000)
        model.fit(train.values.astype(np.float64), train.labels, sample_weight=train.weights)
        arrays = {"weight": model.coef_[0].astype(np.float64), "bias": model.intercept_.astype(np.float64)}
        scores[str(strength)] = log_loss(predict(arrays, {}, validation.values), validation.labels)
        if best is None or scores[str(strength)] < scores[str(best[0])]:
            best = strength, arrays
    return Fitted(best[1], {"C": best[0], "validation_loss": scores})
