"""The rescale rule of DeepLIFT (Shrikumar et al. 2017): a backward pass in which each non-linear function has, in place of its slope,
its change from a reference to a sequence over the change of what it was given.

Functions are caught where torch calls them, whatever module they stand in, so that no module is touched. The sequences pass first,
without gradients, and what each function is given and gives is kept; then their references pass, several for each sequence, and
each function's multipliers are made of both. What is not listed here is linear in the networks of this package.

| function | multiplier |
|---|---|
| of single numbers | change over change; where this is next to none, the slope half-way |
| maximum | all of the change goes to the place of the larger of both maxima |
| layer_norm, softmax | a product's change is shared as (mean of one) × (change of the other); a quotient's parts are single numbers |
"""

from collections.abc import Callable
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

NEXT_TO_NONE = 1e-2  # change of a number below which its slope half-way is as good (off by a 24th of its square), and less noisy
SINGLE = ("gelu", "silu", "elu", "exp", "expm1", "softplus", "sigmoid", "logit", "log", "clamp_min", "tanh")


class Sequences(TorchFunctionMode):
    """The first pass: keeps what non-linear functions are given and give."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[Any] = []

    def __torch_function__(self, func: Callable, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        rule = _rule(func)
        if rule is None:
            return func(*args, **(kwargs or {}))
        output, kept = rule.seen(func, args, kwargs or {})
        self.kept.append(kept)
        return output


class References(TorchFunctionMode):
    """The second pass: the same functions in the same order, each with its multipliers. kept: of the first pass."""

    def __init__(self, kept: list[Any], count: int) -> None:
        super().__init__()
        self.kept, self.count = iter(kept), count

    def __torch_function__(self, func: Callable, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        rule = _rule(func)
        if rule is None:
            return func(*args, **(kwargs or {}))
        return Rescaled.apply(args[0], rule, func, args[1:], kwargs or {}, next(self.kept), self.count)


class Rescaled(torch.autograd.Function):
    """A function whose backward pass multiplies by a rule."""

    @staticmethod
    def forward(ctx: Any, given: torch.Tensor, rule: Any, func: Callable, more: tuple, named: dict, kept: Any, count: int) -> Any:
        output, ctx.back = rule.against(func, given, more, named, kept, count)
        return output

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple:
        return ctx.back(gradient), *[None] * 6


def _each(values: torch.Tensor, count: int) -> torch.Tensor:
    """Rows of references (n × count, …) as (n, count, …), beside which a sequence's stand as (n, 1, …)."""
    return values.unflatten(0, (-1, count))


class Single:
    """A function of single numbers."""

    @staticmethod
    def seen(func: Callable, args: tuple, named: dict) -> tuple[torch.Tensor, Any]:
        output = func(*args, **named)
        return output, (args[0], output)

    @staticmethod
    def against(func: Callable, given: torch.Tensor, more: tuple, named: dict, kept: Any, count: int) -> tuple:
        output = func(given, *more, **named)
        own, result = (part.unsqueeze(1) for part in kept)
        start, reached = _each(given, count), _each(output, count)
        change = own - start
        ratio = (result - reached).div_(change)
        little = change.abs() < NEXT_TO_NONE
        if little.any():
            with torch.enable_grad():
                middle = (start + change / 2)[little].detach().requires_grad_()
                slope = torch.autograd.grad(func(middle, *more, **named).sum(), middle)[0]
            ratio[little] = slope
        ratio = ratio.flatten(0, 1)
        return output, lambda gradient: gradient * ratio


class Relu(Single):
    """The same of relu, of which the ratio is exact however small the change: no difference of like numbers is taken."""

    @staticmethod
    def against(func: Callable, given: torch.Tensor, more: tuple, named: dict, kept: Any, count: int) -> tuple:
        output = given.relu()
        own, result = (part.unsqueeze(1) for part in kept)
        change = own - _each(given, count)
        ratio = (result - _each(output, count)).div_(change)
        ratio = torch.where(change == 0, (own > 0).to(ratio.dtype), ratio).flatten(0, 1)
        return output, lambda gradient: gradient * ratio


class Pool:
    """Maxima of neighbouring places: images (n, channels, 1, places)."""

    @staticmethod
    def seen(func: Callable, args: tuple, named: dict) -> tuple[torch.Tensor, Any]:
        output, index = _pooled(args[0], args[1:], named)
        return output, (args[0], output, index)

    @staticmethod
    def against(func: Callable, given: torch.Tensor, more: tuple, named: dict, kept: Any, count: int) -> tuple:
        output, index = _pooled(given, more, named)
        own, result, its = (part.unsqueeze(1) for part in kept)
        change, place = _larger(own, result, its, _each(given, count), _each(output, count), _each(index, count), flat=2)
        ratio, place = change.flatten(0, 1), place.flatten(0, 1)
        options = _options(more, named)

        def back(gradient: torch.Tensor) -> torch.Tensor:
            return torch.ops.aten.max_pool2d_with_indices_backward(gradient * ratio, given, *options, place)

        return output, back


