"""Integrated gradients (Sundararajan et al. 2017; Captum) from the mean of the training fold."""

import numpy as np

from readsight.attributions.problem import Problem
from readsight.errors import InputError

STEPS = 100


def baseline(problem: Problem) -> np.ndarray:
    """Where the path starts: the mean training example, (features,)."""
    return problem.background.mean(axis=0)


def attribute(problem: Problem, seed: int) -> np.ndarray:
    """Attributions (n, features), logits. Raises InputError for a model without gradients."""
    if not problem.differentiable:
        raise InputError("attributions: integrated_gradients needs a model with gradients; use shap")
    import torch
    from captum.attr import IntegratedGradients

    values = torch.as_tensor(problem.values.astype(np.float64))
    start = torch.as_tensor(baseline(problem).astype(np.float64))[None, :]
    method = IntegratedGradients(problem.module(), multiply_by_inputs=True)
    found = method.attribute(values, baselines=start, n_steps=STEPS, method="gausslegendre", internal_batch_size=8192)
    return found.detach().numpy()


def gap(problem: Problem, attributions: np.ndarray) -> np.ndarray:
    """(n,): sum of attributions less the change of the output from the baseline (0 where complete), as part of that change's mean size."""
    output = problem.output()
    change = output(problem.values) - output(baseline(problem)[None, :])
    return (attributions.sum(axis=1) - change) / max(float(np.abs(change).mean()), 1e-9)
