"""One feature alone, as logistic regression on it: the ranking that users have without any learning."""

from typing import Any

import numpy as np

from readsight.errors import InputError
from readsight.foldfile import Fold
from readsight.models.fitted import Fitted
from readsight.models.linear import module, predict, redrawn

__all__ = ["train", "predict", "module", "redrawn"]


def train(train: Fold, validation: Fold, settings: dict[str, Any], seed: int, threads: int) -> Fitted:
    """Fit on the feature that settings["feature"] names. Raises InputError where the examples do not have it."""
    from sklearn.linear_model import LogisticRegression

    name = settings["feature"]
    if name not in train.features:
        raise InputError(f"single_feature: the examples have no feature {name!r}; there are: {', '.join(train.features)}")
    place = train.features.index(name)
    model = LogisticRegression(C=1e3, max_iter=2000)
    model.fit(train.values[:, [place]].astype(np.float64), train.labels, sample_weight=train.weights)
    weight = np.zeros(len(train.features))
    weight[place] = model.coef_[0, 0]
    return Fitted({"weight": weight, "bias": model.intercept_.astype(np.float64)}, {"feature": name})
