"""The mean gradient of noisy copies of a sequence (Smilkov et al. 2017), times its bases."""

from typing import Any

import numpy as np

from readsight.interpret.sequence_attribution.gradients import DIFFERENTIABLE, bases, corrected, gradients
from readsight.interpret.sequence_attribution.query import Question
from readsight.interpret.sequence_attribution.references import generator, oriented

ON = DIFFERENTIABLE
NEAR = True
COPIES = 24  # each noise and its opposite
DEVIATION = 0.15  # of the noise, on bases of 0 and 1


def attribute(question: Question, references: np.ndarray | None, spec: dict[str, Any], seed: int) -> np.ndarray:
    """Attributions (n, places, 4). A sequence's noise is its own, and on the other strand the same."""
    windows = 2 if question.about.get("pair") else 1
    whole, found = bases(question), []
    own, turned = oriented(question.codes, windows)
    for i, (sequence, other) in enumerate(zip(own, turned, strict=True)):
        noise = DEVIATION * generator(sequence, seed, "noise").standard_normal((COPIES // 2, *whole.shape[1:]), np.float32)
        if other:
            noise = np.concatenate([part[:, ::-1, ::-1] for part in np.split(noise, windows, axis=1)], axis=1)
        points = whole[i] + np.concatenate([noise, -noise])
        found.append(gradients(question, points, np.full(COPIES, i)).mean(axis=0))
    return corrected(np.stack(found), spec)
