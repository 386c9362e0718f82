"""Receptive-field cropping: if one position of a long window is explained, only its receptive field is computed.

A segment of the receptive field's width around the position, shifted inwards at the window's ends, gives the same output as the
full window: effects at its cut ends do not reach the position.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from readsight.interpret.sequence_attribution.query import AttributionQuery
from readsight.models.sequence import NETWORKS


@dataclass(frozen=True)
class CroppedQuery:
    """query: of the segments. start: (n,) first position of each segment. width: of all segments. length: of the full window."""

    query: AttributionQuery
    start: np.ndarray
    width: int
    length: int

    def crop(self, values: np.ndarray) -> np.ndarray:
        """Values (n, m, positions) or (n, m, positions, 4) of the segments."""
        index = (self.start[:, None] + np.arange(self.width))[:, None]
        return np.take_along_axis(values, index if values.ndim == 3 else index[..., None], axis=2)

    def restore(self, attributions: np.ndarray) -> np.ndarray:
        """Attributions of segments (n, width, 4) as attributions of full windows; positions outside are 0."""
        full = np.zeros((len(attributions), self.length, 4), attributions.dtype)
        np.put_along_axis(full, (self.start[:, None] + np.arange(self.width))[..., None], attributions, axis=1)
        return full


def crop_query(query: AttributionQuery) -> CroppedQuery | None:
    """The receptive fields of a query's positions; None if the output depends on the full window."""
    description, radius = query.description, None
    if query.kind == "positions" and query.is_differentiable:
        radius = receptive_radius(query)
    if radius is None or 2 * radius + 1 >= query.codes.shape[1]:
        return None
    length, width = query.codes.shape[1], 2 * radius + 1
    start = np.clip(query.positions - radius, 0, length - width)
    codes = np.take_along_axis(np.asarray(query.codes), start[:, None] + np.arange(width), axis=1)
    cropped = replace(query, codes=codes, positions=query.positions - start, description=description | {"length": width})
    vars(cropped)["net"] = _build_any_length_network(query)
    return CroppedQuery(cropped, start, width, length)


def receptive_radius(query: AttributionQuery) -> int | None:
    """Largest distance at which a position affects the output; None if unknown."""
    description = query.description
    if query.model is NETWORKS["dilated_resnet"]:
        sizes = [(w, d) for w, d in zip(description["widths"], description["dilations"], strict=True) for _ in range(2)]
    elif query.model is NETWORKS["cnn"]:
        spacing = np.cumprod([1, *description["pools"]])[:-1]  # instead of pooling, the filters of later layers are dilated
        sizes = list(zip(description["widths"], spacing.tolist(), strict=True))
    else:
        return None
    return sum(width // 2 * spacing for width, spacing in sizes)


def _build_any_length_network(query: AttributionQuery) -> Any:
    """The query's network without its check of the window length."""
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
