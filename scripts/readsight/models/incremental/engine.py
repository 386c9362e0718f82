"""Outputs of edited sequences, recomputed partially if the network is supported (`readsight.models.incremental`)."""

import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from readsight.dataset.fold_file import Encoding
from readsight.dataset.outcome import POSITIONAL_KINDS
from readsight.errors import InputError
from readsight.genome.onehot import N
from readsight.models.incremental.heads import OutputWindow, select_outputs
from readsight.models.incremental.layers import UnknownError
from readsight.models.incremental.spans import Span
from readsight.models.incremental.strategy import FullRecomputation, PartialRecomputation
from readsight.models.incremental.trunks import EditBatch
from readsight.models.training.inputs import encode_batch, to_network_input
from readsight.models.training.model_description import FLAT


class EditRequest(NamedTuple):
    """Checked arguments: codes (n, positions); row, start (k,); old, new (k, w); output_start (k,) or None, output_count."""

    codes: np.ndarray
    row: np.ndarray
    start: np.ndarray
    old: np.ndarray
    new: np.ndarray
    output_start: np.ndarray | None
    output_count: int

    def make_batch(self, which: np.ndarray, rows: np.ndarray, device: torch.device) -> EditBatch:
        """Some of the edits as tensors. rows: sequences of the batch, ascending."""
        fields = (np.searchsorted(rows, self.row[which]), self.start[which], self.old[which], self.new[which])
        return EditBatch(*(torch.from_numpy(tensor.astype(np.int64)).to(device) for tensor in fields))

    def make_output_window(self, which: np.ndarray, device: torch.device) -> OutputWindow | None:
        return (
            None
            if self.output_start is None
            else OutputWindow(torch.from_numpy(self.output_start[which]).to(device), self.output_count)
        )


