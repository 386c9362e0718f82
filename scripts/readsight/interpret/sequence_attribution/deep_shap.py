"""DeepLIFT by the rescale rule against each reference, and the mean over these: DeepSHAP (Lundberg & Lee 2017)."""

from typing import Any

import numpy as np

from readsight.interpret.sequence_attribution.gradients import added, at_once, bases, located, still
from readsight.interpret.sequence_attribution.query import Question

ON = ("cnn", "dilated_resnet")
NEAR = True
COMPARES = True
COMPLETE = True


def attribute(question: Question, references: np.ndarray, spec: dict[str, Any], seed: int) -> np.ndarray:
    """Attributions (n, places, 4); they add up to the score less its mean over the references."""
    n, m, places = references.shape[:3]
    size = max(1, at_once(places) // m)
    parts = [_multipliers(question, references, slice(i, i + size)) for i in range(0, n, size)]
    return added(np.concatenate(parts), references)


def _multipliers(question: Question, references: np.ndarray, rows: slice) -> np.ndarray:
    """(k, m, places, 4) of some of the sequences. A sequence passes once, however many references it has."""
    import torch

    from readsight.interpret.sequence_attribution.deeplift_rescale import References, Sequences

    own = torch.from_numpy(bases(question)[rows])
    start = torch.from_numpy(np.ascontiguousarray(references[rows]))
    count, at = start.shape[1], located(question, rows)
    with still(question.net):
        with torch.no_grad(), Sequences() as sequences:
            question.read(question.net(own.transpose(1, 2)), at)
        given = start.flatten(0, 1).requires_grad_()
        with References(sequences.kept, count):
            output = question.read(question.net(given.transpose(1, 2)), None if at is None else at.repeat_interleave(count))
        found = torch.autograd.grad(output.sum(), given)[0]
    return found.view(start.shape).numpy()
