"""Exact Shapley values of tree models stored as arrays, against single training examples.

For an example and a reference that provides absent features, a leaf is reached by those sets of features that contain all
features on which only the example passes the leaf's path (a of them) and none on which only the reference does (b of them).
Each of the former gets (a − 1)! b! / (a + b)! of the leaf's value, each of the latter −a! (b − 1)! / (a + b)! (Lundberg et al.
2020, interventional TreeSHAP). Trees are additive. The mean probability of a forest is converted to a logit by the rescale rule
(Chen, Lundberg, Lee 2022): attributions are scaled to the change of the logit.
"""

from dataclasses import dataclass
from math import factorial

import numpy as np

from readsight.interpret.tabular_attribution.problem import AttributionProblem, link_predictions
from readsight.models.calibration import EDGE

MAX_COMPARISONS = 2_000_000  # comparisons of examples with conditions per batch


@dataclass(frozen=True)
class LeafGroup:
    """Leaves whose paths test equally many features.

    feature, low, high: (leaves, tested features); an example passes if low < value ≤ high. value: (leaves, outputs).
    """

    feature: np.ndarray
    low: np.ndarray
    high: np.ndarray
    value: np.ndarray


def is_tree_model(arrays: dict[str, np.ndarray]) -> bool:
    """Whether the arrays are those of a tree model."""
    return {"root", "left", "right", "feature", "threshold", "value"} <= set(arrays)


def count_conditions(arrays: dict[str, np.ndarray]) -> int:
    """Approximate number of comparisons per example: leaves times the maximum path length."""
    nodes = np.arange(len(arrays["left"]))
    return int((arrays["left"] == nodes).sum() * max(int(arrays["depth"][0]), 1))


def collect_leaves(arrays: dict[str, np.ndarray]) -> list[LeafGroup]:
    """All leaves with conditions, grouped by their number. The values of the leaves that an example reaches add up to the output."""
    left, right, feature, threshold = (arrays[name] for name in ("left", "right", "feature", "threshold"))
    by_size: dict[int, list[tuple[list[int], list[float], list[float], np.ndarray]]] = {}
    for tree, root in enumerate(arrays["root"]):
        pending: list[tuple[int, dict[int, tuple[float, float]]]] = [(int(root), {})]
        while pending:
            node, bounds = pending.pop()
            if left[node] == node:
                lows, highs = zip(*bounds.values(), strict=True) if bounds else ((), ())
                by_size.setdefault(len(bounds), []).append(
                    (list(bounds), list(lows), list(highs), _leaf_value(arrays, tree, node))
                )
                continue
            split_feature, split_value = int(feature[node]), float(threshold[node])
            low, high = bounds.get(split_feature, (-np.inf, np.inf))
            pending.append((int(left[node]), bounds | {split_feature: (low, min(high, split_value))}))
            pending.append((int(right[node]), bounds | {split_feature: (max(low, split_value), high)}))
    return [
        LeafGroup(*(np.array(column) for column in zip(*leaves, strict=True))) for size, leaves in sorted(by_size.items()) if size
    ]


def _leaf_value(arrays: dict[str, np.ndarray], tree: int, node: int) -> np.ndarray:
    """Contribution of a leaf to the outputs: to one logit for boosted trees, to the mean for a forest."""
    if "output" not in arrays:
        return np.atleast_1d(arrays["value"][node]) / len(arrays["root"])
    values = np.zeros(len(arrays["level"]))
    values[arrays["output"][tree]] = arrays["value"][node]
    return values


def shapley_weights(feature_count: int) -> tuple[np.ndarray, np.ndarray]:
    """(a − 1)! b! / (a + b)! and a! (b − 1)! / (a + b)! by a and b, 0 where undefined."""
    gain_weights, loss_weights = np.zeros((2, feature_count + 1, feature_count + 1))
    for a in range(feature_count + 1):
        for b in range(feature_count + 1 - a):
            gain_weights[a, b] = factorial(a - 1) * factorial(b) / factorial(a + b) if a else 0
            loss_weights[a, b] = factorial(a) * factorial(b - 1) / factorial(a + b) if b else 0
    return gain_weights, loss_weights


