"""The negative control: a linear model trained on shuffled labels, many times over. It must rank by chance.

One draw proves little: where a feature tells the classes apart, a random
direction ranks them well or badly, as luck has it. The draws together centre on chance.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from readsight.dataset.fold_file import Fold
from readsight.models.fitted_model import Fitted
from readsight.models.linear_base import by_class, narrowed, probabilities, told
from readsight.models.tabular import elastic_net_solver
from readsight.models.tabular.cox import loss_of
from readsight.models.tabular.logistic import solver

DRAWS = 20
STRENGTH = 0.1
HAZARD = {"strength": 0.2, "ratio": 0.0}


def shuffled(fold: Fold, seed: int) -> Fold:
    """The same examples with their labels (and what they weigh) dealt out at random."""
    order = np.random.default_rng(seed).permutation(len(fold))
    return replace(fold, labels=fold.labels[order], weights=fold.weights[order])


def train(train: Fold, validation: Fold | None, settings: dict[str, Any], seed: int, threads: int) -> Fitted:
    """Fit once for each draw: logistic regression, or for survival Cox's, under an L2 penalty.

    weight (draws, outputs, features), bias (draws, outputs).
    """
    narrow, turn = narrowed(train.values.astype(np.float64))
    turned = replace(train, values=narrow)
    fits = [_fit(shuffled(turned, 1000 * seed + draw)) for draw in range(DRAWS)]
    weight, bias = (np.array(part) for part in zip(*fits, strict=True))
    return Fitted({"weight": weight if turn is None else weight @ turn, "bias": bias}, told(train.outcome) | {"draws": DRAWS})


def _fit(fold: Fold) -> tuple[np.ndarray, np.ndarray]:
    if fold.outcome.kind == "survival":
        found = elastic_net_solver.solve(fold.values, loss_of(fold), 1, bias=False, **HAZARD)
        return found.weight, found.bias
    return by_class(fold, solver(STRENGTH))


def predict(arrays: dict[str, np.ndarray], about: dict[str, Any], values: np.ndarray) -> np.ndarray:
    """Predictions by each draw: (draws, n), or (draws, n, K) where there are several a row."""
    logits = np.einsum("nf,dkf->dnk", values.astype(np.float64), arrays["weight"], optimize=True) + arrays["bias"][:, None]
    return np.array([probabilities(about["kind"], own) for own in logits])
