"""A donor's copy of a chromosome, and the way between its coordinates and the reference's."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

import numpy as np

from readsight.genome.codes import reverse_complement


@dataclass(frozen=True)
class Edit:
    """One difference from the reference over [start, end).

    kind: `replace` the bases by `sequence` (substitution, insertion, deletion),
    `duplicate` them in tandem, or `invert` them.
    """

    start: int
    end: int
    kind: Literal["replace", "duplicate", "invert"] = "replace"
    sequence: np.ndarray = field(default_factory=lambda: np.empty(0, dtype=np.uint8))


class Haplotype:
    """A chromosome's sequence with edits applied, and its liftover.

    The haplotype is a row of pieces; each lies on the reference forward,
    backward (inverted), or nowhere (inserted).
    """

    def __init__(self, reference: np.ndarray, edits: Iterable[Edit] = ()):
        """reference: (length,) uint8 codes. Raises ValueError if edits overlap or leave the chromosome."""
        self._parts: list[np.ndarray] = []
        self._rows: list[tuple[int, int, int, int]] = []
        self._length = 0
        edits = sorted(edits, key=lambda e: (e.start, e.end))
        for left, right in pairwise(edits):
            if right.start < left.end:
                raise ValueError(f"edits overlap: [{left.start}, {left.end}) and [{right.start}, {right.end})")
        if edits and (edits[0].start < 0 or edits[-1].end > len(reference)):
            raise ValueError("an edit leaves the chromosome")
        at = 0
        for edit in edits:
            self._add(reference[at : edit.start], at, 1)
            self._apply(reference, edit)
            at = edit.end
        self._add(reference[at:], at, 1)
        self.sequence = np.concatenate(self._parts) if self._parts else np.empty(0, dtype=np.uint8)
        table = np.array(self._rows, dtype=np.int64).reshape(-1, 4)
        self._start, self._place, self._step, self._size = table.T
        self._index(len(reference))
        del self._parts, self._rows

    def __len__(self) -> int:
        return len(self.sequence)

    def _apply(self, reference: np.ndarray, edit: Edit) -> None:
        old = reference[edit.start : edit.end]
        if edit.kind == "duplicate":
            self._add(old, edit.start, 1)
            self._add(old, edit.start, 1)
        elif edit.kind == "invert":
            self._add(reverse_complement(old), edit.end - 1, -1)
        else:
            shared = min(len(old), len(edit.sequence))
            self._add(edit.sequence[:shared], edit.start, 1)
            self._add(edit.sequence[shared:], -1, 0)

    def _add(self, sequence: np.ndarray, place: int, step: int) -> None:
        """Append a piece of which the first base lies at `place` on the reference."""
        if len(sequence):
            self._parts.append(sequence)
            self._rows.append((self._length, place, step, len(sequence)))
            self._length += len(sequence)

    def _index(self, length: int) -> None:
        """Haplotype position of each reference base (its first copy), -1 where it is deleted."""
        self._there = np.full(length, -1, dtype=np.int64)
        for start, place, step, size in zip(
            self._start[::-1], self._place[::-1], self._step[::-1], self._size[::-1], strict=True
        ):
            here = np.arange(start, start + size)
            if step == 1:
                self._there[place : place + size] = here
            elif step == -1:
                self._there[place - size + 1 : place + 1] = here[::-1]

    def to_reference(self, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Lift haplotype positions to the reference.

        positions: (n,) integers within the haplotype. Returns reference positions
        (-1 inside an insertion) and strands (1 forward, -1 inverted, 0 inserted).
        """
        positions = np.asarray(positions)
        piece = np.searchsorted(self._start, positions, side="right") - 1
        step = self._step[piece]
        return self._place[piece] + step * (positions - self._start[piece]), step

    def to_haplotype(self, positions: np.ndarray) -> np.ndarray:
        """Lift reference positions to the haplotype: the first copy, -1 where the base is deleted."""
        return self._there[np.asarray(positions)]
