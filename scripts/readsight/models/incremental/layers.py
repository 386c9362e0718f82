"""Layers with two evaluations: on complete sequences, and on the changes by edits."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional

from readsight.models.incremental.spans import Patch, Span, take_positions
from readsight.models.sequence.layers import LayerNorm, as_image, as_rows

CROP_FRACTION = 0.75  # fraction of positions below which only the wanted ones are convolved
MAX_LOOKUP_BASES = 16  # longest edit with table look-up
ELEMENTWISE = (nn.GELU, nn.SiLU, nn.ELU)


# Private operator: matrix product of oneDNN, twice as fast as MKL on AMD processors
FAST_PRODUCT = getattr(torch.ops.mkldnn, "_linear_pointwise", None) if torch.backends.mkldnn.is_available() else None


class UnknownError(Exception):
    """An unsupported layer: the network is recomputed completely."""


class Affine(NamedTuple):
    """Normalisation with fixed parameters: values × scale + shift, per channel."""

    scale: torch.Tensor
    shift: torch.Tensor

    def __call__(self, values: torch.Tensor) -> torch.Tensor:
        return torch.addcmul(self.shift, values, self.scale)


Norm = Affine | Callable[[torch.Tensor], torch.Tensor] | None


def get_normalisation(layer: nn.Module) -> Norm:
    """Normalisation of a layer in evaluation mode, on (..., channels); None if it has none."""
    if isinstance(layer, nn.Identity):
        return None
    if isinstance(layer, nn.BatchNorm2d) and layer.running_mean is not None and layer.affine:
        scale = layer.weight.detach() / torch.sqrt(layer.running_var + layer.eps)
        return Affine(scale, layer.bias.detach() - layer.running_mean * scale)
    if isinstance(layer, LayerNorm):
        return lambda values: functional.layer_norm(values, layer.normalized_shape, layer.weight, layer.bias, layer.eps)
    raise UnknownError(type(layer).__name__)


def get_activation(layer: nn.Module) -> Callable[[torch.Tensor], torch.Tensor]:
    """Activation of a layer; may overwrite its input."""
    if isinstance(layer, nn.ReLU):
        return torch.relu_
    if type(layer).__name__ == "Exponential":
        return torch.exp_
    if isinstance(layer, ELEMENTWISE):
        return layer
    raise UnknownError(type(layer).__name__)


def multiply(values: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
    """values (k, inputs) × weight (inputs, outputs), contiguous, + bias."""
    if FAST_PRODUCT is not None and values.device.type == "cpu":
        return FAST_PRODUCT(values.contiguous(), weight.t(), bias, "none", [], "")
    product = values @ weight
    return product if bias is None else product.add_(bias)


class IncrementalConvolution:
    """A convolution with "same" padding. affine: normalisation of its outputs, folded into the weights."""

    def __init__(self, layer: nn.Conv2d, affine: Affine | None = None):
        if not isinstance(layer, nn.Conv2d) or layer.padding != "same" or layer.groups != 1 or layer.bias is None:
            raise UnknownError(type(layer).__name__)
        weight, bias = layer.weight.detach(), layer.bias.detach()
        if affine is not None:
            weight, bias = weight * affine.scale[:, None, None, None], affine(bias)
        self.weight, self.bias = weight.contiguous(memory_format=torch.channels_last), bias
        self.filters, self.channels, _, self.width = weight.shape
        self.dilation = layer.dilation[1]
        self.reach = (self.width - 1) * self.dilation
        self.left = self.reach // 2

    def count_products(self, positions: float) -> float:
        """Multiplications for a number of positions."""
        return positions * self.width * self.channels * self.filters

    def output_span(self, span: Span) -> Span:
        """Outputs that depend on a span of inputs."""
        return Span(span.low + (self.left - self.reach), span.size + self.reach)

    def input_span(self, span: Span) -> Span:
        """Inputs that a span of outputs depends on."""
        return Span(span.low - self.left, span.size + self.reach)

    def compute_full(self, values: torch.Tensor) -> torch.Tensor:
        """Complete sequences: (n, positions, channels) → (n, positions, filters)."""
        outputs = functional.conv2d(as_image(values), self.weight, self.bias, padding="same", dilation=(1, self.dilation))
        return as_rows(outputs).contiguous()

    def apply_patch(self, patch: Patch, wanted_span: Span, margin: int = 0) -> Patch:
        """Change of the outputs by a change of the inputs, at least at the wanted positions.

        margin: zeros added at both ends if outputs beyond the wanted ones are returned.
        """
        if wanted_span.size < CROP_FRACTION * patch.span.size:
            values, padding, span = patch.values_at(self.input_span(wanted_span)), 0, wanted_span
        else:
            values, padding, span = patch.values, self.reach + margin, self.output_span(patch.span)
            span = Span(span.low - margin, span.size + 2 * margin)
        outputs = functional.conv2d(as_image(values), self.weight, padding=(0, padding), dilation=(1, self.dilation))
        return Patch(as_rows(outputs).contiguous(), span)


class FirstConvolution(IncrementalConvolution):
    """The convolution of one-hot bases: changes by substitutions are looked up in a table."""

    def __init__(self, layer: nn.Conv2d, affine: Affine | None = None, margin: int = 0):
        super().__init__(layer, affine)
        if self.channels != 4 or self.dilation != 1:
            raise UnknownError("first layer without one-hot input")
        self.margin = margin
        taps = functional.pad(self.weight[:, :, 0].flip(2).permute(1, 2, 0), (0, 0, margin, margin))  # (4, width, filters)
        bases = functional.pad(taps, (0, 0, 0, 0, 0, 1))  # N adds nothing
        self.table = (bases[None] - bases[:, None]).flatten(0, 1).flatten(1)  # one row per old and new base

    def apply_edits(self, start: torch.Tensor, old: torch.Tensor, new: torch.Tensor) -> Patch:
        """Change of the outputs by edits. start: (k,). old, new: codes (k, w), int64."""
        edits, bases = old.shape
        span = self.output_span(Span(start, bases))
        span = Span(span.low - self.margin, span.size + 2 * self.margin)
        index = old * 5 + new
        if bases == 1 or self.table.shape[1] == self.filters:
            changes = self.table.index_select(0, index.flatten()).view(edits, span.size, self.filters)
        elif bases <= MAX_LOOKUP_BASES:
            size = self.width + 2 * self.margin
            changes = self.table.new_zeros(edits, span.size, self.filters)
            for i in range(bases):
                changes[:, i : i + size].add_(self.table.index_select(0, index[:, i]).view(edits, size, self.filters))
        else:
            onehot = torch.eye(5, 4, device=old.device)
            values = as_image(onehot[new] - onehot[old])
            changes = as_rows(functional.conv2d(values, self.weight, padding=(0, self.reach + self.margin))).contiguous()
        return Patch(changes, span)


class LayerValues(NamedTuple):
    """Values of a `Nonlinearity` for unedited sequences: (n, positions, channels) before it, (n, pooled positions, channels)
    after it.
    """

    before: torch.Tensor
    after: torch.Tensor


class Nonlinearity:
    """Operations between convolutions: max pooling, normalisation, activation.

    pre_norm: scale applied to changes before they are added; `before` then holds normalised values. Only without pooling.
    """

    def __init__(self, activation_layer: nn.Module, pool: int = 1, pre_norm: Affine | None = None, post_norm: Norm = None):
        self.pool, self.pre_norm, self.post_norm, self.activation = pool, pre_norm, post_norm, get_activation(activation_layer)

    def compute_full(self, values: torch.Tensor) -> LayerValues:
        before = values if self.pre_norm is None else self.pre_norm(values)
        return LayerValues(before, self._activate(_max_pool(before, self.pool), self.pool == 1))

    def _activate(self, values: torch.Tensor, is_kept: bool) -> torch.Tensor:
        """Normalise and activate. is_kept: the input must not be overwritten."""
        if self.post_norm is not None:
            values, is_kept = self.post_norm(values), False
        return self.activation(values.clone() if is_kept else values)

    def apply_patch(self, patch: Patch, layer_values: LayerValues, rows: torch.Tensor, span: Span) -> Patch:
        """Change of the outputs at `span`, which must not depend on more than the patch and its zero margins.

        rows: (k,), sequence of each edit. Positions beyond sequence ends are 0.
        """
        length, output_length = layer_values.before.shape[1], layer_values.after.shape[1]
        # Beyond an end the last position is repeated, which does not change a maximum
        positions = span.unpool_positions(self.pool).positions().clamp_(0, length - 1)
        values = _select_positions(layer_values.before, rows, positions)
        added = patch.values
        if self.pool > 1 or span.size != patch.span.size:
            added = take_positions(added, (positions - patch.span.low[:, None]).clamp_(0, patch.span.size - 1))
        if self.pre_norm is None:
            values.add_(added)
        else:
            size = values.shape[1]
            values.flatten(1).addcmul_(added.reshape(len(added), -1), self.pre_norm.scale.repeat(size))
        if self.pool > 1:
            values = values.unflatten(1, (-1, self.pool)).amax(2)
        values = self._activate(values, False)
        positions = span.positions()
        values.sub_(_select_positions(layer_values.after, rows, positions.clamp(0, output_length - 1)))
        outside = ((positions < 0) | (positions >= output_length)).flatten().nonzero().flatten()
        if len(outside):
            values.flatten(0, 1).index_fill_(0, outside, 0)
        return Patch(values, span)


def _max_pool(values: torch.Tensor, pool: int) -> torch.Tensor:
    if pool == 1:
        return values
    pooled = functional.max_pool2d(as_image(values), (1, pool), ceil_mode=True)
    return as_rows(pooled).contiguous()


def _select_positions(values: torch.Tensor, rows: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
    """Positions (k, size) of rows (k,) from (n, positions, channels): (k, size, channels)."""
    index = positions + rows[:, None] * values.shape[1]
    return values.flatten(0, 1).index_select(0, index.flatten()).view(*positions.shape, values.shape[2])
