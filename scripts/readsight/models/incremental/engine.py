"""Outputs of edited sequences, by recomputing only what an edit touches where the network is known (`readsight.models.incremental`)."""

import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from readsight.dataset.fold_file import Encoding
from readsight.dataset.outcome import ALONG
from readsight.errors import InputError
from readsight.genome.onehot import N
from readsight.models.incremental.heads import Near, shown
from readsight.models.incremental.layers import UnknownError
from readsight.models.incremental.spans import Span
from readsight.models.incremental.strategy import Part, Whole
from readsight.models.incremental.trunks import Edits
from readsight.models.training.inputs import carried, made
from readsight.models.training.model_description import FLAT


class Asked(NamedTuple):
    """What outputs are asked of: codes (n, places); row, start (k,); old, new (k, w); near (k,) or None, wide."""

    codes: np.ndarray
    row: np.ndarray
    start: np.ndarray
    old: np.ndarray
    new: np.ndarray
    near: np.ndarray | None
    wide: int

    def edits(self, which: np.ndarray, rows: np.ndarray, device: torch.device) -> Edits:
        """Some of the edits. rows: the sequences that are held, ascending."""
        given = (np.searchsorted(rows, self.row[which]), self.start[which], self.old[which], self.new[which])
        return Edits(*(torch.from_numpy(part.astype(np.int64)).to(device) for part in given))

    def nearby(self, which: np.ndarray, device: torch.device) -> Near | None:
        return None if self.near is None else Near(torch.from_numpy(self.near[which]).to(device), self.wide)


