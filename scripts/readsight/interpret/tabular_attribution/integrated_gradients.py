"""Integrated gradients (Sundararajan et al. 2017; Captum) from the mean of the training fold."""

from typing import Any

import numpy as np

from readsight.errors import InputError
from readsight.interpret.tabular_attribution.problem import AttributionProblem, completeness_gap

STEPS = 20  # initial steps of a path
MAX_STEPS = 640
TOLERANCE = 1e-4
MAX_BATCH = 128  # points per forward pass; larger batches do not fit in the processor's cache


def compute_baseline(problem: AttributionProblem) -> np.ndarray:
    """Start of the path: the mean training example, (features,)."""
    return problem.background.mean(axis=0, dtype=np.float64)


def attribute(problem: AttributionProblem, seed: int) -> np.ndarray:
    """Attributions (n, features), or (n, features, outputs). Raises InputError for a model without gradients."""
    if not problem.is_differentiable:
        raise InputError("attributions: integrated_gradients needs a model with gradients; use shap")
    return integrate_path(problem, compute_baseline(problem), STEPS, TOLERANCE)


def integrate_path(problem: AttributionProblem, start: np.ndarray, steps: int, tolerance: float) -> np.ndarray:
    """Gradients integrated (Gauss–Legendre) from a point (features,) to each example, multiplied by the distance.

    Examples whose attributions do not add up to within the tolerance, relative to the output's change (at least one logit),
    are repeated with twice as many steps. The number of steps of an example depends on this example only.
    """
    attributions, compute_output = integrate_steps(problem, start, steps), problem.output_function()
    change = compute_output(problem.values, problem.present) - compute_output(problem.start_points(start), problem.present)
    limit = tolerance * np.maximum(1, np.abs(change))
    while steps < MAX_STEPS:
        is_unconverged = np.abs(attributions.sum(axis=1) - change) > limit
        rows = np.flatnonzero(is_unconverged.reshape(len(is_unconverged), -1).any(axis=1))
        if not len(rows):
            break
        steps *= 2
        attributions[rows] = integrate_steps(problem.select_rows(rows), start, steps)
    return attributions


def integrate_steps(problem: AttributionProblem, start: np.ndarray, steps: int) -> np.ndarray:
    """Same as `integrate_path`, with a fixed number of steps."""
    import torch
    from captum.attr import IntegratedGradients

    present = problem.present
    method: Any = IntegratedGradients(problem.module, multiply_by_inputs=True)

    def attribute_output(output: int | None) -> np.ndarray:
        values = method.attribute(
            torch.as_tensor(problem.values.astype(np.float64)),
            baselines=torch.as_tensor(problem.start_points(start)),
            target=output,
            additional_forward_args=None if present is None else torch.as_tensor(present),
            n_steps=steps,
            method="gausslegendre",
            internal_batch_size=max(MAX_BATCH, len(problem.values)),
        )
        return values.detach().numpy()

    if problem.outputs is None:
        return attribute_output(None)
    return np.stack([attribute_output(output) for output in range(problem.outputs)], axis=2)


def compute_gap(problem: AttributionProblem, attributions: np.ndarray) -> np.ndarray:
    """(n,): sum of attributions minus the output's change from the baseline, relative to the mean size of that change."""
    compute_output, present = problem.output_function(), problem.present
    change = compute_output(problem.values, present) - compute_output(problem.start_points(compute_baseline(problem)), present)
    return completeness_gap(attributions, change)
