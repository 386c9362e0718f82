"""Negative control: a linear model trained repeatedly on shuffled labels. It must rank by chance.

A single draw is not conclusive: where a feature separates the classes, a random direction may rank them well or badly. The
mean over draws is at chance level.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from readsight.dataset.fold_file import Fold
from readsight.models.fitted_model import FittedModel
from readsight.models.linear_base import describe_outcome, fit_outputs, rotate_features, to_probabilities
from readsight.models.tabular import elastic_net_solver
from readsight.models.tabular.cox import make_loss
from readsight.models.tabular.logistic import make_solver

DRAWS = 20
STRENGTH = 0.1
COX_OPTIONS = {"strength": 0.2, "ratio": 0.0}


def shuffle_labels(fold: Fold, seed: int) -> Fold:
    """The same examples with labels (and weights) permuted at random."""
    order = np.random.default_rng(seed).permutation(len(fold))
    return replace(fold, labels=fold.labels[order], weights=fold.weights[order])


def train(train: Fold, validation: Fold | None, settings: dict[str, Any], seed: int, threads: int) -> FittedModel:
    """Fit once per draw: logistic regression, or Cox regression for survival, with an L2 penalty.

    weight (draws, outputs, features), bias (draws, outputs).
    """
    rotated, rotation = rotate_features(train.values.astype(np.float64))
    rotated_fold = replace(train, values=rotated)
    fits = [_fit_draw(shuffle_labels(rotated_fold, 1000 * seed + draw)) for draw in range(DRAWS)]
    weight, bias = (np.array(arrays) for arrays in zip(*fits, strict=True))
    return FittedModel(
        {"weight": weight if rotation is None else weight @ rotation, "bias": bias},
        describe_outcome(train.outcome) | {"draws": DRAWS},
    )


def _fit_draw(fold: Fold) -> tuple[np.ndarray, np.ndarray]:
    if fold.outcome.kind == "survival":
        solution = elastic_net_solver.solve(fold.values, make_loss(fold), 1, bias=False, **COX_OPTIONS)
        return solution.weight, solution.bias
    return fit_outputs(fold, make_solver(STRENGTH))


def predict(arrays: dict[str, np.ndarray], description: dict[str, Any], values: np.ndarray) -> np.ndarray:
    """Predictions of each draw: (draws, n), or (draws, n, K) with several outputs."""
    logits = np.einsum("nf,dkf->dnk", values.astype(np.float64), arrays["weight"], optimize=True) + arrays["bias"][:, None]
    return np.array([to_probabilities(description["kind"], draw_logits) for draw_logits in logits])
