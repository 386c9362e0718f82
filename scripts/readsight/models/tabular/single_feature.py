"""One feature alone, as logistic regression on it: the ranking that users have without any learning."""

from typing import Any

import numpy as np

from readsight.dataset.fold_file import Fold
from readsight.models.fitted_model import Fitted
from readsight.models.linear_base import by_class, feature_place, module, packed, predict, redrawn, told
from readsight.models.tabular.logistic import solver

__all__ = ["train", "predict", "module", "redrawn"]

KINDS = ("binary", "multiclass", "multilabel")
STRENGTH = 1e3


def train(train: Fold, validation: Fold | None, settings: dict[str, Any], seed: int, threads: int) -> Fitted:
    """Fit on the feature that settings["feature"] names. Raises InputError where the examples do not have it."""
    place = feature_place(train, settings["feature"])
    fit = solver(STRENGTH)

    def solve(values: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        own, bias = fit(values[:, [place]], labels, weights)
        weight = np.zeros((len(own), values.shape[1]))
        weight[:, place] = own[:, 0]
        return weight, bias

    weight, bias = by_class(train, solve)
    return Fitted(packed(train.outcome, weight, bias), told(train.outcome) | {"feature": train.features[place]})
