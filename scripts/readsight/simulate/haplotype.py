"""Haplotype sequences with edits, and liftover between haplotype and reference coordinates."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

import numpy as np

from readsight.genome.codes import reverse_complement


@dataclass(frozen=True)
class HaplotypeEdit:
    """A difference from the reference over [start, end).

    kind: `replace` the bases by `sequence` (substitution, insertion, deletion),
    `duplicate` them in tandem, or `invert` them.
    """

    start: int
    end: int
    kind: Literal["replace", "duplicate", "invert"] = "replace"
    sequence: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.uint8))


class Haplotype:
    """A chromosome's sequence with edits applied, and its liftover.

    The haplotype is a sequence of pieces; each maps to the reference forward, backward (inverted),
    or not at all (inserted).
    """

    def __init__(self, reference: np.ndarray, edits: Iterable[HaplotypeEdit] = ()):
        """reference: (length,) uint8 codes. Raises ValueError if edits overlap or exceed the chromosome."""
        self._pieces: list[np.ndarray] = []
        self._rows: list[tuple[int, int, int, int]] = []
        self._length = 0
        edits = sorted(edits, key=lambda e: (e.start, e.end))
        for left, right in pairwise(edits):
            if right.start < left.end:
                raise ValueError(f"edits overlap: [{left.start}, {left.end}) and [{right.start}, {right.end})")
        if edits and (edits[0].start < 0 or edits[-1].end > len(reference)):
            raise ValueError("an edit exceeds the chromosome")
        position = 0
        for edit in edits:
            self._append_piece(reference[position : edit.start], position, 1)
            self._apply_edit(reference, edit)
            position = edit.end
        self._append_piece(reference[position:], position, 1)
        self.sequence = np.concatenate(self._pieces) if self._pieces else np.empty(0, dtype=np.uint8)
        table = np.array(self._rows, dtype=np.int64).reshape(-1, 4)
        self._start, self._reference_start, self._step, self._size = table.T
        self._index_reference(len(reference))
        del self._pieces, self._rows

    def __len__(self) -> int:
        return len(self.sequence)

    def _apply_edit(self, reference: np.ndarray, edit: HaplotypeEdit) -> None:
        old = reference[edit.start : edit.end]
        if edit.kind == "duplicate":
            self._append_piece(old, edit.start, 1)
            self._append_piece(old, edit.start, 1)
        elif edit.kind == "invert":
            self._append_piece(reverse_complement(old), edit.end - 1, -1)
        else:
            shared = min(len(old), len(edit.sequence))
            self._append_piece(edit.sequence[:shared], edit.start, 1)
            self._append_piece(edit.sequence[shared:], -1, 0)

    def _append_piece(self, sequence: np.ndarray, reference_start: int, step: int) -> None:
        """Append a piece whose first base is at `reference_start` on the reference."""
        if len(sequence):
            self._pieces.append(sequence)
            self._rows.append((self._length, reference_start, step, len(sequence)))
            self._length += len(sequence)

    def _index_reference(self, length: int) -> None:
        """Haplotype position of each reference base (its first copy), -1 where it is deleted."""
        self._haplotype_position = np.full(length, -1, dtype=np.int64)
        for start, reference_start, step, size in zip(
            self._start[::-1], self._reference_start[::-1], self._step[::-1], self._size[::-1], strict=True
        ):
            positions = np.arange(start, start + size)
            if step == 1:
                self._haplotype_position[reference_start : reference_start + size] = positions
            elif step == -1:
                self._haplotype_position[reference_start - size + 1 : reference_start + 1] = positions[::-1]

    def to_reference(self, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Lift haplotype positions to the reference.

        positions: (n,) integers within the haplotype. Returns reference positions
        (-1 inside an insertion) and strands (1 forward, -1 inverted, 0 inserted).
        """
        positions = np.asarray(positions)
        piece = np.searchsorted(self._start, positions, side="right") - 1
        step = self._step[piece]
        return self._reference_start[piece] + step * (positions - self._start[piece]), step

    def to_haplotype(self, positions: np.ndarray) -> np.ndarray:
        """Lift reference positions to the haplotype: the first copy, -1 where the base is deleted."""
        return self._haplotype_position[np.asarray(positions)]
