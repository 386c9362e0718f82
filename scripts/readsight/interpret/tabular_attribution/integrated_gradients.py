"""Integrated gradients (Sundararajan et al. 2017; Captum) from the mean of the training fold."""

from typing import Any

import numpy as np

from readsight.errors import InputError
from readsight.interpret.tabular_attribution.problem import Problem, missed

STEPS = 20  # of a path, at first
MOST = 640
TOLERANCE = 1e-4
ROWS = 128  # points on paths at once; more than fit in the processor's cache take longer


def baseline(problem: Problem) -> np.ndarray:
    """Where the path starts: the mean training example, (features,)."""
    return problem.background.mean(axis=0, dtype=np.float64)


def attribute(problem: Problem, seed: int) -> np.ndarray:
    """Attributions (n, features), or (n, features, outputs). Raises InputError for a model without gradients."""
    if not problem.differentiable:
        raise InputError("attributions: integrated_gradients needs a model with gradients; use shap")
    return along(problem, baseline(problem), STEPS, TOLERANCE)


def along(problem: Problem, start: np.ndarray, steps: int, tolerance: float) -> np.ndarray:
    """Gradients integrated (Gauss–Legendre) from a point (features,) to each example, times the way.

    An example whose attributions do not add up yet, to within the tolerance of the output's change (of one logit,
    where that is less), is taken again in twice as many steps: how many it needs hangs on itself alone.
    """
    found, output = walked(problem, start, steps), problem.output()
    change = output(problem.values, problem.present) - output(problem.starts(start), problem.present)
    limit = tolerance * np.maximum(1, np.abs(change))
    while steps < MOST:
        off = np.abs(found.sum(axis=1) - change) > limit
        rows = np.flatnonzero(off.reshape(len(off), -1).any(axis=1))
        if not len(rows):
            break
        steps *= 2
        found[rows] = walked(problem.some(rows), start, steps)
    return found


def walked(problem: Problem, start: np.ndarray, steps: int) -> np.ndarray:
    """As `along`, in so many steps."""
    import torch
    from captum.attr import IntegratedGradients

    present = problem.present
    method: Any = IntegratedGradients(problem.module, multiply_by_inputs=True)

    def towards(output: int | None) -> np.ndarray:
        found = method.attribute(
            torch.as_tensor(problem.values.astype(np.float64)),
            baselines=torch.as_tensor(problem.starts(start)),
            target=output,
            additional_forward_args=None if present is None else torch.as_tensor(present),
            n_steps=steps,
            method="gausslegendre",
            internal_batch_size=max(ROWS, len(problem.values)),
        )
        return found.detach().numpy()

    if problem.outputs is None:
        return towards(None)
    return np.stack([towards(output) for output in range(problem.outputs)], axis=2)


def gap(problem: Problem, attributions: np.ndarray) -> np.ndarray:
    """(n,): sum of attributions less the change of the output from the baseline (0 where complete), as part of that change's mean size."""
    output, present = problem.output(), problem.present
    change = output(problem.values, present) - output(problem.starts(baseline(problem)), present)
    return missed(attributions, change)
