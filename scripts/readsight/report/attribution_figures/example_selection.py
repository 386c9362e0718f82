"""Which examples figures show, and which bases of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import numpy as np

from readsight.interpret.sequence_attribution.attribution_file import Attributions
from readsight.interpret.tabular_attribution.results import short

NAME = 20  # letters of a class's name, at most
FOCUS = 72  # bases that are drawn as letters
PLACES = ("grad_cam", "attention_rollout")  # methods that say where a model looks, not which base does what
WHOLE = 100  # windows of so many bases are drawn whole


@dataclass(frozen=True)
class View:
    """An example and the number of it that is explained. row: of the file. group: what it stands for, in words."""

    row: int
    head: str
    group: str


def groups(held: Attributions) -> list[tuple[str, str, bool]]:
    """What examples are shown of: words, head, and whether its highest scores are meant, not its lowest."""
    kind, heads = held.about["kind"], held.heads
    classes = [short(name, NAME) for name in held.about["classes"]]
    if kind == "binary":
        return [(f"predicted {classes[1]}", heads[0], True), (f"predicted {classes[0]}", heads[0], False)]
    if kind == "regression":
        return [("highest predicted", heads[0], True), ("lowest predicted", heads[0], False)]
    if kind == "profile":
        return [("highest predicted signal", heads[0], True)]
    return [(f"predicted {short(name, NAME)}", name, True) for name in heads]


def chosen(held: Attributions, drawn: int) -> list[View]:
    """The most confidently predicted examples of each class or head in turn, `drawn` in all, by group.

    Two groups alternate, so that each has a column of its own.
    """
    found = []
    for words, head, high in groups(held):
        score = np.asarray(held.score[head], float)
        order = np.argsort(-score if high else score, kind="stable")
        if held.about["kind"] == "binary":
            order = order[(score[order] > 0) == high]
        found.append([View(int(row), head, words) for row in order])
    picked = list(_in_turn(found))[:drawn]
    return picked if len(found) == 2 else sorted(picked, key=lambda view: held.heads.index(view.head))


def _in_turn(groups: list[list[View]]) -> Iterator[View]:
    """One of each group, then the next of each; no example twice for one head."""
    seen = set()
    for views in zip_longest(*groups):
        for view in views:
            if view is not None and (view.row, view.head) not in seen:
                seen.add((view.row, view.head))
                yield view


def heading(held: Attributions, view: View) -> str:
    """What a block shows: prediction, its number, and what the example is."""
    score = f"{held.score[view.head][view.row]:+.2f}".replace("-", "−")
    words = f"{view.group[0].upper()}{view.group[1:]} ({held.about['unit']} {score})"
    kind, classes, label = held.about["kind"], list(held.about["classes"]), held.rows.get("label")
    if label is None or kind == "profile":
        return words
    own = label[view.row]
    if kind == "regression":
        return f"{words}; measured {own:.3g}"
    if kind == "multilabel":
        return f"{words}; is {'' if own[classes.index(view.head)] else 'not '}{short(view.head, NAME)}"
    own = int(own[held.at[view.head][view.row]] if kind == "positions" else own)
    return f"{words}; is {short(classes[own], NAME)}" if own < len(classes) else words


def telling(held: Attributions) -> list[str]:
    """Methods that tell what each base does; those of places alone where there is no other."""
    return [m for m in held.methods if m not in PLACES] or held.methods


def leading(held: Attributions, exams: dict[str, Any]) -> str:
    """The first method that passed its exams, of those that tell bases apart; the first of all where none did."""
    able = telling(held)
    return next((m for m in able if exams.get(m, {}).get("passed")), able[0])


def together(held: Attributions, method: str, view: View) -> np.ndarray:
    """Contributions of each place of an example's window, (places,); of a pair those of both windows added up."""
    found = held.contributions(method, view.head)[view.row]
    return found.reshape(2, -1).sum(axis=0) if held.about.get("pair") else found


def focus(contributions: np.ndarray, width: int = FOCUS, whole: int = WHOLE) -> tuple[int, int]:
    """The stretch of `width` places that contributes most, [start, end); what contributes stands in its middle rather than at its edge.

    contributions: (places,), signed. All places where there are not more than `whole`.
    """
    places = len(contributions)
    if places <= whole:
        return 0, places
    weight = 1 + 0.5 * np.hanning(width)
    found = np.convolve(np.abs(contributions), weight, "valid")
    start = int(found.argmax())
    return start, start + width


@dataclass(frozen=True)
class Ruler:
    """Places along a window as a reader knows them: on the genome, from 1; along the sequence, from 1, where it has no place there."""

    chrom: str
    start: int
    end: int
    strand: str

    @classmethod
    def of(cls, held: Attributions, row: int) -> "Ruler":
        chrom = str(held.rows["chrom"][row]) if "chrom" in held.rows else ""
        if not chrom:
            return cls("", 0, 0, "+")
        return cls(chrom, int(held.rows["start"][row]), int(held.rows["end"][row]), str(held.rows["strand"][row]))

    def position(self, place: int) -> int:
        """Of a place of the window (from 0)."""
        return self.end - place if self.strand == "-" else self.start + place + 1

    def place(self, position: int) -> int:
        """Of a position."""
        return self.end - position if self.strand == "-" else position - self.start - 1

    def ticks(self, start: int, end: int, most: int = 6) -> list[tuple[float, str]]:
        """Middles of round positions among the places [start, end), and what they are called."""
        low, high = sorted((self.position(start), self.position(end - 1)))
        step = next(s for s in _steps() if (high - low) / s <= most)
        return [(self.place(at) + 0.5, f"{at:,}") for at in range(-(-low // step) * step, high + 1, step)]

    @property
    def words(self) -> str:
        """What the axis is called."""
        if not self.chrom:
            return "place in the sequence (bp)"
        return f"{self.chrom} (bp{', reverse strand' if self.strand == '-' else ''})"


def _steps() -> Iterator[int]:
    size = 1
    while True:
        yield from (size, 2 * size, 5 * size)
        size *= 10