class Edited:
    """A network, to be asked about edited sequences.

    Its weights are read when this is made; the network itself is left as it is. ran: how many edits were recomputed in `part`, how
    many were put through `whole`, and how many stay `still`: they change nothing that is asked for.
    """

    def __init__(self, net: nn.Module, about: dict[str, Any], encoding: Encoding, known: Part | None):
        self.net, self.about, self.encoding, self.known = net, about, encoding, known
        self.ran: Counter[str] = Counter()
        self.device = next(net.parameters()).device

    @classmethod
    def of(cls, net: nn.Module, about: dict[str, Any], encoding: Encoding | None = None) -> "Edited":
        """net: as `Member.module` gives it, from what the network reads to outputs. about: what it says of itself.

        encoding: of tokens, as it was learned.
        """
        if encoding is None:
            encoding = Encoding(about["encoding"]["name"], about["encoding"]["about"], {})
        with quiet(net):
            try:
                known = Part(net, about)
            except UnknownError:
                known = None
        return cls(net, about, encoding, known)

    def outputs(
        self,
        codes: np.ndarray,
        row: np.ndarray,
        start: np.ndarray,
        new: np.ndarray,
        near: np.ndarray | None = None,
        wide: int = 1,
    ) -> np.ndarray:
        """The network's outputs of k edited sequences, (k, …) float32.

        codes: (n, places) uint8; of pairs both windows side by side. row: (k,) which of them is edited. start: (k,) place of
        the first of its new bases. new: (k, w) uint8. near: (k,), of outcomes along the sequence: only the outputs (places, or
        bins of a profile) near … near + wide − 1 are wanted, (k, wide, …), NaN where there is no such place.
        Raises InputError where an edit does not fit its sequence.
        """
        return self._both(codes, row, start, new, near, wide, False)[1]

    def before_and_after(
        self,
        codes: np.ndarray,
        row: np.ndarray,
        start: np.ndarray,
        new: np.ndarray,
        near: np.ndarray | None = None,
        wide: int = 1,
    ) -> tuple[np.ndarray, np.ndarray]:
        """As `outputs`, of each edit's sequence unedited and edited: both (k, …), the same to the last bit where nothing arrives."""
        return self._both(codes, row, start, new, near, wide, True)

    def saturation(self, codes: np.ndarray, near: np.ndarray | None = None, wide: int = 1) -> np.ndarray:
        """Outputs of each sequence with each base at each place, (n, places, 4, …) float32; its own base gives the unedited ones.

        near: (n,), as in `outputs`.
        """
        shape = (*np.shape(codes), 4)
        row, start, new = (part.reshape(-1) for part in np.indices(shape))
        told = None if near is None else np.asarray(near)[row]
        found = self.outputs(codes, row, start, new[:, None].astype(np.uint8), told, wide)
        return found.reshape(*shape, *found.shape[1:])

    def _both(
        self, codes: np.ndarray, row: Any, start: Any, new: np.ndarray, near: Any, wide: int, both: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """Outputs before and after; those before are made only for `both`, and are else not to be read."""
        asked = self._asked(codes, row, start, new, near, wide)
        shape = one_shape(self.about, None if near is None else wide)
        after = np.empty((len(asked.row), *shape), np.float32)
        before = np.empty_like(after) if both else after
        with quiet(self.net):
            for which, unedited, edited in self._turns(asked, both, math.prod(shape)):
                if both:
                    before[which] = unedited.numpy(force=True).reshape(-1, *shape)
                after[which] = edited.numpy(force=True).reshape(-1, *shape)
        return before, after

    def _turns(self, asked: Asked, both: bool, numbers: int) -> Iterator[tuple[np.ndarray, Any, torch.Tensor]]:
        """Some of the edits after others: which, their outputs before (for `both`) and after. numbers: that are wanted of one."""
        bases, moved = asked.new.shape[1], self._moved(asked)
        quick = self.known is not None and self.known.pays(bases)
        way = self.known if quick else Whole(self._run, self.known)
        size = way.edits(bases, numbers)
        key = asked.start if asked.near is None else asked.start - asked.near
        for rows, all_of in _by_rows(asked.row, way.rows()):
            codes = torch.from_numpy(np.ascontiguousarray(asked.codes[rows])).to(self.device)
            held = way.unedited(codes)
            for still in (True, False):
                own = all_of[moved[all_of] != still]
                own = own[np.argsort(key[own], kind="stable")]  # neighbours touch the same places
                self.ran["still" if still else "part" if quick else "whole"] += len(own)
                for i in range(0, len(own), size):
                    which = own[i : i + size]
                    edits, near = asked.edits(which, rows, self.device), asked.nearby(which, self.device)
                    before = shown(held[1].outputs, edits.row, near) if both or still else None
                    yield which, before, before if still else way.edited(edits, codes, held, near)

    def _moved(self, asked: Asked) -> np.ndarray:
        """Which edits may change what is asked for, (k,)."""
        moved = (asked.old != asked.new).any(axis=1)
        if self.known is not None and asked.near is not None:
            span = self.known.touched(Span(torch.from_numpy(asked.start), asked.new.shape[1]))
            low = span.low.numpy()
            moved &= (low < asked.near + asked.wide) & (low + span.size > asked.near)
        return moved

    def _run(self, codes: torch.Tensor) -> torch.Tensor:
        """The network's outputs of codes (n, places)."""
        if self.about["input"] == "tokens":
            codes = carried(codes.numpy(force=True), self.about, self.encoding).to(self.device)
        return self.net(made(codes, self.about))

    def _asked(self, codes: np.ndarray, row: Any, start: Any, new: np.ndarray, near: Any, wide: int) -> Asked:
        row, start, new = np.asarray(row, np.int64), np.asarray(start, np.int64), np.asarray(new)
        near = None if near is None else np.asarray(near, np.int64)
        check(self.about, codes, row, start, new, near, wide)
        old = np.asarray(codes)[row[:, None], start[:, None] + np.arange(new.shape[1])]
        return Asked(codes, row, start, old, new, near, wide)


def check(
    about: dict[str, Any],
    codes: np.ndarray,
    row: np.ndarray,
    start: np.ndarray,
    new: np.ndarray,
    near: np.ndarray | None,
    wide: int,
) -> None:
    """Raise InputError with all that keeps edits from being made, as `Edited.outputs` takes them."""
    due = about["length"] * (2 if about["pair"] else 1)
    if codes.ndim != 2 or codes.shape[1] != due:
        raise InputError(f"sequences: {codes.shape[1:]} places an example, and the network was made for {due}")
    if new.ndim != 2 or row.shape != start.shape or row.shape != new.shape[:1] or not new.shape[1]:
        raise InputError(
            f"edits: rows {row.shape}, starts {start.shape}, new bases {new.shape}; give (k,), (k,) and (k, w), w > 0"
        )
    faults = []
    for wrong, words in (
        ((row < 0) | (row >= len(codes)), f"is of a row that is not there; there are {len(codes)}"),
        ((start < 0) | (start + new.shape[1] > due), f"reaches past its sequence of {due} bases"),
        (((new < 0) | (new > N)).any(axis=1), f"has a code that is none; use 0 to {N}"),
    ):
        if wrong.any():
            i = int(wrong.argmax())
            faults.append(f"edit {i} (row {row[i]}, start {start[i]}, {new.shape[1]} bases) {words}")
    if near is not None and about["kind"] not in ALONG:
        faults.append(f"near: the outcome ({about['kind']}) is one of the sequence, not one along it; leave near out")
    if near is not None and (near.shape != row.shape or wide < 1):
        faults.append(f"near: {near.shape} places for {row.shape} edits, {wide} wide; give one each, and a width of 1 or more")
    if faults:
        raise InputError(faults)


def one_shape(about: dict[str, Any], wide: int | None) -> tuple[int, ...]:
    """The shape of the outputs of one sequence. wide: of outcomes along the sequence, how many are wanted; None: all."""
    kind = about["kind"]
    if kind not in ALONG:
        return () if kind in FLAT else (about["outputs"],)
    if kind == "profile":
        return (wide or about["length"] // about["bin"],)
    return (wide or about["length"], about["outputs"])


def _by_rows(row: np.ndarray, most: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """So many rows at a time, ascending, and which edits are of them."""
    order = np.argsort(row, kind="stable")
    rows, first = np.unique(row[order], return_index=True)
    ends = np.append(first, len(row))
    for i in range(0, len(rows), most):
        yield rows[i : i + most], order[first[i] : ends[min(i + most, len(rows))]]


@contextmanager
def quiet(net: nn.Module) -> Iterator[None]:
    """The network in evaluation, without gradients, convolved in float32 proper; all is as before afterwards."""
    training = [part for part in net.modules() if part.training]
    rounds = torch.backends.cudnn.allow_tf32
    try:
        for part in training:
            part.training = False
        torch.backends.cudnn.allow_tf32 = False
        with torch.inference_mode():
            yield
    finally:
        torch.backends.cudnn.allow_tf32 = rounds
        for part in training:
            part.training = True
