"""Rescale rule of DeepLIFT (Shrikumar et al. 2017): a backward pass that replaces the slope of each non-linear function by the ratio
of its output change to its input change between a reference and a sequence.

Functions are intercepted where torch calls them, so no module is modified. The sequences are evaluated first, without gradients, and
the inputs and outputs of each function are recorded; then the references are evaluated, several per sequence, and multipliers are
computed from both. All functions not listed here are linear in the networks of this package.

| function | multiplier |
|---|---|
| elementwise | output change over input change; for very small changes the slope at the midpoint |
| maximum | the full change is assigned to the position of the larger of both maxima |
| layer_norm, softmax | the change of a product is split into (mean of one factor) × (change of the second); quotients are elementwise |
"""

from collections.abc import Callable
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

SMALL_CHANGE = (
    1e-2  # input change below which the slope at the midpoint is as accurate (relative error change² / 24) and less noisy
)
ELEMENTWISE = ("gelu", "silu", "elu", "exp", "expm1", "softplus", "sigmoid", "logit", "log", "clamp_min", "tanh")


class SequencePass(TorchFunctionMode):
    """First pass: records inputs and outputs of non-linear functions."""

    def __init__(self) -> None:
        super().__init__()
        self.recorded: list[Any] = []

    def __torch_function__(self, func: Callable, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        rule = _find_rule(func)
        if rule is None:
            return func(*args, **(kwargs or {}))
        output, record = rule.record_call(func, args, kwargs or {})
        self.recorded.append(record)
        return output


class ReferencePass(TorchFunctionMode):
    """Second pass: the same functions in the same order, with multipliers. recorded: by the first pass."""

    def __init__(self, recorded: list[Any], reference_count: int) -> None:
        super().__init__()
        self.recorded, self.reference_count = iter(recorded), reference_count

    def __torch_function__(self, func: Callable, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        rule = _find_rule(func)
        if rule is None:
            return func(*args, **(kwargs or {}))
        return RescaledFunction.apply(args[0], rule, func, args[1:], kwargs or {}, next(self.recorded), self.reference_count)


class RescaledFunction(torch.autograd.Function):
    """A function whose backward pass multiplies by the multipliers of a rule."""

    @staticmethod
    def forward(
        ctx: Any,
        inputs: torch.Tensor,
        rule: Any,
        function: Callable,
        extra_args: tuple,
        options: dict,
        recorded: Any,
        reference_count: int,
    ) -> Any:
        output, ctx.propagate = rule.rescale(function, inputs, extra_args, options, recorded, reference_count)
        return output

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple:
        return ctx.propagate(gradient), *[None] * 6


def _group_by_sequence(values: torch.Tensor, reference_count: int) -> torch.Tensor:
    """Rows of references (n × count, …) as (n, count, …); broadcasts with sequences (n, 1, …)."""
    return values.unflatten(0, (-1, reference_count))


class ElementwiseRule:
    """Elementwise functions."""

    @staticmethod
    def record_call(function: Callable, args: tuple, options: dict) -> tuple[torch.Tensor, Any]:
        output = function(*args, **options)
        return output, (args[0], output)

    @staticmethod
    def rescale(
        function: Callable, inputs: torch.Tensor, extra_args: tuple, options: dict, recorded: Any, reference_count: int
    ) -> tuple:
        output = function(inputs, *extra_args, **options)
        sequence_input, sequence_output = (tensor.unsqueeze(1) for tensor in recorded)
        reference_input, reference_output = (
            _group_by_sequence(inputs, reference_count),
            _group_by_sequence(output, reference_count),
        )
        change = sequence_input - reference_input
        ratio = (sequence_output - reference_output).div_(change)
        is_small = change.abs() < SMALL_CHANGE
        if is_small.any():
            with torch.enable_grad():
                midpoint = (reference_input + change / 2)[is_small].detach().requires_grad_()
                slope = torch.autograd.grad(function(midpoint, *extra_args, **options).sum(), midpoint)[0]
            ratio[is_small] = slope
        ratio = ratio.flatten(0, 1)
        return output, lambda gradient: gradient * ratio


class ReluRule(ElementwiseRule):
    """ReLU: its ratio is exact even for small changes, because no similar numbers are subtracted."""

    @staticmethod
    def rescale(
        function: Callable, inputs: torch.Tensor, extra_args: tuple, options: dict, recorded: Any, reference_count: int
    ) -> tuple:
        output = inputs.relu()
        sequence_input, sequence_output = (tensor.unsqueeze(1) for tensor in recorded)
        change = sequence_input - _group_by_sequence(inputs, reference_count)
        ratio = (sequence_output - _group_by_sequence(output, reference_count)).div_(change)
        ratio = torch.where(change == 0, (sequence_input > 0).to(ratio.dtype), ratio).flatten(0, 1)
        return output, lambda gradient: gradient * ratio


class MaxPoolRule:
    """Max pooling over positions of images (n, channels, 1, positions)."""

    @staticmethod
    def record_call(function: Callable, args: tuple, options: dict) -> tuple[torch.Tensor, Any]:
        output, index = _pool_maxima(args[0], args[1:], options)
        return output, (args[0], output, index)

    @staticmethod
    def rescale(
        function: Callable, inputs: torch.Tensor, extra_args: tuple, options: dict, recorded: Any, reference_count: int
    ) -> tuple:
        output, index = _pool_maxima(inputs, extra_args, options)
        sequence_input, sequence_output, sequence_index = (tensor.unsqueeze(1) for tensor in recorded)
        change, winner = _compare_maxima(
            sequence_input,
            sequence_output,
            sequence_index,
            _group_by_sequence(inputs, reference_count),
            _group_by_sequence(output, reference_count),
            _group_by_sequence(index, reference_count),
            flat=2,
        )
        ratio, winner = change.flatten(0, 1), winner.flatten(0, 1)
        settings = _pool_options(extra_args, options)

        def propagate(gradient: torch.Tensor) -> torch.Tensor:
            return torch.ops.aten.max_pool2d_with_indices_backward(gradient * ratio, inputs, *settings, winner)

        return output, propagate


class MaximumRule:
    """Maximum over a dimension (`amax`) after the first."""

    @staticmethod
    def record_call(function: Callable, args: tuple, options: dict) -> tuple[torch.Tensor, Any]:
        output, index = args[0].max(_get_dimension(args[1:], options))
        return output, (args[0], output, index)

    @staticmethod
    def rescale(
        function: Callable, inputs: torch.Tensor, extra_args: tuple, options: dict, recorded: Any, reference_count: int
    ) -> tuple:
        dimension = _get_dimension(extra_args, options)
        output, index = inputs.max(dimension)
        sequence_input, sequence_output, sequence_index = (tensor.unsqueeze(1) for tensor in recorded)
        sequence_input, sequence_output, sequence_index = (
            sequence_input.movedim(dimension + 1, -1),
            sequence_output[..., None],
            sequence_index[..., None],
        )
        reference_input = _group_by_sequence(inputs.movedim(dimension, -1), reference_count)
        change, winner = _compare_maxima(
            sequence_input,
            sequence_output,
            sequence_index,
            reference_input,
            _group_by_sequence(output, reference_count)[..., None],
            _group_by_sequence(index, reference_count)[..., None],
            flat=1,
        )
        ratio, winner = change.flatten(0, 1), winner.flatten(0, 1)

        def propagate(gradient: torch.Tensor) -> torch.Tensor:
            scattered = torch.zeros_like(inputs.movedim(dimension, -1))
            return scattered.scatter_(-1, winner, gradient[..., None] * ratio).movedim(-1, dimension)

        return output, propagate


def _compare_maxima(
    sequence_input: torch.Tensor,
    sequence_output: torch.Tensor,
    sequence_index: torch.Tensor,
    reference_input: torch.Tensor,
    reference_output: torch.Tensor,
    reference_index: torch.Tensor,
    flat: int,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Multipliers of maxima and their positions: that of the sequence's maximum if it is larger, else that of the reference's.

    Parameters
    ----------
    sequence_input, reference_input : inputs, whose last `flat` dimensions are searched.
    sequence_output, reference_output : the maxima.
    sequence_index, reference_index : their positions.
    """
    winner = torch.where(sequence_output >= reference_output, sequence_index, reference_index)
    inputs = [
        tensor.expand_as(reference_input).flatten(-flat).gather(-1, winner.flatten(-flat)).view_as(winner)
        for tensor in (sequence_input, reference_input)
    ]
    change = inputs[0] - inputs[1]
    ratio = (sequence_output - reference_output).div_(change)
    return torch.where(change == 0, torch.ones_like(ratio), ratio), winner


def _pool_maxima(inputs: torch.Tensor, extra_args: tuple, options: dict) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.ops.aten.max_pool2d_with_indices(inputs, *_pool_options(extra_args, options))


def _pool_options(extra_args: tuple, options: dict) -> tuple:
    """kernel_size, stride, padding, dilation, ceil_mode of a max_pool2d call."""
    names, defaults = ("kernel_size", "stride", "padding", "dilation", "ceil_mode"), (None, None, 0, 1, False)
    settings = dict(zip(names, defaults, strict=True)) | dict(zip(names, extra_args, strict=False)) | options
    pairs = [_to_pair(settings["kernel_size"] if settings[name] is None else settings[name]) for name in names[:4]]
    return *pairs, bool(settings["ceil_mode"])


def _to_pair(value: Any) -> list[int]:
    return [value, value] if isinstance(value, int) else list(value)


def _get_dimension(extra_args: tuple, options: dict) -> int:
    dimension = extra_args[0] if extra_args else options["dim"]
    return dimension if isinstance(dimension, int) else dimension[0]


class LayerNormRule:
    """Layer normalisation over channels, the last dimension."""

    @staticmethod
    def record_call(function: Callable, args: tuple, options: dict) -> tuple[torch.Tensor, Any]:
        return function(*args, **options), _centre_channels(args[0], _norm_epsilon(args[1:], options))

    @staticmethod
    def rescale(
        function: Callable, inputs: torch.Tensor, extra_args: tuple, options: dict, recorded: Any, reference_count: int
    ) -> tuple:
        output = function(inputs, *extra_args, **options)
        sequence_centred, sequence_scale = (tensor.unsqueeze(1) for tensor in recorded)
        reference_centred, reference_scale = (
            _group_by_sequence(tensor, reference_count) for tensor in _centre_channels(inputs, _norm_epsilon(extra_args, options))
        )
        weight = extra_args[1] if len(extra_args) > 1 else options.get("weight")
        mean_centred, mean_scale = (sequence_centred + reference_centred) / 2, (sequence_scale + reference_scale) / 2
        slope = -((sequence_scale * reference_scale) ** 2) / (
            sequence_scale + reference_scale
        )  # of 1 / deviation with respect to variance, without subtracting similar numbers

        def propagate(gradient: torch.Tensor) -> torch.Tensor:
            grouped = _group_by_sequence(gradient if weight is None else gradient * weight, reference_count)
            result = (
                grouped * mean_scale
                + (grouped * mean_centred).sum(-1, keepdim=True) * slope * 2 * mean_centred / mean_centred.shape[-1]
            )
            return (result - result.mean(-1, keepdim=True)).flatten(0, 1)

        return output, propagate


def _centre_channels(inputs: torch.Tensor, epsilon: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Centred channels, and 1 / standard deviation."""
    centred = inputs - inputs.mean(-1, keepdim=True)
    return centred, (centred.square().mean(-1, keepdim=True) + epsilon).rsqrt()


def _norm_epsilon(extra_args: tuple, options: dict) -> float:
    return extra_args[3] if len(extra_args) > 3 else options.get("eps", 1e-5)


class SoftmaxRule:
    """Softmax over the last dimension."""

    @staticmethod
    def record_call(function: Callable, args: tuple, options: dict) -> tuple[torch.Tensor, Any]:
        return function(*args, **options), args[0]

    @staticmethod
    def rescale(
        function: Callable, inputs: torch.Tensor, extra_args: tuple, options: dict, recorded: Any, reference_count: int
    ) -> tuple:
        output = function(inputs, *extra_args, **options)
        sequence_input, reference_input = recorded.unsqueeze(1), _group_by_sequence(inputs, reference_count)
        highest = torch.maximum(
            sequence_input.amax(-1, keepdim=True), reference_input.amax(-1, keepdim=True)
        )  # subtracting the same value from both changes nothing
        a, b = (sequence_input - highest).exp(), (reference_input - highest).exp()
        over_a, over_b = (1 / tensor.sum(-1, keepdim=True) for tensor in (a, b))
        change = sequence_input - reference_input
        ratio = torch.where(change.abs() < SMALL_CHANGE, (reference_input - highest + change / 2).exp(), (a - b) / change)

        def propagate(gradient: torch.Tensor) -> torch.Tensor:
            grouped = _group_by_sequence(gradient, reference_count)
            shared = (grouped * (a + b) / 2).sum(-1, keepdim=True) * over_a * over_b
            return (ratio * (grouped * (over_a + over_b) / 2 - shared)).flatten(0, 1)

        return output, propagate


_RULES: dict[str, Any] = dict.fromkeys(ELEMENTWISE, ElementwiseRule) | {
    "relu": ReluRule,
    "max_pool2d": MaxPoolRule,
    "amax": MaximumRule,
    "layer_norm": LayerNormRule,
    "softmax": SoftmaxRule,
}


def _find_rule(function: Callable) -> Any:
    return _RULES.get(getattr(function, "__name__", ""))
