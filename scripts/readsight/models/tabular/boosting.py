"""Gradient-boosted trees, stored as plain arrays."""

from typing import Any

import numpy as np

from readsight.dataset.fold_file import Fold
from readsight.errors import ToolError
from readsight.models.fitted_model import FittedModel
from readsight.models.linear_base import constant_log_odds, describe_outcome, list_classes, to_probabilities
from readsight.models.tabular.array_trees import apply_in_chunks, find_leaves, join_trees

KINDS = ("binary", "multiclass", "multilabel")
DEFAULTS = {"rounds": 100, "learning_rate": 0.1, "leaves": 8, "min_samples_leaf": 5, "l2": 1.0, "features": 0.2}
# Allowed difference between scikit-learn and the array trees: rounding only.
TOLERANCE = 1e-6


def search_space(trial: Any) -> dict[str, Any]:
    """Settings of an Optuna trial."""
    return {
        "rounds": trial.suggest_int("rounds", 25, 200, log=True),
        "learning_rate": trial.suggest_float("learning_rate", 0.02, 0.3, log=True),
        "leaves": trial.suggest_int("leaves", 3, 16),
        "min_samples_leaf": trial.suggest_int("min_samples_leaf", 2, 20),
        "l2": trial.suggest_float("l2", 1e-2, 10.0, log=True),
    }


def train(train: Fold, validation: Fold | None, settings: dict[str, Any], seed: int, threads: int) -> FittedModel:
    """Histogram-based boosted trees (scikit-learn; Ke et al. 2017); several labels one by one.

    settings: rounds, learning_rate, leaves, min_samples_leaf, l2, features (fraction available to each split); missing ones from
    DEFAULTS. Raises ToolError if the arrays do not reproduce the scores of scikit-learn.
    """
    options, outcome = DEFAULTS | settings, train.outcome
    trees, level = [], np.zeros(outcome.output_count)
    if outcome.kind == "multilabel":
        for i, labels in enumerate(train.labels.T):
            if labels.min() == labels.max():
                level[i] = constant_log_odds(labels)
            else:
                label_trees, (level[i],) = _grow_trees(train, labels, options, seed + i, threads)
                trees += [(tree, i) for tree, _ in label_trees]
    else:
        classes = list_classes(train)
        outputs = classes if outcome.kind == "multiclass" else np.array([0])
        trees, initial = _grow_trees(train, np.searchsorted(classes, train.labels), options, seed, threads)
        if len(initial) < len(outputs):  # two classes with a single logit
            outputs = outputs[1:]
            level[:] = -np.log(len(train))
            level[classes[0]] = 0
        elif outcome.kind == "multiclass":
            level[:] = initial.min() - np.log(len(train))
        level[outputs] = initial
        trees = [(tree, outputs[i]) for tree, i in trees]
    return FittedModel(pack_trees(trees, level), describe_outcome(outcome) | {name: options[name] for name in DEFAULTS})


def count_bins(examples: int) -> int:
    """Number of bins of a feature: with few examples, searching 255 bins takes most of the time without a benefit."""
    return min(255, max(32, examples // 16))


def quantise_features(values: np.ndarray, steps: int) -> np.ndarray:
    """Values (n, features), each rounded to the nearest of `steps` quantiles of its feature, float64.

    scikit-learn bins features internally, but for weighted examples with one sort per step, which takes longer than the
    trees. Its thresholds lie half way between the given values, so rounding moves no example across a threshold.
    """
    values = values.astype(np.float64)
    quantiles = np.quantile(values, np.linspace(0, 1, steps), axis=0, method="nearest")
    rounded = np.empty_like(values)
    for i, column in enumerate(values.T):
        levels = np.unique(quantiles[:, i])
        rounded[:, i] = levels[np.searchsorted((levels[:-1] + levels[1:]) / 2, column)]
    return rounded


def _grow_trees(
    train: Fold, labels: np.ndarray, options: dict[str, Any], seed: int, threads: int
) -> tuple[list[tuple[dict, int]], np.ndarray]:
    """Trees, each with the index of its logit, and the initial logits."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    model = HistGradientBoostingClassifier(
        max_iter=options["rounds"],
        learning_rate=options["learning_rate"],
        max_leaf_nodes=options["leaves"],
        min_samples_leaf=options["min_samples_leaf"],
        l2_regularization=options["l2"],
        max_features=options["features"],
        max_bins=count_bins(len(train)),
        early_stopping=False,
        random_state=seed,
    )
    sample = train.values[:50]
    with threadpool_limits(threads):  # scikit-learn uses all cores by default, with busy waiting
        model.fit(quantise_features(train.values, count_bins(len(train))), labels, sample_weight=train.weights)
        expected = np.reshape(model.decision_function(sample), (len(sample), -1))
    trees, level = export_trees(model)
    if np.abs(compute_logits(pack_trees(trees, level), sample) - expected).max() > TOLERANCE:
        raise ToolError(
            "boosting: the stored trees do not reproduce scikit-learn's predictions; its tree format differs in this version"
        )
    return trees, level


def export_trees(model: Any) -> tuple[list[tuple[dict[str, np.ndarray], int]], np.ndarray]:
    """A fitted scikit-learn model as trees of arrays, each with the index of its logit, and the initial logits.

    scikit-learn has no public interface to its nodes.
    """
    trees = []
    for predictors in model._predictors:
        for output, predictor in enumerate(predictors):
            nodes = predictor.nodes
            leaf = nodes["is_leaf"].astype(bool)
            tree = {side: np.where(leaf, -1, nodes[side].astype(np.int64)) for side in ("left", "right")}
            tree["feature"] = nodes["feature_idx"].astype(np.int64)
            tree["threshold"] = np.where(leaf, 0.0, nodes["num_threshold"])
            tree["value"] = nodes["value"].astype(np.float64)
            trees.append((tree | {"depth": nodes["depth"]}, output))
    return trees, np.ravel(model._baseline_prediction).astype(np.float64)


def pack_trees(trees: list[tuple[dict[str, np.ndarray], int]], level: np.ndarray) -> dict[str, np.ndarray]:
    """Arrays as in `array_trees`, with value (nodes,); output (trees,): logit that a tree adds to; level (outputs,): initial
    logits.
    """
    if not trees:
        trees = [({"left": np.array([-1]), "right": np.array([-1]), "feature": np.array([0]), "threshold": np.zeros(1),
                   "value": np.zeros(1), "depth": np.array([0])}, 0)]  # fmt: skip
    depth = max(int(tree["depth"].max()) for tree, _ in trees)
    nodes = [{name: values for name, values in tree.items() if name != "depth"} for tree, _ in trees]
    return join_trees(nodes, depth) | {"output": np.array([output for _, output in trees]), "level": level}


def compute_logits(arrays: dict[str, np.ndarray], values: np.ndarray) -> np.ndarray:
    """Logits (n, outputs) of values (n, features)."""
    output_matrix = (arrays["output"][:, None] == np.arange(len(arrays["level"]))).astype(np.float64)
    return (
        apply_in_chunks(lambda rows: arrays["value"][find_leaves(arrays, rows)] @ output_matrix, values.astype(np.float64))
        + arrays["level"]
    )


def predict(arrays: dict[str, np.ndarray], description: dict[str, Any], values: np.ndarray) -> np.ndarray:
    """Probabilities, shaped as in `outcome`."""
    return to_probabilities(description["kind"], compute_logits(arrays, values))
