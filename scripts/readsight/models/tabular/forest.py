"""Random forest, kept as plain arrays: no pickle, so that a stored model is data and nothing else."""

from typing import Any

import numpy as np

from readsight.dataset.fold_file import Fold
from readsight.models.fitted_model import Fitted
from readsight.models.linear_base import classes_of, told
from readsight.models.tabular.array_trees import by_rows, joined, leaves

KINDS = ("binary", "multiclass", "multilabel")
DEFAULTS = {"trees": 200, "min_samples_leaf": 2, "max_features": "sqrt"}


def space(trial: Any) -> dict[str, Any]:
    """Settings of an Optuna trial."""
    return {
        "min_samples_leaf": trial.suggest_int("min_samples_leaf", 1, 10),
        "max_features": trial.suggest_categorical("max_features", ["sqrt", "log2", 0.1, 0.3]),
    }


def train(train: Fold, validation: Fold | None, settings: dict[str, Any], seed: int, threads: int) -> Fitted:
    """Random forest (scikit-learn; Breiman 2001). settings: trees, min_samples_leaf, max_features; DEFAULTS where not given."""
    from sklearn.ensemble import RandomForestClassifier

    own = DEFAULTS | settings
    if train.outcome.kind != "multilabel":
        classes_of(train)
    model = RandomForestClassifier(
        own["trees"],
        min_samples_leaf=own["min_samples_leaf"],
        max_features=own["max_features"],
        random_state=seed,
        n_jobs=threads,
    )
    model.fit(train.values, train.labels, sample_weight=train.weights)
    return Fitted(export(model, train.outcome.kind, train.outcome.outputs), told(train.outcome) | {k: own[k] for k in DEFAULTS})


def export(model: Any, kind: str = "binary", outputs: int = 1) -> dict[str, np.ndarray]:
    """A fitted scikit-learn forest as arrays over all nodes (`trees`), with value (nodes, outputs).

    value: of two classes the probability of class 1; of several that of each; of labels that of each.
    """
    trees = [
        {
            "left": estimator.tree_.children_left,
            "right": estimator.tree_.children_right,
            "feature": estimator.tree_.feature,
            "threshold": estimator.tree_.threshold,
            "value": _values(model, estimator.tree_.value, kind, outputs),
        }
        for estimator in model.estimators_
    ]
    return joined(trees, max(estimator.tree_.max_depth for estimator in model.estimators_))


def _values(model: Any, counts: np.ndarray, kind: str, outputs: int) -> np.ndarray:
    """Probabilities (nodes, outputs) of a tree's counts (nodes, labels, classes)."""
    share = counts / counts.sum(axis=2, keepdims=True)
    found = np.zeros((len(counts), outputs))
    if kind == "multiclass":
        found[:, model.classes_.astype(int)] = share[:, 0]
        return found
    classes = [model.classes_] if kind == "binary" else model.classes_
    for label, own in enumerate(classes):
        for place, name in enumerate(own):
            if name == 1:
                found[:, label] = share[:, label, place]
    return found


def predict(arrays: dict[str, np.ndarray], about: dict[str, Any], values: np.ndarray) -> np.ndarray:
    """Probabilities, shaped as `outcome` says: the mean over trees."""
    found = by_rows(lambda rows: arrays["value"][leaves(arrays, rows)].mean(axis=1), values.astype(np.float32))
    return found[:, 0] if about.get("kind", "binary") == "binary" else found
