"""Random forest, kept as arrays: any NumPy predicts with it, and no pickle is needed."""

from typing import Any

import numpy as np

from readsight.foldfile import Fold
from readsight.models.fitted import Fitted

TREES = 200
MIN_LEAF = 2


def train(train: Fold, validation: Fold, settings: dict[str, Any], seed: int, threads: int) -> Fitted:
    """Random forest (scikit-learn; Breiman 2001)."""
    from sklearn.ensemble import RandomForestClassifier

    model = RandomForestClassifier(TREES, min_samples_leaf=MIN_LEAF, random_state=seed, n_jobs=threads)
    model.fit(train.values, train.labels, sample_weight=train.weights)
    return Fitted(export(model), {"trees": TREES, "min_samples_leaf": MIN_LEAF})


def export(model: Any) -> dict[str, np.ndarray]:
    """A fitted scikit-learn forest of two classes as arrays over all nodes.

    Returns root (trees,); left, right (nodes,): absolute places, a leaf points to
    itself; feature (nodes,); threshold (nodes,) float64; value (nodes,):
    probability of class 1; depth (1,).
    """
    parts: dict[str, list[np.ndarray]] = {name: [] for name in ("left", "right", "feature", "threshold", "value")}
    roots, base = [], 0
    for estimator in model.estimators_:
        tree = estimator.tree_
        leaf = tree.children_left < 0
        own = np.arange(tree.node_count)
        roots.append(base)
        parts["left"].append(base + np.where(leaf, own, tree.children_left))
        parts["right"].append(base + np.where(leaf, own, tree.children_right))
        parts["feature"].append(np.where(leaf, 0, tree.feature))
        parts["threshold"].append(tree.threshold)
        counts = tree.value[:, 0, :]
        parts["value"].append(counts[:, 1] / counts.sum(axis=1))
        base += tree.node_count
    arrays = {name: np.concatenate(part) for name, part in parts.items()}
    depth = max(estimator.tree_.max_depth for estimator in model.estimators_)
    return arrays | {"root": np.array(roots), "depth": np.array([depth])}


def predict(arrays: dict[str, np.ndarray], about: dict[str, Any], values: np.ndarray) -> np.ndarray:
    """Probability of class 1, (n,): the mean over trees, all trees walked at once."""
    values = values.astype(np.float32)
    node = np.broadcast_to(arrays["root"], (len(values), len(arrays["root"])))
    row = np.arange(len(values))[:, None]
    for _ in range(int(arrays["depth"][0])):
        goes_left = values[row, arrays["feature"][node]] <= arrays["threshold"][node]
        node = np.where(goes_left, arrays["left"][node], arrays["right"][node])
    return arrays["value"][node].mean(axis=1)
