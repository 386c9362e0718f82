"""Shapley values by antithetic permutations (Lundberg & Lee 2017; shap), features drawn from the training fold.

The permutation explainer asks nothing of the model, and its values add up to the
output exactly, so a gap shows a fault.
"""

import numpy as np

from readsight.attributions.problem import Problem

BACKGROUND = 20  # training examples that absent features are taken from
ROUNDS = 4  # permutations, each forth and back


def reference(problem: Problem) -> np.ndarray:
    """Training examples that stand for absent features, (BACKGROUND, features), evenly spaced through the fold."""
    rows = np.unique(np.linspace(0, len(problem.background) - 1, BACKGROUND).round().astype(int))
    return problem.background[rows].astype(np.float64)


def attribute(problem: Problem, seed: int) -> np.ndarray:
    """Attributions (n, features), logits."""
    import shap

    width = problem.values.shape[1]
    explainer = shap.explainers.Permutation(
        problem.output(), shap.maskers.Independent(reference(problem), max_samples=BACKGROUND), seed=seed
    )
    found = explainer(problem.values.astype(np.float64), max_evals=ROUNDS * (2 * width + 1), silent=True)
    return np.asarray(found.values)


def gap(problem: Problem, attributions: np.ndarray) -> np.ndarray:
    """(n,): sum of attributions less the output's distance from its mean over the reference, as part of that distance's mean size."""
    output = problem.output()
    change = output(problem.values) - output(reference(problem)).mean()
    return (attributions.sum(axis=1) - change) / max(float(np.abs(change).mean()), 1e-9)
