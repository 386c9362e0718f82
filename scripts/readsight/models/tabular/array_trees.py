"""Decision trees as arrays, evaluated in parallel.

root (trees,); left, right (nodes,): absolute indices, a leaf points to itself; feature (nodes,); threshold
(nodes,) float64; depth (1,): steps from a root to its deepest leaf.
"""

from collections.abc import Callable, Iterable

import numpy as np

ROWS = 2048  # examples evaluated at once: each takes one number per tree


def join_trees(trees: Iterable[dict[str, np.ndarray]], depth: int) -> dict[str, np.ndarray]:
    """Trees as one set of arrays. Each tree: left, right (relative indices, negative at a leaf), feature, threshold, value."""
    parts: dict[str, list[np.ndarray]] = {}
    roots, base = [], 0
    for tree in trees:
        leaf, node = tree["left"] < 0, np.arange(len(tree["left"]))
        roots.append(base)
        children = {side: base + np.where(leaf, node, tree[side]) for side in ("left", "right")}
        for name, values in (tree | children | {"feature": np.where(leaf, 0, tree["feature"])}).items():
            parts.setdefault(name, []).append(values)
        base += len(node)
    return {name: np.concatenate(values) for name, values in parts.items()} | {
        "root": np.array(roots),
        "depth": np.array([depth]),
    }


def find_leaves(arrays: dict[str, np.ndarray], values: np.ndarray) -> np.ndarray:
    """Leaf (n, trees) of each example in each tree, for values (n, features)."""
    node = np.broadcast_to(arrays["root"], (len(values), len(arrays["root"])))
    row = np.arange(len(values))[:, None]
    for _ in range(int(arrays["depth"][0])):
        goes_left = values[row, arrays["feature"][node]] <= arrays["threshold"][node]
        node = np.where(goes_left, arrays["left"][node], arrays["right"][node])
    return node


def apply_in_chunks(function: Callable[[np.ndarray], np.ndarray], values: np.ndarray) -> np.ndarray:
    """Result of `function` for values (n, features), computed in chunks of rows."""
    return np.concatenate([function(values[i : i + ROWS]) for i in range(0, max(len(values), 1), ROWS)])