class IncrementalNetwork:
    """A network for predictions of edited sequences.

    Weights are read on construction; the network is not changed. counts: edits by strategy: `partial`, `full`, and
    `unaffected` (the requested outputs do not depend on the edit).
    """

    def __init__(self, net: nn.Module, description: dict[str, Any], encoding: Encoding, partial: PartialRecomputation | None):
        self.net, self.description, self.encoding, self.partial = net, description, encoding, partial
        self.counts: Counter[str] = Counter()
        self.device = next(net.parameters()).device

    @classmethod
    def from_network(cls, net: nn.Module, description: dict[str, Any], encoding: Encoding | None = None) -> "IncrementalNetwork":
        """From a network and its description.

        net: as returned by `SequenceModel.load_module`, from network input to outputs. encoding: fitted encoding, for tokens.
        """
        if encoding is None:
            encoding = Encoding(description["encoding"]["name"], description["encoding"]["about"], {})
        with evaluation_mode(net):
            try:
                partial = PartialRecomputation(net, description)
            except UnknownError:
                partial = None
        return cls(net, description, encoding, partial)

    def compute_outputs(
        self,
        codes: np.ndarray,
        row: np.ndarray,
        start: np.ndarray,
        new: np.ndarray,
        output_start: np.ndarray | None = None,
        output_count: int = 1,
    ) -> np.ndarray:
        """Outputs of k edited sequences, (k, …) float32.

        Parameters
        ----------
        codes : (n, positions) uint8; for pairs both windows concatenated.
        row : (k,), sequence of each edit.
        start : (k,), position of the first new base.
        new : (k, w) uint8, new bases.
        output_start : (k,), for outcomes per position: only outputs (positions, or bins of a profile) from output_start to
            output_start + output_count − 1 are returned, (k, output_count, …), NaN outside the window.
        output_count : number of returned outputs.

        Raises
        ------
        InputError if an edit does not fit its sequence.
        """
        return self._compute_pairs(codes, row, start, new, output_start, output_count, False)[1]

    def compute_before_and_after(
        self,
        codes: np.ndarray,
        row: np.ndarray,
        start: np.ndarray,
        new: np.ndarray,
        output_start: np.ndarray | None = None,
        output_count: int = 1,
    ) -> tuple[np.ndarray, np.ndarray]:
        """As `compute_outputs`, for the unedited and the edited sequence of each edit, (k, …) each; bit-identical where
        nothing changes.
        """
        return self._compute_pairs(codes, row, start, new, output_start, output_count, True)

    def compute_saturation(self, codes: np.ndarray, output_start: np.ndarray | None = None, output_count: int = 1) -> np.ndarray:
        """Outputs of all single substitutions, (n, positions, 4, …) float32; the reference base gives the unedited outputs.

        output_start: (n,), as in `compute_outputs`.
        """
        shape = (*np.shape(codes), 4)
        row, start, new = (index.reshape(-1) for index in np.indices(shape))
        edit_output_start = None if output_start is None else np.asarray(output_start)[row]
        outputs = self.compute_outputs(codes, row, start, new[:, None].astype(np.uint8), edit_output_start, output_count)
        return outputs.reshape(*shape, *outputs.shape[1:])

    def _compute_pairs(
        self, codes: np.ndarray, row: Any, start: Any, new: np.ndarray, output_start: Any, output_count: int, with_unedited: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """Outputs before and after; those before are valid only if `with_unedited`."""
        request = self._make_request(codes, row, start, new, output_start, output_count)
        shape = get_output_shape(self.description, None if output_start is None else output_count)
        after = np.empty((len(request.row), *shape), np.float32)
        before = np.empty_like(after) if with_unedited else after
        with evaluation_mode(self.net):
            for which, unedited, edited in self._iterate_batches(request, with_unedited, math.prod(shape)):
                if with_unedited:
                    before[which] = unedited.numpy(force=True).reshape(-1, *shape)
                after[which] = edited.numpy(force=True).reshape(-1, *shape)
        return before, after

    def _iterate_batches(
        self, request: EditRequest, with_unedited: bool, output_size: int
    ) -> Iterator[tuple[np.ndarray, Any, torch.Tensor]]:
        """Batches of edits: indices, outputs before (if `with_unedited`) and after. output_size: numbers per edit."""
        bases, is_affected = request.new.shape[1], self._find_affected(request)
        is_partial = self.partial is not None and self.partial.is_cheaper(bases)
        method = self.partial if is_partial else FullRecomputation(self._run_network, self.partial)
        size = method.edits_per_batch(bases, output_size)
        key = request.start if request.output_start is None else request.start - request.output_start
        for rows, row_edits in _group_by_rows(request.row, method.sequences_per_batch()):
            codes = torch.from_numpy(np.ascontiguousarray(request.codes[rows])).to(self.device)
            state = method.compute_unedited(codes)
            for is_unaffected in (True, False):
                selected = row_edits[is_affected[row_edits] != is_unaffected]
                selected = selected[np.argsort(key[selected], kind="stable")]  # neighbouring edits affect the same positions
                self.counts["unaffected" if is_unaffected else "partial" if is_partial else "full"] += len(selected)
                for i in range(0, len(selected), size):
                    which = selected[i : i + size]
                    edits, output_window = (
                        request.make_batch(which, rows, self.device),
                        request.make_output_window(which, self.device),
                    )
                    before = (
                        select_outputs(state[1].outputs, edits.row, output_window) if with_unedited or is_unaffected else None
                    )
                    yield which, before, before if is_unaffected else method.compute_edited(edits, codes, state, output_window)

    def _find_affected(self, request: EditRequest) -> np.ndarray:
        """Edits that can change the requested outputs, (k,)."""
        is_affected = (request.old != request.new).any(axis=1)
        if self.partial is not None and request.output_start is not None:
            span = self.partial.output_span(Span(torch.from_numpy(request.start), request.new.shape[1]))
            low = span.low.numpy()
            is_affected &= (low < request.output_start + request.output_count) & (low + span.size > request.output_start)
        return is_affected

    def _run_network(self, codes: torch.Tensor) -> torch.Tensor:
        """Outputs of codes (n, positions)."""
        if self.description["input"] == "tokens":
            codes = encode_batch(codes.numpy(force=True), self.description, self.encoding).to(self.device)
        return self.net(to_network_input(codes, self.description))

    def _make_request(
        self, codes: np.ndarray, row: Any, start: Any, new: np.ndarray, output_start: Any, output_count: int
    ) -> EditRequest:
        row, start, new = np.asarray(row, np.int64), np.asarray(start, np.int64), np.asarray(new)
        output_start = None if output_start is None else np.asarray(output_start, np.int64)
        check_edits(self.description, codes, row, start, new, output_start, output_count)
        old = np.asarray(codes)[row[:, None], start[:, None] + np.arange(new.shape[1])]
        return EditRequest(codes, row, start, old, new, output_start, output_count)


def check_edits(
    description: dict[str, Any],
    codes: np.ndarray,
    row: np.ndarray,
    start: np.ndarray,
    new: np.ndarray,
    output_start: np.ndarray | None,
    output_count: int,
) -> None:
    """Raise InputError with all faults of edits, as `IncrementalNetwork.compute_outputs` takes them."""
    expected_length = description["length"] * (2 if description["pair"] else 1)
    if codes.ndim != 2 or codes.shape[1] != expected_length:
        raise InputError(f"sequences: {codes.shape[1:]} positions per example, but the network expects {expected_length}")
    if new.ndim != 2 or row.shape != start.shape or row.shape != new.shape[:1] or not new.shape[1]:
        raise InputError(
            f"edits: rows {row.shape}, starts {start.shape}, new bases {new.shape}; give (k,), (k,) and (k, w), w > 0"
        )
    faults = []
    for is_wrong, message in (
        ((row < 0) | (row >= len(codes)), f"refers to a missing row; the number of rows is {len(codes)}"),
        ((start < 0) | (start + new.shape[1] > expected_length), f"extends beyond its sequence of {expected_length} bases"),
        (((new < 0) | (new > N)).any(axis=1), f"has an invalid code; use 0 to {N}"),
    ):
        if is_wrong.any():
            i = int(is_wrong.argmax())
            faults.append(f"edit {i} (row {row[i]}, start {start[i]}, {new.shape[1]} bases) {message}")
    if output_start is not None and description["kind"] not in POSITIONAL_KINDS:
        faults.append(f"output_start: the outcome ({description['kind']}) is not per position; omit output_start")
    if output_start is not None and (output_start.shape != row.shape or output_count < 1):
        faults.append(
            f"output_start: {output_start.shape} values for {row.shape} edits, output_count {output_count}; "
            "give one value per edit, and a count of 1 or more"
        )
    if faults:
        raise InputError(faults)


def get_output_shape(description: dict[str, Any], output_count: int | None) -> tuple[int, ...]:
    """Shape of the outputs of one sequence. output_count: for outcomes per position, None for all."""
    kind = description["kind"]
    if kind not in POSITIONAL_KINDS:
        return () if kind in FLAT else (description["outputs"],)
    if kind == "profile":
        return (output_count or description["length"] // description["bin"],)
    return (output_count or description["length"], description["outputs"])


def _group_by_rows(row: np.ndarray, max_rows: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Groups of at most `max_rows` rows, ascending, and the edits of these rows."""
    order = np.argsort(row, kind="stable")
    rows, first = np.unique(row[order], return_index=True)
    ends = np.append(first, len(row))
    for i in range(0, len(rows), max_rows):
        yield rows[i : i + max_rows], order[first[i] : ends[min(i + max_rows, len(rows))]]


@contextmanager
def evaluation_mode(net: nn.Module) -> Iterator[None]:
    """Evaluation mode without gradients, with float32 convolutions; the previous state is restored on exit."""
    training = [module for module in net.modules() if module.training]
    allow_tf32 = torch.backends.cudnn.allow_tf32
    try:
        for module in training:
            module.training = False
        torch.backends.cudnn.allow_tf32 = False
        with torch.inference_mode():
            yield
    finally:
        torch.backends.cudnn.allow_tf32 = allow_tf32
        for module in training:
            module.training = True
