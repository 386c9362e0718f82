"""Cox proportional hazards with an elastic net (Cox 1972; Simon, Friedman, Hastie, Tibshirani 2011)."""

from typing import Any

import numpy as np

from readsight.dataset.fold_file import Fold
from readsight.errors import InputError
from readsight.models.fitted_model import FittedModel
from readsight.models.linear_base import describe_outcome, load_module, pack_arrays, predict, randomise_weights
from readsight.models.tabular import elastic_net_solver

__all__ = ["train", "predict", "load_module", "randomise_weights", "search_space"]

KINDS = ("survival",)
GRID = [{"l1_ratio": ratio, "strength": strength} for ratio in (0.05, 0.5, 0.9) for strength in (0.5, 0.2, 0.1, 0.05)]


def search_space(trial: Any) -> dict[str, Any]:
    """Settings of an Optuna trial."""
    return {
        "l1_ratio": trial.suggest_float("l1_ratio", 0.01, 1.0),
        "strength": trial.suggest_float("strength", 0.02, 0.8, log=True),
    }


def train(train: Fold, validation: Fold | None, settings: dict[str, Any], seed: int, threads: int) -> FittedModel:
    """Fit; ties by Breslow. settings: l1_ratio, strength (fraction of the smallest penalty that removes all features).

    Raises InputError if no event was observed.
    """
    loss = make_loss(train)
    values = train.values.astype(np.float64)
    solution = elastic_net_solver.solve(values, loss, 1, settings["strength"], settings["l1_ratio"], bias=False)
    description = {name: settings[name] for name in ("l1_ratio", "strength")} | {
        "features_kept": int((solution.weight != 0).sum())
    }
    return FittedModel(pack_arrays(train.outcome, solution.weight, solution.bias), describe_outcome(train.outcome) | description)


def make_loss(fold: Fold) -> elastic_net_solver.Loss:
    """Partial log loss of a fold. Raises InputError if it has no event."""
    time, event = fold.labels.T
    if not (event > 0).any():
        raise InputError(f"models: none of {len(fold)} examples of a training set has an event; lower split.folds or split.inner")
    return elastic_net_solver.make_cox_loss(time, event, fold.weights)
