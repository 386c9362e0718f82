"""Grad-CAM on the last convolution of a network (Selvaraju et al. 2017), per position of a sequence.

Channels are weighted by their mean gradient over positions; negative evidence is set to 0, as in the original method.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from readsight.interpret.sequence_attribution.gradients import encode_bases, freeze_network, max_batch_size, select_positions
from readsight.interpret.sequence_attribution.query import AttributionQuery

SUPPORTED_NETWORKS = ("cnn", "dilated_resnet", "cnn_lstm", "transformer")
IS_POSITION_LEVEL = True


def attribute(query: AttributionQuery, references: np.ndarray | None, spec: dict[str, Any], seed: int) -> np.ndarray:
    """Attributions (n, positions, 4), ≥ 0; mean over the members of an ensemble."""
    import torch

    one_hot, batch_size = encode_bases(query), max_batch_size(query.codes.shape[1])
    windows = 2 if query.description.get("pair") else 1
    weights = np.zeros(query.codes.shape, np.float32)
    with freeze_network(query.net), record_activations(query.net) as activations:
        for i in range(0, len(one_hot), batch_size):
            rows = slice(i, i + batch_size)
            activations.clear()
            inputs = torch.from_numpy(one_hot[rows]).requires_grad_()
            output = query.select_output(query.net(inputs.transpose(1, 2)), select_positions(query, rows))
            gradients = torch.autograd.grad(output.sum(), activations)
            for activation, gradient in zip(activations, gradients, strict=True):
                relevance = (activation * gradient.mean(-1, keepdim=True)).sum((1, 2)).relu().detach().numpy()
                by_window = np.split(relevance, windows)  # windows of pairs are concatenated in the batch dimension
                weights[rows] += np.hstack(
                    [interpolate(window, weights.shape[1] // windows, pool_width(query.net)) for window in by_window]
                )
            weights[rows] /= len(activations)
    return np.repeat(weights[..., None], 4, axis=-1)


def last_block(net: Any) -> Any:
    """Module of a network that returns the activations of its last convolution, (n, channels, 1, positions)."""
    trunk = getattr(net.trunk, "trunk", net.trunk)
    return next(
        candidate for name in ("blocks", "block", "stem", "last") if (candidate := getattr(trunk, name, None)) is not None
    )


def list_networks(net: Any) -> list[Any]:
    """Members of an ensemble, or the single network."""
    return list(getattr(net, "nets", [net]))


@contextmanager
def record_activations(net: Any) -> Iterator[list[Any]]:
    """Context with a list of the block outputs of each forward pass."""
    activations: list[Any] = []
    handles = [
        last_block(member).register_forward_hook(lambda module, inputs, output: activations.append(output))
        for member in list_networks(net)
    ]
    try:
        yield activations
    finally:
        for handle in handles:
            handle.remove()


def pool_width(net: Any) -> int:
    """Number of bases per position of those activations."""
    from torch import nn

    pools = [layer for layer in last_block(list_networks(net)[0]).modules() if isinstance(layer, nn.MaxPool2d)]
    return int(np.prod([layer.kernel_size[1] for layer in pools]))


def interpolate(values: np.ndarray, length: int, width: int) -> np.ndarray:
    """Values (n, k), each of `width` positions, interpolated linearly between their centres: (n, positions)."""
    centres = np.arange(values.shape[1]) * width + (width - 1) / 2
    return np.stack([np.interp(np.arange(length), centres, row) for row in values]).astype(np.float32)
