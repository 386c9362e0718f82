"""The stretch of a sequence that an output at one place sees: of a long window with one explained place the rest need not be computed.

Convolutions that keep their places see so many to each side. A stretch so long about the place, or at the window's end where the
place is near that, gives the same output as the whole window: what differs at its cut ends does not reach the place.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from readsight.interpret.sequence_attribution.query import AttributionQuery
from readsight.models.sequence import NETWORKS


@dataclass(frozen=True)
class CroppedQuery:
    """question: about the stretches. start: (n,) where each begins. width: of all. length: of the whole window."""

    query: AttributionQuery
    start: np.ndarray
    width: int
    length: int

    def crop(self, values: np.ndarray) -> np.ndarray:
        """Of values (n, m, places) or (n, m, places, 4) those of the stretches."""
        index = (self.start[:, None] + np.arange(self.width))[:, None]
        return np.take_along_axis(values, index if values.ndim == 3 else index[..., None], axis=2)

    def restore(self, attributions: np.ndarray) -> np.ndarray:
        """Attributions of stretches (n, width, 4) as those of whole windows; what is not seen adds nothing."""
        full = np.zeros((len(attributions), self.length, 4), attributions.dtype)
        np.put_along_axis(full, (self.start[:, None] + np.arange(self.width))[..., None], attributions, axis=1)
        return full


def crop_query(query: AttributionQuery) -> CroppedQuery | None:
    """The stretches that a question's places see; None where an output sees the whole window."""
    description, radius = query.description, None
    if query.kind == "positions" and query.is_differentiable:
        radius = receptive_radius(query)
    if radius is None or 2 * radius + 1 >= query.codes.shape[1]:
        return None
    length, width = query.codes.shape[1], 2 * radius + 1
    start = np.clip(query.positions - radius, 0, length - width)
    codes = np.take_along_axis(np.asarray(query.codes), start[:, None] + np.arange(width), axis=1)
    cropped = replace(query, codes=codes, at=query.positions - start, about=description | {"length": width})
    vars(cropped)["net"] = _build_any_length_network(query)
    return CroppedQuery(cropped, start, width, length)


def receptive_radius(query: AttributionQuery) -> int | None:
    """Places to each side that an output at a place sees, at most; None where that is not told."""
    description = query.description
    if query.model is NETWORKS["dilated_resnet"]:
        sizes = [(w, d) for w, d in zip(description["widths"], description["dilations"], strict=True) for _ in range(2)]
    elif query.model is NETWORKS["cnn"]:
        spacing = np.cumprod([1, *description["pools"]])[:-1]  # pools that would join places set filters apart instead
        sizes = list(zip(description["widths"], spacing.tolist(), strict=True))
    else:
        return None
    return sum(width // 2 * spacing for width, spacing in sizes)


def _build_any_length_network(query: AttributionQuery) -> Any:
    """The question's network, of windows of any length."""
    from torch import nn

    from readsight.models.training.ensemble import EnsembleModule

    class PositionNetwork(nn.Module):
        def __init__(self, net: Any) -> None:
            super().__init__()
            self.net = net

        def forward(self, batch: Any) -> Any:
            return self.net.head(self.net.trunk(*self.net.reader(batch)))

    if isinstance(query.net, EnsembleModule):
        return EnsembleModule([PositionNetwork(net) for net in query.net.nets], query.kind).eval()
    return PositionNetwork(query.net).eval()