def attribute_against(leaves: list[LeafGroup], values: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Shapley values (n, features, outputs) of the sum of the leaves, for examples (n, features) against one reference (features,)."""
    attributions = np.zeros((*values.shape, leaves[0].value.shape[1] if leaves else 1))
    for group in leaves:
        step = max(1, MAX_COMPARISONS // (len(values) * group.feature.shape[1]))
        for start in range(0, len(group.feature), step):
            _add_leaves(
                attributions, LeafGroup(*(array[start : start + step] for array in vars(group).values())), values, reference
            )
    return attributions


def _add_leaves(attributions: np.ndarray, leaves: LeafGroup, values: np.ndarray, reference: np.ndarray) -> None:
    gain_weights, loss_weights = shapley_weights(leaves.feature.shape[1])
    example_values, reference_values = values[:, leaves.feature], reference[leaves.feature]
    example_passes = (leaves.low < example_values) & (example_values <= leaves.high)
    reference_passes = (leaves.low < reference_values) & (reference_values <= leaves.high)
    only_example, only_reference = example_passes & ~reference_passes, ~example_passes & reference_passes
    a, b = only_example.sum(axis=2), only_reference.sum(axis=2)
    is_reached = (example_passes | reference_passes).all(axis=2)
    shares = (
        only_example * (gain_weights[a, b] * is_reached)[:, :, None]
        - only_reference * (loss_weights[a, b] * is_reached)[:, :, None]
    )
    flat, column = shares.reshape(len(values), -1), leaves.feature.ravel()
    order = np.argsort(column, kind="stable")
    columns, first = np.unique(column[order], return_index=True)
    leaf_values = np.repeat(leaves.value, leaves.feature.shape[1], axis=0)
    for output in np.flatnonzero(leaves.value.any(axis=0)):
        attributions[:, columns, output] += np.add.reduceat((flat * leaf_values[:, output])[:, order], first, axis=1)


def attribute(problem: AttributionProblem, background: np.ndarray) -> np.ndarray:
    """Mean attributions over the background (m, features): (n, features), or (n, features, outputs)."""
    exact = np.float64 if "output" in problem.arrays else np.float32
    values, background = (rows.astype(np.float32).astype(exact) for rows in (problem.values, background))
    leaves = collect_leaves(problem.arrays)
    predictions = np.atleast_2d(problem.model.predict(problem.arrays, problem.description, values).T).T
    total = 0.0
    for reference in background:
        attributions = attribute_against(leaves, values, reference)
        if "output" not in problem.arrays:
            reference_prediction = np.ravel(problem.model.predict(problem.arrays, problem.description, reference[None, :]))
            attributions = attributions * logit_stretch(problem.kind, predictions, reference_prediction)[:, None, :]
        total = total + attributions
    total = total / len(background)
    if problem.kind == "multiclass":
        total = total - total.mean(axis=2, keepdims=True)
    return total if problem.outputs else total[:, :, 0]


def logit_stretch(kind: str, predictions: np.ndarray, reference_prediction: np.ndarray) -> np.ndarray:
    """Change of the logit (multiclass: of the logarithm) per change of the probability, (n, outputs).

    predictions: (n, outputs) of the examples. reference_prediction: (outputs,). The slope is used where both are equal.
    """
    clipped, clipped_reference = np.clip(predictions, EDGE, 1 - EDGE), np.clip(reference_prediction, EDGE, 1 - EDGE)
    if kind == "multiclass":
        clipped, clipped_reference = np.clip(predictions, EDGE, 1), np.clip(reference_prediction, EDGE, 1)
        logit_change, slope = np.log(clipped) - np.log(clipped_reference), 1 / clipped
    else:
        logit_change, slope = (
            link_predictions("binary", clipped) - link_predictions("binary", clipped_reference),
            1 / (clipped * (1 - clipped)),
        )
    probability_change = predictions - reference_prediction
    return np.where(
        np.abs(probability_change) > 1e-12,
        logit_change / np.where(np.abs(probability_change) > 1e-12, probability_change, 1),
        slope,
    )
