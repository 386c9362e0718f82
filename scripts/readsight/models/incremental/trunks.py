"""Trunks of convolutional networks: changes of their outputs, (n, positions, channels), by edits."""

from typing import Any, NamedTuple

import torch
from torch import nn

from readsight.models.incremental.layers import (
    MAX_LOOKUP_BASES,
    Affine,
    FirstConvolution,
    IncrementalConvolution,
    LayerValues,
    Nonlinearity,
    UnknownError,
    get_normalisation,
)
from readsight.models.incremental.spans import Patch, Span


class EditBatch(NamedTuple):
    """Edits of a batch of sequences. row: (k,), sequence. start: (k,). old, new: codes (k, w), int64."""

    row: torch.Tensor
    start: torch.Tensor
    old: torch.Tensor
    new: torch.Tensor

    @property
    def span(self) -> Span:
        return Span(self.start, self.new.shape[1])


class BlockTrunk:
    """Blocks of convolution → max pool → normalisation → activation (`readsight.models.sequence.convolutional`)."""

    def __init__(self, blocks: nn.Sequential):
        self.layers: list[tuple[IncrementalConvolution, Nonlinearity]] = []
        for i, block in enumerate(blocks):
            conv, *remaining = block
            pool = remaining.pop(0).kernel_size[1] if isinstance(remaining[0], nn.MaxPool2d) else 1
            normalisation, fold = get_normalisation(remaining[0]), None
            # A positive scale commutes with the maximum
            if isinstance(normalisation, Affine) and (pool == 1 or bool((normalisation.scale > 0).all())):
                normalisation, fold = None, normalisation
            convolution = IncrementalConvolution(conv, fold) if i else FirstConvolution(conv, fold, pool - 1)
            self.layers.append((convolution, Nonlinearity(remaining[1], pool, post_norm=normalisation)))

    def compute_lengths(self, length: int) -> list[int]:
        """Positions of the sequence and after each layer."""
        lengths = [length]
        for _, nonlinearity in self.layers:
            lengths.append(-(-lengths[-1] // nonlinearity.pool))
        return lengths

    def output_span(self, span: Span) -> Span:
        for conv, nonlinearity in self.layers:
            span = conv.output_span(span).pool_positions(nonlinearity.pool)
        return span

    def compute_full(self, values: torch.Tensor) -> tuple[torch.Tensor, list[LayerValues]]:
        """Trunk output and layer values of complete sequences. values: one-hot (n, positions, 4)."""
        layer_values = []
        for conv, nonlinearity in self.layers:
            layer_values.append(nonlinearity.compute_full(conv.compute_full(values)))
            values = layer_values[-1].after
        return values, layer_values

    def apply_edits(self, edits: EditBatch, layer_values: list[LayerValues], wanted_span: Span) -> Patch:
        """Change of the trunk output by edits. wanted_span: trunk positions."""
        wanted_spans = [wanted_span]
        for conv, nonlinearity in self.layers[:0:-1]:
            wanted_spans.append(conv.input_span(wanted_spans[-1].unpool_positions(nonlinearity.pool)))
        patch = None
        for (conv, nonlinearity), values in zip(self.layers, layer_values, strict=True):
            before = edits.span if patch is None else patch.span
            span = conv.output_span(before).pool_positions(nonlinearity.pool).crop_to(wanted_spans.pop(), values.after.shape[1])
            if patch is None:
                patch = conv.apply_edits(edits.start, edits.old, edits.new)
            else:
                patch = conv.apply_patch(patch, span.unpool_positions(nonlinearity.pool), nonlinearity.pool - 1)
            patch = nonlinearity.apply_patch(patch, values, edits.row, span)
        return patch

    def count_products(self, bases: int, length: int) -> tuple[float, float]:
        """Multiplications for an edit of this many bases, and for a complete sequence."""
        edit_work, full_work, size = 0.0, 0.0, bases
        for (conv, nonlinearity), layer_length in zip(self.layers, self.compute_lengths(length), strict=False):
            looked_up = isinstance(conv, FirstConvolution) and bases <= MAX_LOOKUP_BASES
            edit_work += 0 if looked_up else conv.count_products(min(size, layer_length))
            full_work += conv.count_products(layer_length)
            size = (size + conv.reach + nonlinearity.pool - 2) // nonlinearity.pool + 1
        return edit_work, full_work

    def count_state_values(self, length: int) -> int:
        """Numbers stored per sequence."""
        lengths = self.compute_lengths(length)
        return sum(c.filters * (a + b) for (c, _), a, b in zip(self.layers, lengths, lengths[1:], strict=False))

    def count_widest_layer(self, bases: int, length: int) -> int:
        """Largest number of values of an edit in one layer."""
        size, largest = bases, 0
        for conv, nonlinearity in self.layers:
            size += conv.reach + 3 * nonlinearity.pool
            largest = max(largest, size * max(conv.filters, conv.channels))
            size = size // nonlinearity.pool + 1
        return largest


class DilatedChain:
    """Residual dilated convolutions (`readsight.models.sequence.residual`)."""

    def __init__(self, trunk: Any):
        self.entry, self.first = FirstConvolution(trunk.entry), IncrementalConvolution(trunk.first)
        if self.entry.width != 1:
            raise UnknownError("entry convolution wider than one base")
        self.groups = [[_make_residual(block) for block in group] for group in trunk.groups]
        self.skips = [IncrementalConvolution(skip) for skip in trunk.skips]
        self.last = _make_nonlinearity(*trunk.last)
        self.convolutions = [conv for group in self.groups for block in group for conv in block[1::2]]

    def compute_lengths(self, length: int) -> list[int]:
        return [length]

    def output_span(self, span: Span) -> Span:
        for conv in self.convolutions:
            span = conv.output_span(span)
        return span

    def compute_full(self, values: torch.Tensor) -> tuple[torch.Tensor, list[LayerValues]]:
        """As `BlockTrunk.compute_full`."""
        layer_values, residual = [], self.entry.compute_full(values)
        total = self.first.compute_full(residual)
        for group, skip in zip(self.groups, self.skips, strict=True):
            for first_nonlinearity, first_conv, second_nonlinearity, second_conv in group:
                layer_values.append(first_nonlinearity.compute_full(residual))
                layer_values.append(second_nonlinearity.compute_full(first_conv.compute_full(layer_values[-1].after)))
                residual = residual + second_conv.compute_full(layer_values[-1].after)
            total += skip.compute_full(residual)
        layer_values.append(self.last.compute_full(total))
        return layer_values[-1].after, layer_values

    def apply_edits(self, edits: EditBatch, layer_values: list[LayerValues], wanted_span: Span) -> Patch:
        """As `BlockTrunk.apply_edits`."""
        wanted_spans = [wanted_span]
        for conv in self.convolutions[::-1]:
            wanted_spans.append(conv.input_span(wanted_spans[-1]))
        wanted_spans.pop()
        layer_iterator, length, rows = iter(layer_values), layer_values[0].before.shape[1], edits.row
        residual = self.entry.apply_edits(edits.start, edits.old, edits.new)
        total = self.first.apply_patch(residual, residual.span)
        for group, skip in zip(self.groups, self.skips, strict=True):
            for first_nonlinearity, conv, second_nonlinearity, second_conv in group:
                patch = first_nonlinearity.apply_patch(residual, next(layer_iterator), rows, residual.span)
                span = conv.output_span(patch.span).crop_to(wanted_spans.pop(), length)
                patch = second_nonlinearity.apply_patch(conv.apply_patch(patch, span), next(layer_iterator), rows, span)
                span = second_conv.output_span(patch.span).crop_to(wanted_spans.pop(), length)
                update = second_conv.apply_patch(patch, span)
                residual = Patch(update.values_at(span), span).add_patch(residual)
            total = skip.apply_patch(residual, residual.span).add_patch(total)
        span = total.span.crop_to(wanted_span, length)
        return self.last.apply_patch(total, next(layer_iterator), rows, span)

    def count_products(self, bases: int, length: int) -> tuple[float, float]:
        """As `BlockTrunk.count_products`."""
        edit_work, full_work, size = 0.0, 0.0, bases
        for conv in self.convolutions:
            edit_work += conv.count_products(min(size, length))
            full_work += conv.count_products(length)
            size += conv.reach
        return edit_work, full_work

    def count_state_values(self, length: int) -> int:
        """As `BlockTrunk.count_state_values`."""
        return length * self.entry.filters * (4 * sum(map(len, self.groups)) + 6)

    def count_widest_layer(self, bases: int, length: int) -> int:
        """As `BlockTrunk.count_widest_layer`."""
        size = bases + sum(conv.reach for conv in self.convolutions)
        return size * self.entry.filters


def _make_nonlinearity(norm_layer: nn.Module, activation_layer: nn.Module) -> Nonlinearity:
    """Normalisation and activation of residual values: changes are added to values before normalisation."""
    normalisation = get_normalisation(norm_layer)
    return (
        Nonlinearity(activation_layer, pre_norm=normalisation)
        if isinstance(normalisation, Affine)
        else Nonlinearity(activation_layer, post_norm=normalisation)
    )


def _make_residual(block: Any) -> tuple[Nonlinearity, IncrementalConvolution, Nonlinearity, IncrementalConvolution]:
    norm_layer, first_activation, _, first_conv, second_norm, second_activation, _, second_conv = block.layers
    fold = get_normalisation(second_norm)
    if isinstance(fold, Affine):
        return (
            _make_nonlinearity(norm_layer, first_activation),
            IncrementalConvolution(first_conv, fold),
            Nonlinearity(second_activation),
            IncrementalConvolution(second_conv),
        )
    return (
        _make_nonlinearity(norm_layer, first_activation),
        IncrementalConvolution(first_conv),
        Nonlinearity(second_activation, post_norm=fold),
        IncrementalConvolution(second_conv),
    )
