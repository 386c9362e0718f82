"""Where the network's last convolution sees what speaks for the output: Grad-CAM (Selvaraju et al. 2017), along a sequence.

Channels count as their mean gradient over the places says; what speaks against the output is left out, as there.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from readsight.interpret.sequence_attribution.gradients import at_once, bases, located, still
from readsight.interpret.sequence_attribution.query import Question

ON = ("cnn", "dilated_resnet", "cnn_lstm", "transformer")
PLACES = True


def attribute(question: Question, references: np.ndarray | None, spec: dict[str, Any], seed: int) -> np.ndarray:
    """Attributions (n, places, 4), ≥ 0; of a network of several their mean."""
    import torch

    whole, size = bases(question), at_once(question.codes.shape[1])
    windows = 2 if question.about.get("pair") else 1
    found = np.zeros(question.codes.shape, np.float32)
    with still(question.net), watched(question.net) as kept:
        for i in range(0, len(whole), size):
            rows = slice(i, i + size)
            kept.clear()
            given = torch.from_numpy(whole[rows]).requires_grad_()
            output = question.read(question.net(given.transpose(1, 2)), located(question, rows))
            slopes = torch.autograd.grad(output.sum(), kept)
            for images, slope in zip(kept, slopes, strict=True):
                seen = (images * slope.mean(-1, keepdim=True)).sum((1, 2)).relu().detach().numpy()
                parts = np.split(seen, windows)  # the windows of pairs pass one behind the other
                found[rows] += np.hstack([spread(part, found.shape[1] // windows, joined(question.net)) for part in parts])
            found[rows] /= len(kept)
    return np.repeat(found[..., None], 4, axis=-1)


def block(net: Any) -> Any:
    """The module of a network that gives the images behind its last convolution: (n, channels, 1, places)."""
    trunk = getattr(net.trunk, "trunk", net.trunk)
    return next(held for name in ("blocks", "block", "stem", "last") if (held := getattr(trunk, name, None)) is not None)


def nets(net: Any) -> list[Any]:
    """The networks of an ensemble, or the one that it is."""
    return list(getattr(net, "nets", [net]))


@contextmanager
def watched(net: Any) -> Iterator[list[Any]]:
    """A list of what the blocks of a network's pass gave."""
    kept: list[Any] = []
    handles = [block(one).register_forward_hook(lambda module, given, found: kept.append(found)) for one in nets(net)]
    try:
        yield kept
    finally:
        for handle in handles:
            handle.remove()


def joined(net: Any) -> int:
    """Bases that a place of those images was pooled of."""
    from torch import nn

    pools = [part for part in block(nets(net)[0]).modules() if isinstance(part, nn.MaxPool2d)]
    return int(np.prod([part.kernel_size[1] for part in pools]))


def spread(values: np.ndarray, places: int, apart: int) -> np.ndarray:
    """Values (n, k) of which each is of `apart` places, as (n, places): on straight lines between their middles."""
    middle = np.arange(values.shape[1]) * apart + (apart - 1) / 2
    return np.stack([np.interp(np.arange(places), middle, row) for row in values]).astype(np.float32)