class Highest:
    """The maximum over a dimension (`amax`), behind that of rows."""

    @staticmethod
    def seen(func: Callable, args: tuple, named: dict) -> tuple[torch.Tensor, Any]:
        output, index = args[0].max(_dimension(args[1:], named))
        return output, (args[0], output, index)

    @staticmethod
    def against(func: Callable, given: torch.Tensor, more: tuple, named: dict, kept: Any, count: int) -> tuple:
        over = _dimension(more, named)
        output, index = given.max(over)
        own, result, its = (part.unsqueeze(1) for part in kept)
        own, result, its = own.movedim(over + 1, -1), result[..., None], its[..., None]
        start = _each(given.movedim(over, -1), count)
        change, place = _larger(own, result, its, start, _each(output, count)[..., None], _each(index, count)[..., None], flat=1)
        ratio, place = change.flatten(0, 1), place.flatten(0, 1)

        def back(gradient: torch.Tensor) -> torch.Tensor:
            found = torch.zeros_like(given.movedim(over, -1))
            return found.scatter_(-1, place, gradient[..., None] * ratio).movedim(-1, over)

        return output, back


def _larger(
    own: torch.Tensor,
    result: torch.Tensor,
    its: torch.Tensor,
    start: torch.Tensor,
    reached: torch.Tensor,
    index: torch.Tensor,
    flat: int,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Multipliers of maxima, and the places that they are of: the sequence's maximum where that is the larger one, else the reference's.

    own, start: what maxima are of, flat of its last dimensions holding them. result, reached: the maxima. its, index: their places.
    """
    place = torch.where(result >= reached, its, index)
    held = [part.expand_as(start).flatten(-flat).gather(-1, place.flatten(-flat)).view_as(place) for part in (own, start)]
    change = held[0] - held[1]
    ratio = (result - reached).div_(change)
    return torch.where(change == 0, torch.ones_like(ratio), ratio), place


def _pooled(given: torch.Tensor, more: tuple, named: dict) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.ops.aten.max_pool2d_with_indices(given, *_options(more, named))


def _options(more: tuple, named: dict) -> tuple:
    """kernel_size, stride, padding, dilation, ceil_mode of a call of max_pool2d."""
    names, usual = ("kernel_size", "stride", "padding", "dilation", "ceil_mode"), (None, None, 0, 1, False)
    held = dict(zip(names, usual, strict=True)) | dict(zip(names, more, strict=False)) | named
    pairs = [_pair(held["kernel_size"] if held[name] is None else held[name]) for name in names[:4]]
    return *pairs, bool(held["ceil_mode"])


def _pair(value: Any) -> list[int]:
    return [value, value] if isinstance(value, int) else list(value)


def _dimension(more: tuple, named: dict) -> int:
    held = more[0] if more else named["dim"]
    return held if isinstance(held, int) else held[0]


class Norm:
    """Channels, the last dimension, less their mean, over their deviation."""

    @staticmethod
    def seen(func: Callable, args: tuple, named: dict) -> tuple[torch.Tensor, Any]:
        return func(*args, **named), _whitened(args[0], _epsilon(args[1:], named))

    @staticmethod
    def against(func: Callable, given: torch.Tensor, more: tuple, named: dict, kept: Any, count: int) -> tuple:
        output = func(given, *more, **named)
        own, by = (part.unsqueeze(1) for part in kept)
        start, from_ = (_each(part, count) for part in _whitened(given, _epsilon(more, named)))
        weight = more[1] if len(more) > 1 else named.get("weight")
        middle, scale = (own + start) / 2, (by + from_) / 2
        slope = -((by * from_) ** 2) / (by + from_)  # of 1 / deviation by the variance: no difference of like numbers

        def back(gradient: torch.Tensor) -> torch.Tensor:
            held = _each(gradient if weight is None else gradient * weight, count)
            found = held * scale + (held * middle).sum(-1, keepdim=True) * slope * 2 * middle / middle.shape[-1]
            return (found - found.mean(-1, keepdim=True)).flatten(0, 1)

        return output, back


def _whitened(given: torch.Tensor, epsilon: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Channels less their mean, and 1 / deviation."""
    found = given - given.mean(-1, keepdim=True)
    return found, (found.square().mean(-1, keepdim=True) + epsilon).rsqrt()


def _epsilon(more: tuple, named: dict) -> float:
    return more[3] if len(more) > 3 else named.get("eps", 1e-5)


class Softmax:
    """exp over the sum of exp, over the last dimension."""

    @staticmethod
    def seen(func: Callable, args: tuple, named: dict) -> tuple[torch.Tensor, Any]:
        return func(*args, **named), args[0]

    @staticmethod
    def against(func: Callable, given: torch.Tensor, more: tuple, named: dict, kept: Any, count: int) -> tuple:
        output = func(given, *more, **named)
        own, start = kept.unsqueeze(1), _each(given, count)
        highest = torch.maximum(
            own.amax(-1, keepdim=True), start.amax(-1, keepdim=True)
        )  # the same taken off both changes nothing
        a, b = (own - highest).exp(), (start - highest).exp()
        over_a, over_b = (1 / part.sum(-1, keepdim=True) for part in (a, b))
        change = own - start
        ratio = torch.where(change.abs() < NEXT_TO_NONE, (start - highest + change / 2).exp(), (a - b) / change)

        def back(gradient: torch.Tensor) -> torch.Tensor:
            held = _each(gradient, count)
            shared = (held * (a + b) / 2).sum(-1, keepdim=True) * over_a * over_b
            return (ratio * (held * (over_a + over_b) / 2 - shared)).flatten(0, 1)

        return output, back


_RULES: dict[str, Any] = dict.fromkeys(SINGLE, Single) | {
    "relu": Relu,
    "max_pool2d": Pool,
    "amax": Highest,
    "layer_norm": Norm,
    "softmax": Softmax,
}


def _rule(func: Callable) -> Any:
    return _RULES.get(getattr(func, "__name__", ""))
