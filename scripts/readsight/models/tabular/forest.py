"""Random forest, stored as plain arrays instead of a pickle, so that a stored model is pure data."""

from typing import Any

import numpy as np

from readsight.dataset.fold_file import Fold
from readsight.models.fitted_model import FittedModel
from readsight.models.linear_base import describe_outcome, list_classes
from readsight.models.tabular.array_trees import apply_in_chunks, find_leaves, join_trees

KINDS = ("binary", "multiclass", "multilabel")
DEFAULTS = {"trees": 200, "min_samples_leaf": 2, "max_features": "sqrt"}


def search_space(trial: Any) -> dict[str, Any]:
    """Settings of an Optuna trial."""
    return {
        "min_samples_leaf": trial.suggest_int("min_samples_leaf", 1, 10),
        "max_features": trial.suggest_categorical("max_features", ["sqrt", "log2", 0.1, 0.3]),
    }


def train(train: Fold, validation: Fold | None, settings: dict[str, Any], seed: int, threads: int) -> FittedModel:
    """Random forest (scikit-learn; Breiman 2001). settings: trees, min_samples_leaf, max_features; missing ones from DEFAULTS."""
    from sklearn.ensemble import RandomForestClassifier

    options = DEFAULTS | settings
    if train.outcome.kind != "multilabel":
        list_classes(train)
    model = RandomForestClassifier(
        options["trees"],
        min_samples_leaf=options["min_samples_leaf"],
        max_features=options["max_features"],
        random_state=seed,
        n_jobs=threads,
    )
    model.fit(train.values, train.labels, sample_weight=train.weights)
    return FittedModel(
        export_forest(model, train.outcome.kind, train.outcome.output_count),
        describe_outcome(train.outcome) | {k: options[k] for k in DEFAULTS},
    )


def export_forest(model: Any, kind: str = "binary", outputs: int = 1) -> dict[str, np.ndarray]:
    """A fitted scikit-learn forest as arrays over all nodes (`array_trees`), with value (nodes, outputs).

    value: probability of class 1 for binary outcomes; of each class or label for multiclass and multilabel.
    """
    trees = [
        {
            "left": estimator.tree_.children_left,
            "right": estimator.tree_.children_right,
            "feature": estimator.tree_.feature,
            "threshold": estimator.tree_.threshold,
            "value": _node_probabilities(model, estimator.tree_.value, kind, outputs),
        }
        for estimator in model.estimators_
    ]
    return join_trees(trees, max(estimator.tree_.max_depth for estimator in model.estimators_))


def _node_probabilities(model: Any, counts: np.ndarray, kind: str, outputs: int) -> np.ndarray:
    """Probabilities (nodes, outputs) from counts (nodes, labels, classes) of a tree."""
    share = counts / counts.sum(axis=2, keepdims=True)
    probabilities = np.zeros((len(counts), outputs))
    if kind == "multiclass":
        probabilities[:, model.classes_.astype(int)] = share[:, 0]
        return probabilities
    classes = [model.classes_] if kind == "binary" else model.classes_
    for label, label_classes in enumerate(classes):
        for column, label_class in enumerate(label_classes):
            if label_class == 1:
                probabilities[:, label] = share[:, label, column]
    return probabilities


def predict(arrays: dict[str, np.ndarray], description: dict[str, Any], values: np.ndarray) -> np.ndarray:
    """Probabilities, shaped as in `outcome`: mean over trees."""
    predictions = apply_in_chunks(lambda rows: arrays["value"][find_leaves(arrays, rows)].mean(axis=1), values.astype(np.float32))
    return predictions[:, 0] if description.get("kind", "binary") == "binary" else predictions
