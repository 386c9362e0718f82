"""Heads of convolutional networks: outputs from changes of the trunk's output."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn import functional

from readsight.models.incremental.layers import multiply
from readsight.models.incremental.spans import Patch, Span
from readsight.models.sequence.layers import average_neighbours


class OutputWindow(NamedTuple):
    """Requested outputs of each edit: low … low + size − 1."""

    low: torch.Tensor
    size: int

    @property
    def span(self) -> Span:
        return Span(self.low, self.size)


class HeadState(NamedTuple):
    """Head values of unedited sequences: outputs (n, …), and the features that changes are added to."""

    outputs: torch.Tensor
    features: tuple[torch.Tensor, ...] = ()


class DenseLayer:
    """A dense layer: (k, inputs) → (k, outputs)."""

    def __init__(self, layer: nn.Linear):
        self.weight, self.bias = layer.weight.detach().t().contiguous(), layer.bias.detach()

    def __call__(self, values: torch.Tensor) -> torch.Tensor:
        return multiply(values, self.weight, self.bias)


def _wrap_layer(layer: nn.Module) -> Callable[[torch.Tensor], torch.Tensor]:
    return DenseLayer(layer) if isinstance(layer, nn.Linear) else layer


class DenseHead:
    """Flattening and dense layers (`layers.Condense`, `network.SequenceHead`): only changed columns of the first layer are
    multiplied.
    """

    def __init__(self, head: Any, bin_size: int, length: int, channels: int):
        self.head, self.bin_size, self.length, self.channels = head, bin_size, -(-length // bin_size), channels
        self.bin_weights = torch.full((self.length, 1), 1.0 / bin_size, device=head.layer.weight.device)
        self.bin_weights[-1] = 1.0 / (length - bin_size * (self.length - 1))
        self.first, *self.layers = (_wrap_layer(layer) for layer in (*head.dense, head.layer))

    def _finish(self, hidden: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            hidden = layer(hidden)
        outputs = hidden * self.head.deviation + self.head.usual
        return outputs.flatten() if self.head.flat else outputs

    def compute_full(self, values: torch.Tensor) -> HeadState:
        """State of complete sequences. values: (n, positions, channels)."""
        hidden = self.first(average_neighbours(values, self.bin_size).flatten(1))
        return HeadState(self._finish(hidden), (hidden,))

    def apply_patch(self, patch: Patch, state: HeadState, rows: torch.Tensor, window: OutputWindow | None) -> torch.Tensor:
        """Outputs of edited sequences."""
        patch = patch.sum_bins(self.bin_size)
        if self.bin_size > 1:
            patch.values.mul_(self.bin_weights[patch.span.positions().clamp_(0, self.length - 1)])
        low, order = patch.span.low.sort(stable=True)
        values, products, first = patch.values.index_select(0, order).flatten(1), [], 0
        starts, counts = torch.unique_consecutive(low, return_counts=True)
        for start, count in zip(starts.tolist(), counts.tolist(), strict=True):
            begin, end = max(start, 0) * self.channels, min(start + patch.span.size, self.length) * self.channels
            columns = values[first : first + count, begin - start * self.channels : end - start * self.channels]
            products.append(multiply(columns, self.first.weight[begin:end]))
            first += count
        change, rows = torch.cat(products), rows[order]
        is_unchanged = ~change.any(1)
        outputs = self._finish(change.add_(state.features[0][rows]))
        outputs[is_unchanged] = state.outputs[rows[is_unchanged]]
        return torch.empty_like(outputs).index_copy_(0, order, outputs)

    def count_products(self, size: int) -> tuple[float, float]:
        """Multiplications for an edit whose patch covers `size` positions, and for a complete sequence."""
        inputs, units = self.first.weight.shape
        remaining = sum(parameter.numel() for parameter in self.head.parameters()) - inputs * units
        return min(size, self.length) * self.channels * units + remaining, inputs * units + remaining


class PooledHead:
    """Mean and maximum over positions, and a layer (`layers.GlobalPool`)."""

    def __init__(self, head: Any):
        self.head = head

    def compute_full(self, values: torch.Tensor) -> HeadState:
        """As `DenseHead.compute_full`."""
        lowest = values.new_full((len(values), 1, values.shape[2]), -torch.inf)
        maximum_before = torch.cat([lowest, values.cummax(1).values], 1)  # maximum before each position
        maximum_after = torch.cat([values.flip(1).cummax(1).values.flip(1), lowest], 1)
        mean = values.mean(1)
        outputs = self.head(torch.cat([mean, maximum_before[:, -1]], 1))
        return HeadState(outputs, (values, mean, maximum_before, maximum_after))

    def apply_patch(self, patch: Patch, state: HeadState, rows: torch.Tensor, window: OutputWindow | None) -> torch.Tensor:
        """As `DenseHead.apply_patch`."""
        values, mean, maximum_before, maximum_after = state.features
        length = values.shape[1]
        positions = patch.span.positions()
        edited_values = values.flatten(0, 1)[positions.clamp(0, length - 1) + rows[:, None] * length] + patch.values
        edited_values.masked_fill_(((positions < 0) | (positions >= length))[:, :, None], -torch.inf)
        ends = patch.span.low.clamp(0, length), (patch.span.low + patch.span.size).clamp_(0, length)
        highest = torch.maximum(edited_values.amax(1), torch.maximum(maximum_before[rows, ends[0]], maximum_after[rows, ends[1]]))
        mean = mean[rows] + patch.values.sum(1) / length
        outputs = self.head(torch.cat([mean, highest], 1))
        is_unchanged = ~patch.values.flatten(1).any(1)
        outputs[is_unchanged] = state.outputs[rows[is_unchanged]]
        return outputs

    def count_products(self, size: int) -> tuple[float, float]:
        """As `DenseHead.count_products`."""
        return 0.0, 0.0


class PerPositionHead:
    """Outcome per position: a layer on each position, or on the mean of each bin (`network.ProfileHead`).

    bin_size: positions per bin; None for outcomes per position.
    """

    def __init__(self, layer: nn.Linear, head: Callable[[torch.Tensor], torch.Tensor], bin_size: int | None):
        self.weight, self.head, self.bin_size = layer.weight.detach(), head, bin_size

    def compute_full(self, values: torch.Tensor) -> HeadState:
        """As `DenseHead.compute_full`."""
        return HeadState(self.head(values))

    def apply_patch(self, patch: Patch, state: HeadState, rows: torch.Tensor, window: OutputWindow | None) -> torch.Tensor:
        """Outputs of edited sequences in the requested window: (k, positions, outputs), or (k, bins)."""
        outputs = functional.linear(patch.values, self.weight)
        patch = Patch(outputs, patch.span)
        if self.bin_size is not None:
            patch = patch.sum_bins(self.bin_size)
            patch = Patch(patch.values / self.bin_size, patch.span)
        length = state.outputs.shape[1]
        low, size = window if window is not None else (torch.zeros_like(rows), length)
        values = patch.values_at(Span(low, size))
        values = values.squeeze(2) if state.outputs.ndim == 2 else values
        return values.add_(select_outputs(state.outputs, rows, window))

    def input_span(self, window: OutputWindow) -> Span:
        """Trunk positions that the requested outputs depend on."""
        return window.span if self.bin_size is None else window.span.unpool_positions(self.bin_size)

    def output_span(self, span: Span) -> Span:
        """Outputs that depend on a span of trunk positions."""
        return span if self.bin_size is None else span.pool_positions(self.bin_size)

    def count_products(self, size: int) -> tuple[float, float]:
        """As `DenseHead.count_products`."""
        return 0.0, 0.0


def select_outputs(outputs: torch.Tensor, rows: torch.Tensor, window: OutputWindow | None) -> torch.Tensor:
    """Requested outputs per position, (k, size, …), from (n, positions, …): NaN outside the sequence; all outputs if `window`
    is None.
    """
    if window is None:
        return outputs[rows]
    positions, length = window.span.positions(), outputs.shape[1]
    index = positions.clamp(0, length - 1) + rows[:, None] * length
    selected = outputs.flatten(0, 1)[index]
    outside = (positions < 0) | (positions >= length)
    selected[outside] = torch.nan
    return selected
