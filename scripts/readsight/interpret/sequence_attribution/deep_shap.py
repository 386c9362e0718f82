"""DeepSHAP: DeepLIFT with the rescale rule against each reference, averaged over references (Lundberg & Lee 2017)."""

from typing import Any

import numpy as np

from readsight.interpret.sequence_attribution.gradients import (
    encode_bases,
    freeze_network,
    hypothetical_contributions,
    max_batch_size,
    select_positions,
)
from readsight.interpret.sequence_attribution.query import AttributionQuery

SUPPORTED_NETWORKS = ("cnn", "dilated_resnet")
USES_RECEPTIVE_FIELD = True
NEEDS_REFERENCES = True
IS_COMPLETE = True


def attribute(query: AttributionQuery, references: np.ndarray, spec: dict[str, Any], seed: int) -> np.ndarray:
    """Attributions (n, positions, 4); they add up to the score minus its mean over the references."""
    n, m, length = references.shape[:3]
    batch_size = max(1, max_batch_size(length) // m)
    multipliers = [_compute_multipliers(query, references, slice(i, i + batch_size)) for i in range(0, n, batch_size)]
    return hypothetical_contributions(np.concatenate(multipliers), references)


def _compute_multipliers(query: AttributionQuery, references: np.ndarray, rows: slice) -> np.ndarray:
    """Multipliers (k, m, positions, 4) of selected sequences. Each sequence is evaluated once, for any number of references."""
    import torch

    from readsight.interpret.sequence_attribution.deeplift_rescale import ReferencePass, SequencePass

    observed = torch.from_numpy(encode_bases(query)[rows])
    baselines = torch.from_numpy(np.ascontiguousarray(references[rows]))
    count, positions = baselines.shape[1], select_positions(query, rows)
    with freeze_network(query.net):
        with torch.no_grad(), SequencePass() as first_pass:
            query.select_output(query.net(observed.transpose(1, 2)), positions)
        inputs = baselines.flatten(0, 1).requires_grad_()
        with ReferencePass(first_pass.recorded, count):
            output = query.select_output(
                query.net(inputs.transpose(1, 2)), None if positions is None else positions.repeat_interleave(count)
            )
        gradient = torch.autograd.grad(output.sum(), inputs)[0]
    return gradient.view(baselines.shape).numpy()
