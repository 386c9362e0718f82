"""Logistic regression with an L2 penalty: binary, multinomial, or one model per label."""

import warnings
from typing import Any

import numpy as np

from readsight.dataset.fold_file import Fold
from readsight.errors import ToolError
from readsight.models.fitted_model import FittedModel
from readsight.models.linear_base import (
    describe_outcome,
    fit_outputs,
    load_module,
    pack_arrays,
    predict,
    randomise_weights,
    rotate_features,
)

__all__ = ["train", "predict", "load_module", "randomise_weights", "search_space"]

KINDS = ("binary", "multiclass", "multilabel")
GRID = [{"C": strength} for strength in (0.001, 0.01, 0.1, 1.0, 10.0)]
ROUNDS = 2000


def search_space(trial: Any) -> dict[str, Any]:
    """Settings of an Optuna trial."""
    return {"C": trial.suggest_float("C", 1e-4, 1e2, log=True)}


def train(train: Fold, validation: Fold | None, settings: dict[str, Any], seed: int, threads: int) -> FittedModel:
    """Fit (scikit-learn, L-BFGS). settings: C, inverse strength of the penalty."""
    weight, bias = fit_outputs(train, make_solver(settings["C"]))
    return FittedModel(pack_arrays(train.outcome, weight, bias), describe_outcome(train.outcome) | {"C": settings["C"]})


def make_solver(strength: float) -> Any:
    """A `readsight.models.linear_base.Solver` with this C. It rotates features if they outnumber the examples."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    def solve(values: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rotated, rotation = rotate_features(values)
        model = LogisticRegression(C=strength, max_iter=ROUNDS)
        with warnings.catch_warnings():
            warnings.simplefilter("error", ConvergenceWarning)
            try:
                model.fit(rotated, labels, sample_weight=weights)
            except ConvergenceWarning:
                raise ToolError(f"logistic: the fit did not converge within {ROUNDS} rounds at C = {strength}") from None
        return model.coef_ if rotation is None else model.coef_ @ rotation, model.intercept_

    return solve
