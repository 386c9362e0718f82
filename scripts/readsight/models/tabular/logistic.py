"""Logistic regression under an L2 penalty: binary, multinomial, or one a label."""

import warnings
from typing import Any

import numpy as np

from readsight.dataset.fold_file import Fold
from readsight.errors import ToolError
from readsight.models.fitted_model import Fitted
from readsight.models.linear_base import by_class, module, narrowed, packed, predict, redrawn, told

__all__ = ["train", "predict", "module", "redrawn", "space"]

KINDS = ("binary", "multiclass", "multilabel")
GRID = [{"C": strength} for strength in (0.001, 0.01, 0.1, 1.0, 10.0)]
ROUNDS = 2000


def space(trial: Any) -> dict[str, Any]:
    """Settings of an Optuna trial."""
    return {"C": trial.suggest_float("C", 1e-4, 1e2, log=True)}


def train(train: Fold, validation: Fold | None, settings: dict[str, Any], seed: int, threads: int) -> Fitted:
    """Fit (scikit-learn, L-BFGS). settings: C, inverse strength of the penalty."""
    weight, bias = by_class(train, solver(settings["C"]))
    return Fitted(packed(train.outcome, weight, bias), told(train.outcome) | {"C": settings["C"]})


def solver(strength: float) -> Any:
    """A `readsight.models.linear_base.Solver` of that C. Where features are more than examples it solves for the turned ones."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    def solve(values: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        narrow, turn = narrowed(values)
        model = LogisticRegression(C=strength, max_iter=ROUNDS)
        with warnings.catch_warnings():
            warnings.simplefilter("error", ConvergenceWarning)
            try:
                model.fit(narrow, labels, sample_weight=weights)
            except ConvergenceWarning:
                raise ToolError(f"logistic: the fit did not converge within {ROUNDS} rounds at C = {strength}") from None
        return model.coef_ if turn is None else model.coef_ @ turn, model.intercept_

    return solve
