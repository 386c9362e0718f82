"""Shared parts of linear models: fitting by kind of outcome, prediction, and conversion to a torch module.

Arrays: weight (features,) and bias (1,) for a single logit (or log hazard), else weight (K, features) and bias (K,).
description: kind (of outcome), outputs (number of logits).
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from readsight.dataset.fold_file import Fold
from readsight.dataset.outcome import Outcome
from readsight.errors import InputError
from readsight.formats.gene_ids import strip_version
from readsight.models.calibration import sigmoid, softmax
from readsight.text import find_closest

MAX_SHOWN = 8

# Coefficients (outputs, features) and biases (outputs,) from values, labels and weights; labels are consecutive: 0, 1, …
Solver = Callable[[np.ndarray, np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def to_probabilities(kind: str, logits: np.ndarray) -> np.ndarray:
    """Predictions, shaped as in `outcome`, from logits (n, outputs); for survival the log hazard."""
    if kind == "multiclass":
        return softmax(logits)
    predictions = logits if kind == "survival" else sigmoid(logits)
    return predictions if kind == "multilabel" else predictions[:, 0]


def compute_logits(arrays: dict[str, np.ndarray], values: np.ndarray) -> np.ndarray:
    """Logits (n, outputs) of values (n, features)."""
    return values.astype(np.float64) @ np.atleast_2d(arrays["weight"]).T + arrays["bias"]


def predict(arrays: dict[str, np.ndarray], description: dict[str, Any], values: np.ndarray) -> np.ndarray:
    """Predictions of values (n, features), shaped as in `outcome`."""
    return to_probabilities(description["kind"], compute_logits(arrays, values))


def load_module(arrays: dict[str, np.ndarray], description: dict[str, Any]) -> Any:
    """Torch module, (n, features) → (n,) logits of one output, else (n, outputs)."""
    import torch

    weight = torch.as_tensor(np.atleast_2d(arrays["weight"]))
    layer = torch.nn.Linear(weight.shape[1], weight.shape[0]).double()
    with torch.no_grad():
        layer.weight.copy_(weight)
        layer.bias.copy_(torch.as_tensor(arrays["bias"]))
    is_single = description["kind"] in ("binary", "survival")
    return torch.nn.Sequential(layer, *[torch.nn.Flatten(0)] * is_single).eval()


def randomise_weights(arrays: dict[str, np.ndarray], description: dict[str, Any], seed: int) -> dict[str, np.ndarray]:
    """The same model with random weights of the same standard deviation."""
    rng = np.random.default_rng(seed)
    weight = arrays["weight"]
    return arrays | {"weight": rng.normal(0, max(float(weight.std()), 1e-6), weight.shape)}


def pack_arrays(outcome: Outcome, weight: np.ndarray, bias: np.ndarray) -> dict[str, np.ndarray]:
    """Arrays of a model from coefficients (outputs, features) and biases (outputs,)."""
    is_single = outcome.kind in ("binary", "survival")
    return {"weight": np.ascontiguousarray(weight[0] if is_single else weight), "bias": np.ascontiguousarray(bias)}


def describe_outcome(outcome: Outcome) -> dict[str, Any]:
    """Values that `predict` needs in addition to the arrays."""
    return {"kind": outcome.kind, "outputs": outcome.output_count}


def list_classes(fold: Fold) -> np.ndarray:
    """Classes with examples in the fold. Raises InputError if there is only one."""
    classes = np.unique(fold.labels)
    if len(classes) < 2:
        name = fold.outcome.classes[int(classes[0])]
        raise InputError(
            f"models: all {len(fold)} examples of a training set are of class {name!r}; there is nothing to separate: "
            "lower split.folds or split.inner, or leave out classes with few examples"
        )
    return classes


def fit_outputs(fold: Fold, solve: Solver) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients and biases of all outputs: classes are fitted jointly, labels one by one.

    A class without examples gets zero weights and a bias below that of every class with examples; a constant label gets
    its smoothed frequency.
    """
    values, outputs = fold.values.astype(np.float64), fold.outcome.output_count
    weight, bias = np.zeros((outputs, values.shape[1])), np.zeros(outputs)
    if fold.outcome.kind == "multilabel":
        for i, labels in enumerate(fold.labels.T):
            if labels.min() == labels.max():
                bias[i] = constant_log_odds(labels)
            else:
                (weight[i],), (bias[i],) = solve(values, labels, fold.weights)
        return weight, bias
    classes = list_classes(fold)
    coefficients, biases = solve(values, np.searchsorted(classes, fold.labels), fold.weights)
    if fold.outcome.kind == "binary":
        return coefficients, biases
    if len(coefficients) == 1:  # two classes with a single logit
        coefficients, biases = np.vstack([-coefficients, coefficients]) / 2, np.concatenate([-biases, biases]) / 2
    bias[:] = biases.min() - np.log(len(fold))
    weight[classes], bias[classes] = coefficients, biases
    return weight, bias


def constant_log_odds(labels: np.ndarray) -> float:
    """Log odds of a label, with one pseudo-observation of each value."""
    positive = int((labels == 1).sum())
    return float(np.log((positive + 1) / (len(labels) - positive + 1)))


def rotate_features(values: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Values rotated into as many columns as examples, and the rotation (columns, features); None if there are fewer features.

    An L2-penalised model is invariant to rotation: coefficients of the rotated values @ the rotation are those of the
    values (Hastie, Tibshirani 2004). This makes thousands of genes cheap.
    """
    if values.shape[1] <= values.shape[0]:
        return values, None
    left, sizes, rotation = np.linalg.svd(values, full_matrices=False)
    return left * sizes, rotation


def find_feature(fold: Fold, name: str) -> int:
    """Column of a feature, by its full name, its name within the modality, its symbol, or its identifier without version.

    Raises InputError if no feature matches, or several do.
    """
    if name in fold.features:
        return fold.features.index(name)
    feature_names = fold.var["feature"].astype(str) if "feature" in fold.var else pd.Series(fold.features)
    symbols = [fold.var[column].astype(str) for column in ("symbol", "gene_name") if column in fold.var]
    for names in (feature_names, *symbols, feature_names.map(strip_version)):
        positions = np.flatnonzero(names == name)
        if len(positions) == 1:
            return int(positions[0])
        if len(positions):
            raise InputError(
                f"single_feature: {len(positions)} features are called {name!r}; specify one of: "
                + ", ".join(fold.features[i] for i in positions[:5])
            )
    closest = find_closest(name, [*feature_names, *(symbol for names in symbols for symbol in names)], cutoff=0.7)
    examples = ", ".join(fold.features[:MAX_SHOWN]) + (", …" if len(fold.features) > MAX_SHOWN else "")
    raise InputError(
        f"single_feature: the examples have no feature {name!r}; "
        + (f"did you mean {closest!r}?" if closest else f"there are: {examples}")
        + "; a measured feature that is not selected in each fold needs a larger select.count" * ("feature" in fold.var)
    )
