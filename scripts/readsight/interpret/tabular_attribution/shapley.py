"""Shapley values (Lundberg & Lee 2017) with absent features taken from the training fold.

The algorithm depends on the model; all of them add up to the output, so a gap reveals an error.

- linear models: exact, weight × distance from the mean;
- trees: exact for each tree (`tree_shap`);
- networks on many features: expected gradients (Erion et al. 2021), integrated rather than sampled;
- all other models, and trees whose exact values take too long: antithetic permutations (shap), model-agnostic.
"""

import numpy as np

from readsight.interpret.tabular_attribution import tree_shap
from readsight.interpret.tabular_attribution.integrated_gradients import compute_baseline, integrate_path, integrate_steps
from readsight.interpret.tabular_attribution.problem import AttributionProblem, completeness_gap

BACKGROUND = 20  # training examples that provide absent features
ROUNDS = 4  # permutations, each in both directions
FEW_FEATURES = 64  # largest number of features for permutations
STEPS = 5  # initial steps of the path from each training example
TOLERANCE = 0.01  # of one path; the mean over paths is more accurate
MAX_COMPARISONS = 5e8  # comparisons above which trees with few features use permutations
LINEAR_TOLERANCE = 1e-9


def select_background(problem: AttributionProblem) -> np.ndarray:
    """Training examples that provide absent features, (BACKGROUND, features), evenly spaced over the fold."""
    rows = np.unique(np.linspace(0, len(problem.background) - 1, BACKGROUND).round().astype(int))
    return problem.background[rows].astype(np.float64)


def attribute(problem: AttributionProblem, seed: int) -> np.ndarray:
    """Attributions (n, features), or (n, features, outputs)."""
    linear_values = attribute_linear(problem)
    if linear_values is not None:
        return linear_values
    background, width = select_background(problem), problem.values.shape[1]
    if tree_shap.is_tree_model(problem.arrays):
        comparisons = tree_shap.count_conditions(problem.arrays) * len(problem.values) * len(background)
        if width > FEW_FEATURES or comparisons < MAX_COMPARISONS:
            return tree_shap.attribute(problem, background)
    if problem.is_differentiable and (width > FEW_FEATURES or problem.present is not None):
        return sum(integrate_path(problem, reference, STEPS, TOLERANCE) for reference in background) / len(background)
    return attribute_permutations(problem, background, seed)


def attribute_linear(problem: AttributionProblem) -> np.ndarray | None:
    """Attributions of a linear model; None for a non-linear model, whose midpoint slope does not explain the full change."""
    if not problem.is_differentiable:
        return None
    attributions = integrate_steps(problem, compute_baseline(problem), 1)
    return (
        attributions
        if np.abs(completeness_gap(attributions, _output_change(problem, compute_baseline(problem)[None, :]))).max()
        < LINEAR_TOLERANCE
        else None
    )


def attribute_permutations(problem: AttributionProblem, background: np.ndarray, seed: int) -> np.ndarray:
    """Attributions by permutations of the features."""
    import shap

    masker = shap.maskers.Independent(background, max_samples=len(background))
    explainer = shap.explainers.Permutation(problem.output_function(), masker, seed=seed)
    evaluations = ROUNDS * (2 * problem.values.shape[1] + 1)
    return np.asarray(explainer(problem.values.astype(np.float64), max_evals=evaluations, silent=True).values)


def compute_gap(problem: AttributionProblem, attributions: np.ndarray) -> np.ndarray:
    """(n,): sum of attributions minus the output's distance from its mean over the background, relative to the mean size of that distance."""
    background = select_background(problem) if attribute_linear(problem) is None else compute_baseline(problem)[None, :]
    return completeness_gap(attributions, _output_change(problem, background))


def _output_change(problem: AttributionProblem, background: np.ndarray) -> np.ndarray:
    """Output of the examples minus its mean over background examples (m, features) with the same modalities."""
    compute_output, present = problem.output_function(), problem.present
    if present is None:
        return compute_output(problem.values) - compute_output(background).mean(axis=0)
    return compute_output(problem.values, present) - np.mean(
        [compute_output(problem.start_points(reference), present) for reference in background], axis=0
    )
