"""The trunks of convolutional networks: what edits change of what they give, (n, places, channels)."""

from typing import Any, NamedTuple

import torch
from torch import nn

from readsight.models.incremental.layers import LOOKED_UP, Affine, Bend, Convolution, First, Seen, UnknownError, norm
from readsight.models.incremental.spans import Patch, Span


class Edits(NamedTuple):
    """Edits of sequences that are held. row: (k,) which of them. start: (k,). old, new: codes (k, w), int64."""

    row: torch.Tensor
    start: torch.Tensor
    old: torch.Tensor
    new: torch.Tensor

    @property
    def span(self) -> Span:
        return Span(self.start, self.new.shape[1])


class Blocks:
    """Convolutions and pools (`readsight.models.sequence.convolutional`): conv → max pool → norm → activation, over and over."""

    def __init__(self, blocks: nn.Sequential):
        self.layers: list[tuple[Convolution, Bend]] = []
        for i, block in enumerate(blocks):
            conv, *rest = block
            pool = rest.pop(0).kernel_size[1] if isinstance(rest[0], nn.MaxPool2d) else 1
            then, fold = norm(rest[0]), None
            # Of a maximum a scale may be taken before it where it is positive
            if isinstance(then, Affine) and (pool == 1 or bool((then.scale > 0).all())):
                then, fold = None, then
            made = Convolution(conv, fold) if i else First(conv, fold, pool - 1)
            self.layers.append((made, Bend(rest[1], pool, then=then)))

    def lengths(self, places: int) -> list[int]:
        """Places of the sequence, and behind each layer."""
        found = [places]
        for _, bend in self.layers:
            found.append(-(-found[-1] // bend.pool))
        return found

    def changed(self, span: Span) -> Span:
        for conv, bend in self.layers:
            span = conv.changed(span).pooled(bend.pool)
        return span

    def whole(self, values: torch.Tensor) -> tuple[torch.Tensor, list[Seen]]:
        """Of whole sequences what the trunk gives, and what its layers saw. values: one-hot (n, places, 4)."""
        seen = []
        for conv, bend in self.layers:
            seen.append(bend.whole(conv.whole(values)))
            values = seen[-1].after
        return values, seen

    def of(self, edits: Edits, seen: list[Seen], wanted: Span) -> Patch:
        """What edits change of it. wanted: places behind the trunk."""
        asked = [wanted]
        for conv, bend in self.layers[:0:-1]:
            asked.append(conv.needed(asked[-1].spread(bend.pool)))
        patch = None
        for (conv, bend), held in zip(self.layers, seen, strict=True):
            before = edits.span if patch is None else patch.span
            span = conv.changed(before).pooled(bend.pool).within(asked.pop(), held.after.shape[1])
            if patch is None:
                patch = conv.edited(edits.start, edits.old, edits.new)
            else:
                patch = conv.of(patch, span.spread(bend.pool), bend.pool - 1)
            patch = bend.of(patch, held, edits.row, span)
        return patch

    def work(self, bases: int, places: int) -> tuple[float, float]:
        """Products of an edit of so many bases, and of a whole sequence."""
        edit, whole, size = 0.0, 0.0, bases
        for (conv, bend), length in zip(self.layers, self.lengths(places), strict=False):
            looked_up = isinstance(conv, First) and bases <= LOOKED_UP
            edit += 0 if looked_up else conv.work(min(size, length))
            whole += conv.work(length)
            size = (size + conv.reach + bend.pool - 2) // bend.pool + 1
        return edit, whole

    def room(self, places: int) -> int:
        """Numbers that are held of a sequence."""
        lengths = self.lengths(places)
        return sum(c.filters * (a + b) for (c, _), a, b in zip(self.layers, lengths, lengths[1:], strict=False))

    def widest(self, bases: int, places: int) -> int:
        """Most numbers of an edit that one layer holds."""
        size, most = bases, 0
        for conv, bend in self.layers:
            size += conv.reach + 3 * bend.pool
            most = max(most, size * max(conv.filters, conv.channels))
            size = size // bend.pool + 1
        return most


class Chain:
    """Residual dilated convolutions (`readsight.models.sequence.residual`)."""

    def __init__(self, trunk: Any):
        self.entry, self.first = First(trunk.entry), Convolution(trunk.first)
        if self.entry.width != 1:
            raise UnknownError("an entry that sees several bases")
        self.groups = [[_residual(block) for block in group] for group in trunk.groups]
        self.skips = [Convolution(skip) for skip in trunk.skips]
        self.last = _bend(*trunk.last)
        self.convolutions = [conv for group in self.groups for block in group for conv in block[1::2]]

    def lengths(self, places: int) -> list[int]:
        return [places]

    def changed(self, span: Span) -> Span:
        for conv in self.convolutions:
            span = conv.changed(span)
        return span

    def whole(self, values: torch.Tensor) -> tuple[torch.Tensor, list[Seen]]:
        """As `Blocks.whole`."""
        seen, held = [], self.entry.whole(values)
        found = self.first.whole(held)
        for group, skip in zip(self.groups, self.skips, strict=True):
            for one, conv, other, then in group:
                seen.append(one.whole(held))
                seen.append(other.whole(conv.whole(seen[-1].after)))
                held = held + then.whole(seen[-1].after)
            found += skip.whole(held)
        seen.append(self.last.whole(found))
        return seen[-1].after, seen

    def of(self, edits: Edits, seen: list[Seen], wanted: Span) -> Patch:
        """As `Blocks.of`."""
        asked = [wanted]
        for conv in self.convolutions[::-1]:
            asked.append(conv.needed(asked[-1]))
        asked.pop()
        left, places, rows = iter(seen), seen[0].before.shape[1], edits.row
        held = self.entry.edited(edits.start, edits.old, edits.new)
        found = self.first.of(held, held.span)
        for group, skip in zip(self.groups, self.skips, strict=True):
            for one, conv, other, then in group:
                patch = one.of(held, next(left), rows, held.span)
                span = conv.changed(patch.span).within(asked.pop(), places)
                patch = other.of(conv.of(patch, span), next(left), rows, span)
                span = then.changed(patch.span).within(asked.pop(), places)
                more = then.of(patch, span)
                held = Patch(more.at(span), span).plus(held)
            found = skip.of(held, held.span).plus(found)
        span = found.span.within(wanted, places)
        return self.last.of(found, next(left), rows, span)

    def work(self, bases: int, places: int) -> tuple[float, float]:
        """As `Blocks.work`."""
        edit, whole, size = 0.0, 0.0, bases
        for conv in self.convolutions:
            edit += conv.work(min(size, places))
            whole += conv.work(places)
            size += conv.reach
        return edit, whole

    def room(self, places: int) -> int:
        """As `Blocks.room`."""
        return places * self.entry.filters * (4 * sum(map(len, self.groups)) + 6)

    def widest(self, bases: int, places: int) -> int:
        """As `Blocks.widest`."""
        size = bases + sum(conv.reach for conv in self.convolutions)
        return size * self.entry.filters


def _bend(normed: nn.Module, act: nn.Module) -> Bend:
    """Normalisation and activation of values that are added to later: changes are not of normalised ones."""
    then = norm(normed)
    return Bend(act, first=then) if isinstance(then, Affine) else Bend(act, then=then)


def _residual(block: Any) -> tuple[Bend, Convolution, Bend, Convolution]:
    normed, act, _, conv, other, after, _, then = block.layers
    fold = norm(other)
    if isinstance(fold, Affine):
        return _bend(normed, act), Convolution(conv, fold), Bend(after), Convolution(then)
    return _bend(normed, act), Convolution(conv), Bend(after, then=fold), Convolution(then)
