"""SmoothGrad: the mean gradient over noisy copies of a sequence (Smilkov et al. 2017), multiplied by its bases."""

from typing import Any

import numpy as np

from readsight.interpret.sequence_attribution.gradients import DIFFERENTIABLE, compute_gradients, correct_gradient, encode_bases
from readsight.interpret.sequence_attribution.query import AttributionQuery
from readsight.interpret.sequence_attribution.references import orient_codes, sequence_rng

SUPPORTED_NETWORKS = DIFFERENTIABLE
USES_RECEPTIVE_FIELD = True
COPIES = 24  # each noise vector and its negative
DEVIATION = 0.15  # of the noise added to one-hot bases


def attribute(query: AttributionQuery, references: np.ndarray | None, spec: dict[str, Any], seed: int) -> np.ndarray:
    """Attributions (n, positions, 4). Noise depends on the sequence only and is the same on both strands."""
    windows = 2 if query.description.get("pair") else 1
    one_hot, gradients = encode_bases(query), []
    canonical, is_reverse = orient_codes(query.codes, windows)
    for i, (sequence, is_turned) in enumerate(zip(canonical, is_reverse, strict=True)):
        noise = DEVIATION * sequence_rng(sequence, seed, "noise").standard_normal((COPIES // 2, *one_hot.shape[1:]), np.float32)
        if is_turned:
            noise = np.concatenate([window[:, ::-1, ::-1] for window in np.split(noise, windows, axis=1)], axis=1)
        points = one_hot[i] + np.concatenate([noise, -noise])
        gradients.append(compute_gradients(query, points, np.full(COPIES, i)).mean(axis=0))
    return correct_gradient(np.stack(gradients), spec)
