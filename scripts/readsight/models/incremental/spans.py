"""Spans of positions that edits change, and the changes."""

from typing import NamedTuple

import torch
from torch.nn import functional


class Span(NamedTuple):
    """One span per edit: positions low … low + size − 1. low: (k,) int64, may be negative; size: equal for all edits."""

    low: torch.Tensor
    size: int

    def positions(self) -> torch.Tensor:
        """(k, size)."""
        return self.low[:, None] + torch.arange(self.size, device=self.low.device)

    def pool_positions(self, pool: int) -> "Span":
        """Pooled positions that the span can overlap, for any alignment."""
        if pool == 1:
            return self
        return Span(self.low.div(pool, rounding_mode="floor"), (self.size + pool - 2) // pool + 1)

    def unpool_positions(self, pool: int) -> "Span":
        """Positions that pooled positions are computed from."""
        return Span(self.low * pool, self.size * pool)

    def crop_to(self, wanted_span: "Span", length: int) -> "Span":
        """A subspan with all wanted positions of the span between 0 and `length`."""
        first = torch.maximum(self.low, wanted_span.low).clamp_min_(0)
        last = torch.minimum(self.low + self.size, wanted_span.low + wanted_span.size).clamp_max_(length)
        size = min(self.size, max(1, int((last - first).max()))) if len(first) else 1
        return Span(torch.minimum(first, self.low + (self.size - size)), size)


class Patch(NamedTuple):
    """Changes of a layer's values, (k, size, channels), at the positions of `span`; zero elsewhere."""

    values: torch.Tensor
    span: Span

    def values_at(self, span: Span) -> torch.Tensor:
        """Changes at a different span, (k, size, channels); 0 outside the patch."""
        if span.size == self.span.size and torch.equal(span.low, self.span.low):
            return self.values
        values = functional.pad(self.values, (0, 0, 1, 1))
        return take_positions(values, (span.positions() - self.span.low[:, None] + 1).clamp_(0, self.span.size + 1))

    def add_patch(self, addend: "Patch") -> "Patch":
        """Add the values of a second patch where both are defined."""
        offset = addend.span.low - self.span.low
        first = int(offset[0])
        if 0 <= first <= self.span.size - addend.span.size and bool((offset == first).all()):
            self.values[:, first : first + addend.span.size].add_(addend.values)
        else:
            self.values.add_(addend.values_at(self.span))
        return self

    def sum_bins(self, bin_size: int) -> "Patch":
        """Sums over bins of `bin_size` positions, counted from position 0."""
        if bin_size == 1:
            return self
        span = self.span.pool_positions(bin_size)
        return Patch(self.values_at(span.unpool_positions(bin_size)).unflatten(1, (-1, bin_size)).sum(2), span)


def take_positions(values: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
    """Positions (k, size) of each edit from (k, m, channels): (k, size, channels)."""
    edits, length, channels = values.shape
    index = positions + torch.arange(edits, device=positions.device)[:, None] * length
    return values.reshape(-1, channels).index_select(0, index.flatten()).view(*positions.shape, channels)
