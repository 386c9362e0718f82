"""What linear models share: fitting each kind of outcome, prediction, and the same as a torch module.

weight (features,) and bias (1,) of a model with one logit (or log hazard), (K, features) and (K,) of several.
about: kind (of outcome), outputs (number of logits).
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

# Coefficients (outputs, features) and biases (outputs,) from values, labels and weights; labels are 0, 1, … without a gap.
Solver = Callable[[np.ndarray, np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def to_probabilities(kind: str, logits: np.ndarray) -> np.ndarray:
    """Predictions, shaped as `outcome` says, of logits (n, outputs): for survival the log hazard itself."""
    if kind == "multiclass":
        return softmax(logits)
    predictions = logits if kind == "survival" else sigmoid(logits)
    return predictions if kind == "multilabel" else predictions[:, 0]


def compute_logits(arrays: dict[str, np.ndarray], values: np.ndarray) -> np.ndarray:
    """Logits (n, outputs) of values (n, features)."""
    return values.astype(np.float64) @ np.atleast_2d(arrays["weight"]).T + arrays["bias"]


def predict(arrays: dict[str, np.ndarray], description: dict[str, Any], values: np.ndarray) -> np.ndarray:
    """Predictions of values (n, features), shaped as `outcome` says."""
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
    """The same model with random weights of the same spread."""
    rng = np.random.default_rng(seed)
    weight = arrays["weight"]
    return arrays | {"weight": rng.normal(0, max(float(weight.std()), 1e-6), weight.shape)}


def pack_arrays(outcome: Outcome, weight: np.ndarray, bias: np.ndarray) -> dict[str, np.ndarray]:
    """Arrays of a model from coefficients (outputs, features) and biases (outputs,)."""
    is_single = outcome.kind in ("binary", "survival")
    return {"weight": np.ascontiguousarray(weight[0] if is_single else weight), "bias": np.ascontiguousarray(bias)}


def describe_outcome(outcome: Outcome) -> dict[str, Any]:
    """What `predict` needs to know besides arrays."""
    return {"kind": outcome.kind, "outputs": outcome.output_count}


def list_classes(fold: Fold) -> np.ndarray:
    """Classes of which the fold has examples. Raises InputError where it has one alone: nothing can be told apart."""
    classes = np.unique(fold.labels)
    if len(classes) < 2:
        name = fold.outcome.classes[int(classes[0])]
        raise InputError(
            f"models: all {len(fold)} examples of a training part are of class {name!r}; nothing can be told apart: "
            "lower split.folds or split.inner, or leave out classes with few examples"
        )
    return classes


def fit_outputs(fold: Fold, solve: Solver) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients and biases of all outputs, classes solved together and labels one by one.

    A class without an example here gets no weight, and less chance than any that has one; a label that is
    always or never there gets its (smoothed) frequency.
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
    if len(coefficients) == 1:  # of two classes, by one logit
        coefficients, biases = np.vstack([-coefficients, coefficients]) / 2, np.concatenate([-biases, biases]) / 2
    bias[:] = biases.min() - np.log(len(fold))
    weight[classes], bias[classes] = coefficients, biases
    return weight, bias


def constant_log_odds(labels: np.ndarray) -> float:
    """Log odds of a label, each outcome taken to have been seen once more than it was."""
    positive = int((labels == 1).sum())
    return float(np.log((positive + 1) / (len(labels) - positive + 1)))


def rotate_features(values: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Values turned into as many columns as there are examples, and the turn (columns, features); None where there are fewer features.

    A model whose penalty is the length of its coefficients (L2) is the same after a rotation: coefficients of the
    turned values @ the turn are those of the values (Hastie, Tibshirani 2004). It makes thousands of genes cheap.
    """
    if values.shape[1] <= values.shape[0]:
        return values, None
    left, sizes, rotation = np.linalg.svd(values, full_matrices=False)
    return left * sizes, rotation


def find_feature(fold: Fold, name: str) -> int:
    """Column of a feature, by its name, its name within its modality, its symbol, or its id without version, where one has it.

    Raises InputError where there is none, or several.
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
                f"single_feature: {len(positions)} features are called {name!r}; say which: {', '.join(fold.features[i] for i in positions[:5])}"
            )
    closest = find_closest(name, [*feature_names, *(symbol for names in symbols for symbol in names)], cutoff=0.7)
    examples = ", ".join(fold.features[:MAX_SHOWN]) + (", …" if len(fold.features) > MAX_SHOWN else "")
    raise InputError(
        f"single_feature: the examples have no feature {name!r}; "
        + (f"did you mean {closest!r}?" if closest else f"there are: {examples}")
        + "; one that is measured, but not kept in each fold, needs a larger select.count" * ("feature" in fold.var)
    )
