"""Shapley values (Lundberg & Lee 2017): what absent features are is drawn from the training fold.

How they are found hangs on the model; whichever way, they add up to the output, so a gap shows a fault.

- linear: exact, weight × distance from the mean;
- trees: exact in each tree (`tree_shap`);
- networks on many features: expected gradients (Erion et al. 2021), integrated rather than sampled;
- else, and for trees of which the exact way is long: antithetic permutations (shap), which ask nothing of the model.
"""

import numpy as np

from readsight.interpret.tabular_attribution import tree_shap
from readsight.interpret.tabular_attribution.integrated_gradients import along, baseline, walked
from readsight.interpret.tabular_attribution.problem import Problem, missed

BACKGROUND = 20  # training examples that absent features are taken from
ROUNDS = 4  # permutations, each forth and back
FEW = 64  # features of which all permutations are walked
STEPS = 5  # of the path from each training example, at first
TOLERANCE = 0.01  # of one path; the mean of all is nearer
LONG = 5e8  # comparisons above which trees of few features are permuted rather than walked
EXACT = 1e-9


def reference(problem: Problem) -> np.ndarray:
    """Training examples that stand for absent features, (BACKGROUND, features), evenly spaced through the fold."""
    rows = np.unique(np.linspace(0, len(problem.background) - 1, BACKGROUND).round().astype(int))
    return problem.background[rows].astype(np.float64)


def attribute(problem: Problem, seed: int) -> np.ndarray:
    """Attributions (n, features), or (n, features, outputs)."""
    straight = linear(problem)
    if straight is not None:
        return straight
    others, width = reference(problem), problem.values.shape[1]
    if tree_shap.grown(problem.arrays):
        comparisons = tree_shap.conditions(problem.arrays) * len(problem.values) * len(others)
        if width > FEW or comparisons < LONG:
            return tree_shap.attribute(problem, others)
    if problem.differentiable and (width > FEW or problem.present is not None):
        return sum(along(problem, other, STEPS, TOLERANCE) for other in others) / len(others)
    return permuted(problem, others, seed)


def linear(problem: Problem) -> np.ndarray | None:
    """Attributions of a linear model, and None of another: of a linear one alone the slope half-way says the whole change."""
    if not problem.differentiable:
        return None
    found = walked(problem, baseline(problem), 1)
    return found if np.abs(missed(found, _change(problem, baseline(problem)[None, :]))).max() < EXACT else None


def permuted(problem: Problem, others: np.ndarray, seed: int) -> np.ndarray:
    """By permutations of the features."""
    import shap

    masker = shap.maskers.Independent(others, max_samples=len(others))
    explainer = shap.explainers.Permutation(problem.output(), masker, seed=seed)
    evaluations = ROUNDS * (2 * problem.values.shape[1] + 1)
    return np.asarray(explainer(problem.values.astype(np.float64), max_evals=evaluations, silent=True).values)


def gap(problem: Problem, attributions: np.ndarray) -> np.ndarray:
    """(n,): sum of attributions less the output's distance from its mean over the reference, as part of that distance's mean size."""
    others = reference(problem) if linear(problem) is None else baseline(problem)[None, :]
    return missed(attributions, _change(problem, others))


def _change(problem: Problem, others: np.ndarray) -> np.ndarray:
    """Output of the examples less its mean over others (m, features) that have the same modalities."""
    output, present = problem.output(), problem.present
    if present is None:
        return output(problem.values) - output(others).mean(axis=0)
    return output(problem.values, present) - np.mean([output(problem.starts(other), present) for other in others], axis=0)
