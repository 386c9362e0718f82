"""Logistic regression on a single feature: the ranking available without training a model."""

from typing import Any

import numpy as np

from readsight.dataset.fold_file import Fold
from readsight.models.fitted_model import FittedModel
from readsight.models.linear_base import (
    describe_outcome,
    find_feature,
    fit_outputs,
    load_module,
    pack_arrays,
    predict,
    randomise_weights,
)
from readsight.models.tabular.logistic import make_solver

__all__ = ["train", "predict", "load_module", "randomise_weights"]

KINDS = ("binary", "multiclass", "multilabel")
STRENGTH = 1e3


def train(train: Fold, validation: Fold | None, settings: dict[str, Any], seed: int, threads: int) -> FittedModel:
    """Fit on the feature named in settings["feature"]. Raises InputError if the examples lack it."""
    column = find_feature(train, settings["feature"])
    fit = make_solver(STRENGTH)

    def solve(values: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        coefficients, bias = fit(values[:, [column]], labels, weights)
        weight = np.zeros((len(coefficients), values.shape[1]))
        weight[:, column] = coefficients[:, 0]
        return weight, bias

    weight, bias = fit_outputs(train, solve)
    return FittedModel(
        pack_arrays(train.outcome, weight, bias), describe_outcome(train.outcome) | {"feature": train.features[column]}
    )
