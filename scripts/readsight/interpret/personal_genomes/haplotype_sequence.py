"""The sequence of one copy of a chromosome, with the changes that it carries."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from readsight.genome import windows
from readsight.genome.codes import encode
from readsight.genome.store import BASE, Genome


class Change(NamedTuple):
    """The genome's [start, end), 0-based half-open, replaced by `alt`. name: as the file writes it. row: of the file."""

    start: int
    end: int
    alt: str
    name: str = ""
    row: int = 0


@dataclass(frozen=True)
class Spelled:
    """codes: (length,) uint8. applied: changes that the window shows. left: those that overlap one before them."""

    codes: np.ndarray
    applied: tuple[Change, ...]
    left: tuple[Change, ...]


def spell(genome: Genome, contig: int, start: int, length: int, changes: Sequence[Change]) -> Spelled:
    """The window [start, start + length) of a copy, on the forward strand.

    The base that stands in the middle of the reference's window, start + length // 2, stays where it is, and with it what comes
    between it and a change: what a deletion takes away is filled up from behind it, seen from the middle, and an insertion
    pushes out as much. What a deletion across the middle leaves is to its left. contig: place in `genome.names`. changes: of
    one copy, in any order. Past the contig's ends stands N.
    """
    kept, left = apart(changes)
    middle = start + length // 2
    room = sum(change.end - change.start for change in kept)
    low = start - room
    own = windows.raw(genome, np.array([contig]), np.array([low]), length + 2 * room, padded=True)[0] & BASE
    before = [change for change in kept if change.start < middle]
    after = kept[len(before) :]
    first, before_end = _leftwards(own, low, middle, length // 2, before)
    second = _rightwards(own, low, before_end, start + length - middle, after)
    return Spelled(np.concatenate([first.codes, second.codes]), (*first.applied, *second.applied), left)


def apart(changes: Sequence[Change]) -> tuple[list[Change], tuple[Change, ...]]:
    """Changes of one copy from left to right, and those that overlap one before them: of these the first one stands.

    Of two that begin at one base the one that the file has first comes first; an insertion comes before the base that it stands
    before. Two insertions at one place overlap.
    """
    kept: list[Change] = []
    left = []
    reach = point = -1
    for change in sorted(changes, key=lambda c: (c.start, c.end > c.start, c.row)):
        inserted = change.start == change.end
        if change.start < reach or (inserted and change.start == point):
            left.append(change)
            continue
        kept.append(change)
        reach = max(reach, change.end)
        point = change.start if inserted else point
    return kept, tuple(left)


def _leftwards(own: np.ndarray, low: int, middle: int, wanted: int, changes: list[Change]) -> tuple[Spelled, int]:
    """The last `wanted` bases before the middle, and where what follows them begins. own: codes from `low` on."""
    at = begin = max(middle, changes[-1].end) if changes else middle
    parts, applied, have = [], [], 0
    for change in reversed(changes):
        if have + at - change.end >= wanted:
            break
        parts += [own[change.end - low : at - low], encode(change.alt)]
        have += at - change.end + len(change.alt)
        at = change.start
        applied.append(change)
    parts.append(own[at - max(0, wanted - have) - low : at - low])
    codes = np.concatenate(parts[::-1])
    return Spelled(codes[len(codes) - wanted :], tuple(applied[::-1]), ()), begin


def _rightwards(own: np.ndarray, low: int, at: int, wanted: int, changes: list[Change]) -> Spelled:
    """The first `wanted` bases from a place on. own: codes from `low` on."""
    parts, applied, have = [], [], 0
    for change in changes:
        if have + change.start - at >= wanted:
            break
        parts += [own[at - low : change.start - low], encode(change.alt)]
        have += change.start - at + len(change.alt)
        at = change.end
        applied.append(change)
    parts.append(own[at - low : at - low + max(0, wanted - have)])
    return Spelled(np.concatenate(parts)[:wanted], tuple(applied), ())
