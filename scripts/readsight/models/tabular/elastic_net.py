"""Logistic regression with an elastic net: it selects few features, and keeps correlated ones together."""

from typing import Any

import numpy as np

from readsight.dataset.fold_file import Fold
from readsight.models.fitted_model import FittedModel
from readsight.models.linear_base import describe_outcome, fit_outputs, load_module, pack_arrays, predict, randomise_weights
from readsight.models.tabular import elastic_net_solver

__all__ = ["train", "predict", "load_module", "randomise_weights", "search_space"]

KINDS = ("binary", "multiclass", "multilabel")
# Penalties as fractions of the smallest that removes all features, comparable for any number of examples and genes.
GRID = [{"l1_ratio": ratio, "strength": strength} for ratio in (0.1, 0.5, 0.9) for strength in (0.3, 0.1, 0.03, 0.01, 0.003)]


def search_space(trial: Any) -> dict[str, Any]:
    """Settings of an Optuna trial."""
    return {
        "l1_ratio": trial.suggest_float("l1_ratio", 0.05, 1.0),
        "strength": trial.suggest_float("strength", 0.005, 0.7, log=True),
    }


def train(train: Fold, validation: Fold | None, settings: dict[str, Any], seed: int, threads: int) -> FittedModel:
    """Fit. settings: l1_ratio (1: lasso), strength (fraction of the smallest penalty that removes all features)."""

    def solve(values: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        is_multiclass = train.outcome.kind == "multiclass"
        loss = (
            elastic_net_solver.make_multinomial_loss(labels, weights)
            if is_multiclass
            else elastic_net_solver.make_logistic_loss(labels[:, None], weights)
        )
        outputs = int(labels.max()) + 1 if is_multiclass else 1
        solution = elastic_net_solver.solve(values, loss, outputs, settings["strength"], settings["l1_ratio"])
        return solution.weight, solution.bias

    weight, bias = fit_outputs(train, solve)
    description = {name: settings[name] for name in ("l1_ratio", "strength")}
    feature_count = int((weight != 0).any(axis=0).sum())
    return FittedModel(
        pack_arrays(train.outcome, weight, bias), describe_outcome(train.outcome) | description | {"features_kept": feature_count}
    )
