"""Two strategies for outputs of edited sequences: partial recomputation, or full evaluation."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from readsight.models.incremental.heads import DenseHead, HeadState, OutputWindow, PerPositionHead, PooledHead, select_outputs
from readsight.models.incremental.layers import LayerValues, UnknownError
from readsight.models.incremental.spans import Span
from readsight.models.incremental.trunks import BlockTrunk, DilatedChain, EditBatch
from readsight.models.training.inputs import to_network_input

MAX_STATE_BYTES = 2**25  # bytes of unedited sequences per batch
MAX_EDIT_BYTES = 2**23  # bytes of the widest layer of edits per batch
MAX_EDITS = 1024  # edits per batch
FULL_BATCH = 64  # sequences per batch of full evaluation
MAX_WORK_FRACTION = 0.7  # fraction of the multiplications of a full evaluation above which edits are evaluated fully


class PartialRecomputation:
    """A network with known receptive field: its trunk and head. Raises UnknownError for unsupported networks."""

    def __init__(self, net: nn.Module, description: dict[str, Any]):
        from readsight.models.sequence import convolutional, layers, network, residual

        if type(net) is not network.NetworkModule or description["pair"] or description["input"] != "one_hot":
            raise UnknownError(type(net).__name__)
        pooled = isinstance(net.trunk, layers.GlobalPool)
        trunk = net.trunk.trunk if pooled else net.trunk
        self.length = description["length"]
        if type(trunk) is residual.DilatedTrunk:
            self.trunk: BlockTrunk | DilatedChain = DilatedChain(trunk)
        elif type(trunk) in (convolutional.PooledConvolutions, convolutional.UnpooledConvolutions):
            self.trunk = BlockTrunk(trunk.blocks)
        else:
            raise UnknownError(type(trunk).__name__)
        self.trunk_length = self.trunk.compute_lengths(self.length)[-1]
        self.head: PooledHead | DenseHead | PerPositionHead
        if pooled:
            self.head = PooledHead(net.head)
        elif isinstance(net.head, network.SequenceHead):
            self.head = DenseHead(net.head, trunk.condense.by, self.trunk_length, trunk.blocks[-1][0].out_channels)
        elif isinstance(net.head, network.ProfileHead):
            self.head = PerPositionHead(net.head.layer, net.head, self.trunk_length // net.head.bins)
        else:
            self.head = PerPositionHead(net.head, net.head, None)

    def sequences_per_batch(self) -> int:
        """Unedited sequences per batch."""
        return max(1, MAX_STATE_BYTES // (4 * self.trunk.count_state_values(self.length)))

    def edits_per_batch(self, bases: int, outputs: int) -> int:
        """Edits per batch. outputs: numbers per edit."""
        return max(1, min(MAX_EDITS, MAX_EDIT_BYTES // (4 * max(outputs, self.trunk.count_widest_layer(bases, self.length)))))

    def compute_unedited(self, codes: torch.Tensor) -> tuple[list[LayerValues], HeadState]:
        """Layer values and head state of unedited sequences. codes: (n, positions) uint8."""
        values, layer_values = self.trunk.compute_full(to_network_input(codes, {"input": "one_hot"}).transpose(1, 2))
        return layer_values, self.head.compute_full(values)

    def compute_edited(
        self, edits: EditBatch, codes: torch.Tensor, state: tuple[list[LayerValues], HeadState], window: OutputWindow | None
    ) -> torch.Tensor:
        """Outputs of edited sequences (k, …), restricted to `window` for outcomes per position. codes, state: unedited."""
        layer_values, head_state = state
        everywhere = Span(torch.zeros_like(edits.start), self.trunk_length)
        wanted_span = everywhere if window is None else self.head.input_span(window)
        return self.head.apply_patch(self.trunk.apply_edits(edits, layer_values, wanted_span), head_state, edits.row, window)

    def output_span(self, span: Span) -> Span:
        """Outputs per position that depend on a span of bases."""
        return self.head.output_span(self.trunk.output_span(span))

    def is_cheaper(self, bases: int) -> bool:
        """Whether edits of this many bases need clearly fewer multiplications than complete sequences."""
        size = self.trunk.output_span(Span(torch.zeros(1, dtype=torch.int64), bases)).size
        partial_work, full_work = (
            a + b for a, b in zip(self.trunk.count_products(bases, self.length), self.head.count_products(size), strict=True)
        )
        return partial_work < MAX_WORK_FRACTION * full_work


class FullRecomputation:
    """Any network: edited sequences are evaluated like new ones. run_network: codes (n, positions) → outputs.

    partial: known receptive field, if any: outputs outside it are copied from the unedited sequence.
    """

    def __init__(self, run_network: Callable[[torch.Tensor], torch.Tensor], partial: PartialRecomputation | None):
        self.run_network, self.partial = run_network, partial

    def sequences_per_batch(self) -> int:
        return FULL_BATCH

    def edits_per_batch(self, bases: int, outputs: int) -> int:
        return FULL_BATCH

    def compute_unedited(self, codes: torch.Tensor) -> tuple[list[LayerValues], HeadState]:
        """As `PartialRecomputation.compute_unedited`."""
        return [], HeadState(self.run_network(codes))

    def compute_edited(
        self, edits: EditBatch, codes: torch.Tensor, state: tuple[list[LayerValues], HeadState], window: OutputWindow | None
    ) -> torch.Tensor:
        """As `PartialRecomputation.compute_edited`."""
        edited_codes = codes[edits.row]
        edited_codes.scatter_(1, edits.span.positions(), edits.new.to(edited_codes.dtype))
        outputs, rows = self.run_network(edited_codes), torch.arange(len(edited_codes), device=edited_codes.device)
        if self.partial is not None and isinstance(self.partial.head, PerPositionHead):
            span = self.partial.output_span(edits.span)
            offsets = torch.arange(outputs.shape[1], device=edited_codes.device)[None] - span.low[:, None]
            is_beyond = (offsets < 0) | (offsets >= span.size)
            outputs[is_beyond] = state[1].outputs[edits.row][is_beyond]
        return outputs if window is None else select_outputs(outputs, rows, window)
