"""The heads of convolutional networks: outputs from what edits change of what the trunk gives."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn import functional

from readsight.models.incremental.layers import product
from readsight.models.incremental.spans import Patch, Span
from readsight.models.sequence.layers import means


class Near(NamedTuple):
    """The places along the outcome that are wanted of each edit: low … low + wide − 1."""

    low: torch.Tensor
    wide: int

    @property
    def span(self) -> Span:
        return Span(self.low, self.wide)


class Unedited(NamedTuple):
    """What a head holds of the unedited sequences: their outputs (n, …), and what it adds changes to."""

    outputs: torch.Tensor
    features: tuple[torch.Tensor, ...] = ()


class Linear:
    """A dense layer: (k, inputs) → (k, outputs)."""

    def __init__(self, layer: nn.Linear):
        self.weight, self.bias = layer.weight.detach().t().contiguous(), layer.bias.detach()

    def __call__(self, values: torch.Tensor) -> torch.Tensor:
        return product(values, self.weight, self.bias)


def _layer(layer: nn.Module) -> Callable[[torch.Tensor], torch.Tensor]:
    return Linear(layer) if isinstance(layer, nn.Linear) else layer


class Dense:
    """All places side by side and dense layers (`layers.Condense`, `network.Whole`): of what changes the first one's columns alone."""

    def __init__(self, head: Any, by: int, places: int, channels: int):
        self.head, self.by, self.places, self.channels = head, by, -(-places // by), channels
        self.share = torch.full((self.places, 1), 1.0 / by, device=head.layer.weight.device)
        self.share[-1] = 1.0 / (places - by * (self.places - 1))
        self.first, *self.layers = (_layer(layer) for layer in (*head.dense, head.layer))

    def _rest(self, hidden: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            hidden = layer(hidden)
        found = hidden * self.head.deviation + self.head.usual
        return found.flatten() if self.head.flat else found

    def whole(self, values: torch.Tensor) -> Unedited:
        """Of whole sequences. values: (n, places, channels)."""
        hidden = self.first(means(values, self.by).flatten(1))
        return Unedited(self._rest(hidden), (hidden,))

    def of(self, patch: Patch, held: Unedited, rows: torch.Tensor, near: Near | None) -> torch.Tensor:
        """Outputs of edited sequences."""
        patch = patch.summed(self.by)
        if self.by > 1:
            patch.values.mul_(self.share[patch.span.places().clamp_(0, self.places - 1)])
        low, order = patch.span.low.sort(stable=True)
        values, parts, first = patch.values.index_select(0, order).flatten(1), [], 0
        each, counts = torch.unique_consecutive(low, return_counts=True)
        for place, count in zip(each.tolist(), counts.tolist(), strict=True):
            begin, end = max(place, 0) * self.channels, min(place + patch.span.size, self.places) * self.channels
            columns = values[first : first + count, begin - place * self.channels : end - place * self.channels]
            parts.append(product(columns, self.first.weight[begin:end]))
            first += count
        change, rows = torch.cat(parts), rows[order]
        still = ~change.any(1)
        found = self._rest(change.add_(held.features[0][rows]))
        found[still] = held.outputs[rows[still]]
        return torch.empty_like(found).index_copy_(0, order, found)

    def work(self, size: int) -> tuple[float, float]:
        """Products of an edit whose patch has so many places, and of a whole sequence."""
        inputs, units = self.first.weight.shape
        rest = sum(own.numel() for own in self.head.parameters()) - inputs * units
        return min(size, self.places) * self.channels * units + rest, inputs * units + rest


class Pooled:
    """Means and maxima over all places, and a layer (`layers.Pool`)."""

    def __init__(self, head: Any):
        self.head = head

    def whole(self, values: torch.Tensor) -> Unedited:
        """As `Dense.whole`."""
        lowest = values.new_full((len(values), 1, values.shape[2]), -torch.inf)
        until = torch.cat([lowest, values.cummax(1).values], 1)  # largest before each place
        beyond = torch.cat([values.flip(1).cummax(1).values.flip(1), lowest], 1)
        mean = values.mean(1)
        found = self.head(torch.cat([mean, until[:, -1]], 1))
        return Unedited(found, (values, mean, until, beyond))

    def of(self, patch: Patch, held: Unedited, rows: torch.Tensor, near: Near | None) -> torch.Tensor:
        """As `Dense.of`."""
        values, mean, until, beyond = held.features
        places = values.shape[1]
        at = patch.span.places()
        own = values.flatten(0, 1)[at.clamp(0, places - 1) + rows[:, None] * places] + patch.values
        own.masked_fill_(((at < 0) | (at >= places))[:, :, None], -torch.inf)
        ends = patch.span.low.clamp(0, places), (patch.span.low + patch.span.size).clamp_(0, places)
        highest = torch.maximum(own.amax(1), torch.maximum(until[rows, ends[0]], beyond[rows, ends[1]]))
        mean = mean[rows] + patch.values.sum(1) / places
        found = self.head(torch.cat([mean, highest], 1))
        still = ~patch.values.flatten(1).any(1)
        found[still] = held.outputs[rows[still]]
        return found

    def work(self, size: int) -> tuple[float, float]:
        """As `Dense.work`."""
        return 0.0, 0.0


class Along:
    """An outcome along the sequence: a layer on each place, or on the mean of each bin's places (`network.Profile`).

    by: places of a bin; None of positions.
    """

    def __init__(self, layer: nn.Linear, whole: Callable[[torch.Tensor], torch.Tensor], by: int | None):
        self.weight, self.head, self.by = layer.weight.detach(), whole, by

    def whole(self, values: torch.Tensor) -> Unedited:
        """As `Dense.whole`."""
        return Unedited(self.head(values))

    def of(self, patch: Patch, held: Unedited, rows: torch.Tensor, near: Near | None) -> torch.Tensor:
        """Outputs of edited sequences, of those places alone that are near: (k, places, outputs), or (k, bins)."""
        found = functional.linear(patch.values, self.weight)
        patch = Patch(found, patch.span)
        if self.by is not None:
            patch = patch.summed(self.by)
            patch = Patch(patch.values / self.by, patch.span)
        places = held.outputs.shape[1]
        low, wide = near if near is not None else (torch.zeros_like(rows), places)
        values = patch.at(Span(low, wide))
        values = values.squeeze(2) if held.outputs.ndim == 2 else values
        return values.add_(shown(held.outputs, rows, near))

    def wanted(self, near: Near) -> Span:
        """Places of the trunk that outputs are made of."""
        return near.span if self.by is None else near.span.spread(self.by)

    def changed(self, span: Span) -> Span:
        """Outputs that a stretch of the trunk's places moves."""
        return span if self.by is None else span.pooled(self.by)

    def work(self, size: int) -> tuple[float, float]:
        """As `Dense.work`."""
        return 0.0, 0.0


def shown(outputs: torch.Tensor, rows: torch.Tensor, near: Near | None) -> torch.Tensor:
    """Of outputs along the sequence (n, places, …) those near, (k, wide, …): NaN where there is no such place; all where near is None."""
    if near is None:
        return outputs[rows]
    at, places = near.span.places(), outputs.shape[1]
    index = at.clamp(0, places - 1) + rows[:, None] * places
    found = outputs.flatten(0, 1)[index]
    outside = (at < 0) | (at >= places)
    found[outside] = torch.nan
    return found
