"""Sequence of one copy of a chromosome with its changes applied."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from readsight.genome import windows
from readsight.genome.codes import encode
from readsight.genome.store import BASE, Genome


class SequenceChange(NamedTuple):
    """Replacement of the genome's [start, end), 0-based half-open, by `alt`. name: as in the file. row: of the file."""

    start: int
    end: int
    alt: str
    name: str = ""
    row: int = 0


@dataclass(frozen=True)
class HaplotypeWindow:
    """codes: (length,) uint8. applied: changes visible in the window. overlapping: changes that overlap an earlier one."""

    codes: np.ndarray
    applied: tuple[SequenceChange, ...]
    overlapping: tuple[SequenceChange, ...]


def spell_haplotype(genome: Genome, contig: int, start: int, length: int, changes: Sequence[SequenceChange]) -> HaplotypeWindow:
    """Window [start, start + length) of a copy, on the forward strand.

    Parameters
    ----------
    contig : index in `genome.names`.
    changes : of one copy, in any order.

    Notes
    -----
    The base in the middle of the reference window, start + length // 2, keeps its position. Deletions are filled with bases
    from further out, insertions push bases out. The bases that remain of a deletion across the middle are to its left.
    Positions beyond contig ends are N.
    """
    applied_changes, overlapping = separate_overlaps(changes)
    middle = start + length // 2
    margin = sum(change.end - change.start for change in applied_changes)
    low = start - margin
    reference = windows.cut_raw(genome, np.array([contig]), np.array([low]), length + 2 * margin, padded=True)[0] & BASE
    before = [change for change in applied_changes if change.start < middle]
    after = applied_changes[len(before) :]
    left_half, before_end = _spell_left_half(reference, low, middle, length // 2, before)
    right_half = _spell_right_half(reference, low, before_end, start + length - middle, after)
    return HaplotypeWindow(
        np.concatenate([left_half.codes, right_half.codes]), (*left_half.applied, *right_half.applied), overlapping
    )


def separate_overlaps(changes: Sequence[SequenceChange]) -> tuple[list[SequenceChange], tuple[SequenceChange, ...]]:
    """Changes of one copy from left to right, and those that overlap an earlier one, which is kept.

    Changes with the same start are ordered by file row; insertions precede the base that they are placed before. Two
    insertions at one position overlap.
    """
    applied_changes: list[SequenceChange] = []
    overlapping = []
    reach = insertion = -1
    for change in sorted(changes, key=lambda c: (c.start, c.end > c.start, c.row)):
        is_insertion = change.start == change.end
        if change.start < reach or (is_insertion and change.start == insertion):
            overlapping.append(change)
            continue
        applied_changes.append(change)
        reach = max(reach, change.end)
        insertion = change.start if is_insertion else insertion
    return applied_changes, tuple(overlapping)


def _spell_left_half(
    reference: np.ndarray, low: int, middle: int, length: int, changes: list[SequenceChange]
) -> tuple[HaplotypeWindow, int]:
    """The last `length` bases before the middle, and the position after them. reference: codes from `low` on."""
    position = begin = max(middle, changes[-1].end) if changes else middle
    pieces, applied, count = [], [], 0
    for change in reversed(changes):
        if count + position - change.end >= length:
            break
        pieces += [reference[change.end - low : position - low], encode(change.alt)]
        count += position - change.end + len(change.alt)
        position = change.start
        applied.append(change)
    pieces.append(reference[position - max(0, length - count) - low : position - low])
    codes = np.concatenate(pieces[::-1])
    return HaplotypeWindow(codes[len(codes) - length :], tuple(applied[::-1]), ()), begin


def _spell_right_half(
    reference: np.ndarray, low: int, position: int, length: int, changes: list[SequenceChange]
) -> HaplotypeWindow:
    """The first `length` bases from a position. reference: codes from `low` on."""
    pieces, applied, count = [], [], 0
    for change in changes:
        if count + change.start - position >= length:
            break
        pieces += [reference[position - low : change.start - low], encode(change.alt)]
        count += change.start - position + len(change.alt)
        position = change.end
        applied.append(change)
    pieces.append(reference[position - low : position - low + max(0, length - count)])
    return HaplotypeWindow(np.concatenate(pieces)[:length], tuple(applied), ())
