"""Stretches of places that edits change, and by how much."""

from typing import NamedTuple

import torch
from torch.nn import functional


class Span(NamedTuple):
    """A stretch of each edit: places low … low + size − 1. low: (k,) int64, may be below 0; size: one of all edits."""

    low: torch.Tensor
    size: int

    def places(self) -> torch.Tensor:
        """(k, size)."""
        return self.low[:, None] + torch.arange(self.size, device=self.low.device)

    def pooled(self, pool: int) -> "Span":
        """Pooled places that the stretch reaches into, wherever it begins among them."""
        if pool == 1:
            return self
        return Span(self.low.div(pool, rounding_mode="floor"), (self.size + pool - 2) // pool + 1)

    def spread(self, pool: int) -> "Span":
        """Places that pooled ones are made of."""
        return Span(self.low * pool, self.size * pool)

    def within(self, wanted: "Span", places: int) -> "Span":
        """A part that holds all places of the stretch that are wanted, and between 0 and `places`."""
        first = torch.maximum(self.low, wanted.low).clamp_min_(0)
        last = torch.minimum(self.low + self.size, wanted.low + wanted.size).clamp_max_(places)
        size = min(self.size, max(1, int((last - first).max()))) if len(first) else 1
        return Span(torch.minimum(first, self.low + (self.size - size)), size)


class Patch(NamedTuple):
    """What edits add to a layer's values: values (k, size, channels) at the places of `span`; elsewhere nothing."""

    values: torch.Tensor
    span: Span

    def at(self, span: Span) -> torch.Tensor:
        """What is added at other places, (k, size, channels); 0 outside of the patch."""
        if span.size == self.span.size and torch.equal(span.low, self.span.low):
            return self.values
        values = functional.pad(self.values, (0, 0, 1, 1))
        return taken(values, (span.places() - self.span.low[:, None] + 1).clamp_(0, self.span.size + 1))

    def plus(self, other: "Patch") -> "Patch":
        """With another's values added where both are."""
        apart = other.span.low - self.span.low
        first = int(apart[0])
        if 0 <= first <= self.span.size - other.span.size and bool((apart == first).all()):
            self.values[:, first : first + other.span.size].add_(other.values)
        else:
            self.values.add_(other.at(self.span))
        return self

    def summed(self, by: int) -> "Patch":
        """Sums of `by` neighbouring places each, counted from place 0."""
        if by == 1:
            return self
        span = self.span.pooled(by)
        return Patch(self.at(span.spread(by)).unflatten(1, (-1, by)).sum(2), span)


def taken(values: torch.Tensor, at: torch.Tensor) -> torch.Tensor:
    """Of values (k, m, channels) each edit's own places `at` (k, size): (k, size, channels)."""
    edits, places, channels = values.shape
    index = at + torch.arange(edits, device=at.device)[:, None] * places
    return values.reshape(-1, channels).index_select(0, index.flatten()).view(*at.shape, channels)
