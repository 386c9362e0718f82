"""Gradient-boosted trees, kept as plain arrays."""

from typing import Any

import numpy as np

from readsight.dataset.fold_file import Fold
from readsight.errors import ToolError
from readsight.models.fitted_model import Fitted
from readsight.models.linear_base import classes_of, constant, probabilities, told
from readsight.models.tabular.array_trees import by_rows, joined, leaves

KINDS = ("binary", "multiclass", "multilabel")
DEFAULTS = {"rounds": 100, "learning_rate": 0.1, "leaves": 8, "min_samples_leaf": 5, "l2": 1.0, "features": 0.2}
# What a binned copy of the values may differ by from the walked trees: nothing but rounding.
SAME = 1e-6


def space(trial: Any) -> dict[str, Any]:
    """Settings of an Optuna trial."""
    return {
        "rounds": trial.suggest_int("rounds", 25, 200, log=True),
        "learning_rate": trial.suggest_float("learning_rate", 0.02, 0.3, log=True),
        "leaves": trial.suggest_int("leaves", 3, 16),
        "min_samples_leaf": trial.suggest_int("min_samples_leaf", 2, 20),
        "l2": trial.suggest_float("l2", 1e-2, 10.0, log=True),
    }


def train(train: Fold, validation: Fold | None, settings: dict[str, Any], seed: int, threads: int) -> Fitted:
    """Boosted trees on histograms (scikit-learn; Ke et al. 2017), several labels one by one.

    settings: rounds, learning_rate, leaves, min_samples_leaf, l2, features (part of them that a split may
    choose from); DEFAULTS where not given. Raises ToolError where the arrays do not say what scikit-learn says.
    """
    own, outcome = DEFAULTS | settings, train.outcome
    parts, level = [], np.zeros(outcome.outputs)
    if outcome.kind == "multilabel":
        for i, labels in enumerate(train.labels.T):
            if labels.min() == labels.max():
                level[i] = constant(labels)
            else:
                grown, (level[i],) = _grow(train, labels, own, seed + i, threads)
                parts += [(tree, i) for tree, _ in grown]
    else:
        seen = classes_of(train)
        places = seen if outcome.kind == "multiclass" else np.array([0])
        parts, found = _grow(train, np.searchsorted(seen, train.labels), own, seed, threads)
        if len(found) < len(places):  # of two classes, by one logit
            places = places[1:]
            level[:] = -np.log(len(train))
            level[seen[0]] = 0
        elif outcome.kind == "multiclass":
            level[:] = found.min() - np.log(len(train))
        level[places] = found
        parts = [(tree, places[i]) for tree, i in parts]
    return Fitted(packed(parts, level), told(outcome) | {name: own[name] for name in DEFAULTS})


def bins(examples: int) -> int:
    """Steps that a feature is cut into: searching 255 for a split takes most of the time where examples are few, and gains nothing."""
    return min(255, max(32, examples // 16))


def stepped(values: np.ndarray, steps: int) -> np.ndarray:
    """Values (n, features), each rounded to the nearest of so many quantiles of its feature, float64.

    scikit-learn would cut features so itself, but for weighted examples by a sort a step, which takes longer than
    the trees. Its thresholds lie half way between the values that it is given: on either side of one lie the same
    examples, rounded or not.
    """
    values = values.astype(np.float64)
    marks = np.quantile(values, np.linspace(0, 1, steps), axis=0, method="nearest")
    found = np.empty_like(values)
    for i, column in enumerate(values.T):
        own = np.unique(marks[:, i])
        found[:, i] = own[np.searchsorted((own[:-1] + own[1:]) / 2, column)]
    return found


def _grow(
    train: Fold, labels: np.ndarray, own: dict[str, Any], seed: int, threads: int
) -> tuple[list[tuple[dict, int]], np.ndarray]:
    """Trees, each with the logit that it adds to, and where the logits start."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    model = HistGradientBoostingClassifier(
        max_iter=own["rounds"],
        learning_rate=own["learning_rate"],
        max_leaf_nodes=own["leaves"],
        min_samples_leaf=own["min_samples_leaf"],
        l2_regularization=own["l2"],
        max_features=own["features"],
        max_bins=bins(len(train)),
        early_stopping=False,
        random_state=seed,
    )
    some = train.values[:50]
    with threadpool_limits(threads):  # scikit-learn takes all cores, and waits for them busily
        model.fit(stepped(train.values, bins(len(train))), labels, sample_weight=train.weights)
        expected = np.reshape(model.decision_function(some), (len(some), -1))
    trees, level = export(model)
    if np.abs(scores(packed(trees, level), some) - expected).max() > SAME:
        raise ToolError("boosting: the stored trees do not say what scikit-learn's say; its version keeps them in another way")
    return trees, level


def export(model: Any) -> tuple[list[tuple[dict[str, np.ndarray], int]], np.ndarray]:
    """A fitted scikit-learn model as trees of arrays, each with the logit that it adds to, and where the logits start.

    scikit-learn has no public way to its nodes.
    """
    trees = []
    for grown in model._predictors:
        for output, predictor in enumerate(grown):
            nodes = predictor.nodes
            leaf = nodes["is_leaf"].astype(bool)
            tree = {side: np.where(leaf, -1, nodes[side].astype(np.int64)) for side in ("left", "right")}
            tree["feature"] = nodes["feature_idx"].astype(np.int64)
            tree["threshold"] = np.where(leaf, 0.0, nodes["num_threshold"])
            tree["value"] = nodes["value"].astype(np.float64)
            trees.append((tree | {"depth": nodes["depth"]}, output))
    return trees, np.ravel(model._baseline_prediction).astype(np.float64)


def packed(trees: list[tuple[dict[str, np.ndarray], int]], level: np.ndarray) -> dict[str, np.ndarray]:
    """Arrays as of `trees`, with value (nodes,); output (trees,): the logit that a tree adds to; level (outputs,)."""
    if not trees:
        trees = [({"left": np.array([-1]), "right": np.array([-1]), "feature": np.array([0]), "threshold": np.zeros(1),
                   "value": np.zeros(1), "depth": np.array([0])}, 0)]  # fmt: skip
    depth = max(int(tree["depth"].max()) for tree, _ in trees)
    plain = [{name: part for name, part in tree.items() if name != "depth"} for tree, _ in trees]
    return joined(plain, depth) | {"output": np.array([output for _, output in trees]), "level": level}


def scores(arrays: dict[str, np.ndarray], values: np.ndarray) -> np.ndarray:
    """Logits (n, outputs) of values (n, features)."""
    adds = (arrays["output"][:, None] == np.arange(len(arrays["level"]))).astype(np.float64)
    return by_rows(lambda rows: arrays["value"][leaves(arrays, rows)] @ adds, values.astype(np.float64)) + arrays["level"]


def predict(arrays: dict[str, np.ndarray], about: dict[str, Any], values: np.ndarray) -> np.ndarray:
    """Probabilities, shaped as `outcome` says."""
    return probabilities(about["kind"], scores(arrays, values))
