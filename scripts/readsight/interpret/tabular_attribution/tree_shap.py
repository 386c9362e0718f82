"""Exact Shapley values of tree models kept as arrays, against single training examples.

For one example and one that stands for absent features, a leaf is reached by those sets of features
that hold all on which only the example passes the leaf's path (a of them) and none on which only
the other one does (b of them). Each of the former then gets (a − 1)! b! / (a + b)! of the leaf's value,
each of the latter −a! (b − 1)! / (a + b)! (Lundberg et al. 2020, interventional TreeSHAP). Trees add up. A
forest's mean of probabilities becomes a logit by the rescale rule (Chen, Lundberg, Lee 2022): the
attributions of an example and its counterpart are stretched to the change of the logit.
"""

from dataclasses import dataclass
from math import factorial

import numpy as np

from readsight.interpret.tabular_attribution.problem import Problem, linked
from readsight.models.calibration import EDGE

CELLS = 2_000_000  # comparisons of examples with conditions at once


@dataclass(frozen=True)
class Leaves:
    """Leaves whose paths ask about equally many features.

    feature, low, high: (leaves, asked); an example passes where low < value ≤ high. value: (leaves, outputs).
    """

    feature: np.ndarray
    low: np.ndarray
    high: np.ndarray
    value: np.ndarray


def grown(arrays: dict[str, np.ndarray]) -> bool:
    """Whether a model is trees."""
    return {"root", "left", "right", "feature", "threshold", "value"} <= set(arrays)


def conditions(arrays: dict[str, np.ndarray]) -> int:
    """About how much there is to compare an example with: leaves times what a path asks at most."""
    own = np.arange(len(arrays["left"]))
    return int((arrays["left"] == own).sum() * max(int(arrays["depth"][0]), 1))


def collected(arrays: dict[str, np.ndarray]) -> list[Leaves]:
    """All leaves that ask anything, by how much they ask. Values are such that the leaves that an example reaches add up."""
    left, right, feature, threshold = (arrays[name] for name in ("left", "right", "feature", "threshold"))
    found: dict[int, list[tuple[list[int], list[float], list[float], np.ndarray]]] = {}
    for tree, root in enumerate(arrays["root"]):
        ahead: list[tuple[int, dict[int, tuple[float, float]]]] = [(int(root), {})]
        while ahead:
            node, asked = ahead.pop()
            if left[node] == node:
                lows, highs = zip(*asked.values(), strict=True) if asked else ((), ())
                found.setdefault(len(asked), []).append((list(asked), list(lows), list(highs), _worth(arrays, tree, node)))
                continue
            at, cut = int(feature[node]), float(threshold[node])
            low, high = asked.get(at, (-np.inf, np.inf))
            ahead.append((int(left[node]), asked | {at: (low, min(high, cut))}))
            ahead.append((int(right[node]), asked | {at: (max(low, cut), high)}))
    return [Leaves(*(np.array(part) for part in zip(*own, strict=True))) for size, own in sorted(found.items()) if size]


def _worth(arrays: dict[str, np.ndarray], tree: int, node: int) -> np.ndarray:
    """What a leaf adds to the outputs: of boosted trees to one logit, of a forest its share of the mean."""
    if "output" not in arrays:
        return np.atleast_1d(arrays["value"][node]) / len(arrays["root"])
    found = np.zeros(len(arrays["level"]))
    found[arrays["output"][tree]] = arrays["value"][node]
    return found


def shares(most: int) -> tuple[np.ndarray, np.ndarray]:
    """(a − 1)! b! / (a + b)! and a! (b − 1)! / (a + b)! by a and b, 0 where not defined."""
    up, down = np.zeros((2, most + 1, most + 1))
    for a in range(most + 1):
        for b in range(most + 1 - a):
            up[a, b] = factorial(a - 1) * factorial(b) / factorial(a + b) if a else 0
            down[a, b] = factorial(a) * factorial(b - 1) / factorial(a + b) if b else 0
    return up, down


def against(leaves: list[Leaves], values: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Shapley values (n, features, outputs) of the sum of the leaves, of examples (n, features) against one (features,)."""
    found = np.zeros((*values.shape, leaves[0].value.shape[1] if leaves else 1))
    for group in leaves:
        step = max(1, CELLS // (len(values) * group.feature.shape[1]))
        for start in range(0, len(group.feature), step):
            _add(found, Leaves(*(part[start : start + step] for part in vars(group).values())), values, other)
    return found


def _add(found: np.ndarray, leaves: Leaves, values: np.ndarray, other: np.ndarray) -> None:
    up, down = shares(leaves.feature.shape[1])
    own, its = values[:, leaves.feature], other[leaves.feature]
    mine = (leaves.low < own) & (own <= leaves.high)
    theirs = (leaves.low < its) & (its <= leaves.high)
    only_mine, only_theirs = mine & ~theirs, ~mine & theirs
    a, b = only_mine.sum(axis=2), only_theirs.sum(axis=2)
    reached = (mine | theirs).all(axis=2)
    part = only_mine * (up[a, b] * reached)[:, :, None] - only_theirs * (down[a, b] * reached)[:, :, None]
    flat, column = part.reshape(len(values), -1), leaves.feature.ravel()
    order = np.argsort(column, kind="stable")
    own_column, first = np.unique(column[order], return_index=True)
    worth = np.repeat(leaves.value, leaves.feature.shape[1], axis=0)
    for output in np.flatnonzero(leaves.value.any(axis=0)):
        found[:, own_column, output] += np.add.reduceat((flat * worth[:, output])[:, order], first, axis=1)


def attribute(problem: Problem, reference: np.ndarray) -> np.ndarray:
    """Mean over the reference (m, features) of the attributions, (n, features), or (n, features, outputs)."""
    exact = np.float64 if "output" in problem.arrays else np.float32
    values, reference = (rows.astype(np.float32).astype(exact) for rows in (problem.values, reference))
    leaves = collected(problem.arrays)
    guess = np.atleast_2d(problem.member.predict(problem.arrays, problem.about, values).T).T
    total = 0.0
    for other in reference:
        found = against(leaves, values, other)
        if "output" not in problem.arrays:
            its = np.ravel(problem.member.predict(problem.arrays, problem.about, other[None, :]))
            found = found * stretch(problem.kind, guess, its)[:, None, :]
        total = total + found
    total = total / len(reference)
    if problem.kind == "multiclass":
        total = total - total.mean(axis=2, keepdims=True)
    return total if problem.outputs else total[:, :, 0]


def stretch(kind: str, guess: np.ndarray, its: np.ndarray) -> np.ndarray:
    """Change of the logit (of several classes: of the logarithm) a change of the probability, (n, outputs).

    guess: (n, outputs) of the examples. its: (outputs,) of the other. Where they are the same, the slope there.
    """
    one, other = np.clip(guess, EDGE, 1 - EDGE), np.clip(its, EDGE, 1 - EDGE)
    if kind == "multiclass":
        one, other = np.clip(guess, EDGE, 1), np.clip(its, EDGE, 1)
        rise, slope = np.log(one) - np.log(other), 1 / one
    else:
        rise, slope = linked("binary", one) - linked("binary", other), 1 / (one * (1 - one))
    run = guess - its
    return np.where(np.abs(run) > 1e-12, rise / np.where(np.abs(run) > 1e-12, run, 1), slope)
