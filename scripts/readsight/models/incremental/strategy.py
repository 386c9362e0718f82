"""The two ways to outputs of edited sequences: what an edit touches is recomputed, or all."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from readsight.models.incremental.heads import Along, Dense, Near, Pooled, Unedited, shown
from readsight.models.incremental.layers import Seen, UnknownError
from readsight.models.incremental.spans import Span
from readsight.models.incremental.trunks import Blocks, Chain, Edits
from readsight.models.training.inputs import made

ROOM = 2**25  # bytes that unedited sequences of one turn may hold
AT_ONCE = 2**23  # bytes that the widest layer of edits of one turn may hold
MOST = 1024  # edits of one turn
WHOLE = 64  # sequences that are put through whole at once
WORTH = 0.7  # part of a whole sequence's products, above which an edited one is put through whole


class Part:
    """A network whose receptive field is known: its trunk and its head. Raises UnknownError of another."""

    def __init__(self, net: nn.Module, about: dict[str, Any]):
        from readsight.models.sequence import convolutional, layers, network, residual

        if type(net) is not network.Network or about["pair"] or about["input"] != "one_hot":
            raise UnknownError(type(net).__name__)
        pooled = isinstance(net.trunk, layers.Pool)
        trunk = net.trunk.trunk if pooled else net.trunk
        self.places = about["length"]
        if type(trunk) is residual.Dilated:
            self.trunk: Blocks | Chain = Chain(trunk)
        elif type(trunk) in (convolutional.Pooled, convolutional.Along):
            self.trunk = Blocks(trunk.blocks)
        else:
            raise UnknownError(type(trunk).__name__)
        self.behind = self.trunk.lengths(self.places)[-1]
        self.head: Pooled | Dense | Along
        if pooled:
            self.head = Pooled(net.head)
        elif isinstance(net.head, network.Whole):
            self.head = Dense(net.head, trunk.condense.by, self.behind, trunk.blocks[-1][0].out_channels)
        elif isinstance(net.head, network.Profile):
            self.head = Along(net.head.layer, net.head, self.behind // net.head.bins)
        else:
            self.head = Along(net.head, net.head, None)

    def rows(self) -> int:
        """Sequences of one turn."""
        return max(1, ROOM // (4 * self.trunk.room(self.places)))

    def edits(self, bases: int, outputs: int) -> int:
        """Edits of one turn. outputs: numbers that one gives."""
        return max(1, min(MOST, AT_ONCE // (4 * max(outputs, self.trunk.widest(bases, self.places)))))

    def unedited(self, codes: torch.Tensor) -> tuple[list[Seen], Unedited]:
        """What unedited sequences hold. codes: (n, places) uint8."""
        values, seen = self.trunk.whole(made(codes, {"input": "one_hot"}).transpose(1, 2))
        return seen, self.head.whole(values)

    def edited(self, edits: Edits, codes: torch.Tensor, held: tuple[list[Seen], Unedited], near: Near | None) -> torch.Tensor:
        """Outputs of edited sequences (k, …), of outcomes along the sequence those near. codes, held: unedited."""
        seen, own = held
        everywhere = Span(torch.zeros_like(edits.start), self.behind)
        wanted = everywhere if near is None else self.head.wanted(near)
        return self.head.of(self.trunk.of(edits, seen, wanted), own, edits.row, near)

    def touched(self, span: Span) -> Span:
        """Outputs along the sequence that see a stretch of bases."""
        return self.head.changed(self.trunk.changed(span))

    def pays(self, bases: int) -> bool:
        """Whether edits of so many bases take clearly fewer products than whole sequences."""
        size = self.trunk.changed(Span(torch.zeros(1, dtype=torch.int64), bases)).size
        part, whole = (a + b for a, b in zip(self.trunk.work(bases, self.places), self.head.work(size), strict=True))
        return part < WORTH * whole


class Whole:
    """Any network: edited sequences are put through as if they were others. run: codes (n, places) → outputs.

    known: the network's receptive field, where it is known: outputs beyond it are the unedited ones to the last bit.
    """

    def __init__(self, run: Callable[[torch.Tensor], torch.Tensor], known: Part | None):
        self.run, self.known = run, known

    def rows(self) -> int:
        return WHOLE

    def edits(self, bases: int, outputs: int) -> int:
        return WHOLE

    def unedited(self, codes: torch.Tensor) -> tuple[list[Seen], Unedited]:
        """As `Part.unedited`."""
        return [], Unedited(self.run(codes))

    def edited(self, edits: Edits, codes: torch.Tensor, held: tuple[list[Seen], Unedited], near: Near | None) -> torch.Tensor:
        """As `Part.edited`."""
        given = codes[edits.row]
        given.scatter_(1, edits.span.places(), edits.new.to(given.dtype))
        found, rows = self.run(given), torch.arange(len(given), device=given.device)
        if self.known is not None and isinstance(self.known.head, Along):
            span = self.known.touched(edits.span)
            at = torch.arange(found.shape[1], device=given.device)[None] - span.low[:, None]
            beyond = (at < 0) | (at >= span.size)
            found[beyond] = held[1].outputs[edits.row][beyond]
        return found if near is None else shown(found, rows, near)
