"""Which examples figures show, and which bases of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import numpy as np

from readsight.interpret.sequence_attribution.attribution_file import Attributions
from readsight.interpret.tabular_attribution.results import shorten

NAME_LENGTH = 20  # letters of a class's name, at most
FOCUS_WIDTH = 72  # bases that are drawn as letters
POSITION_METHODS = ("grad_cam", "attention_rollout")  # methods that say where a model looks, not which base does what
FULL_WINDOW = 100  # windows of so many bases are drawn whole


@dataclass(frozen=True)
class ExampleView:
    """An example and the number of it that is explained. row: of the file. group: what it stands for, in words."""

    row: int
    head: str
    group: str


def example_groups(attributions: Attributions) -> list[tuple[str, str, bool]]:
    """What examples are shown of: words, head, and whether its highest scores are meant, not its lowest."""
    kind, heads = attributions.attributes["kind"], attributions.heads
    classes = [shorten(name, NAME_LENGTH) for name in attributions.attributes["classes"]]
    if kind == "binary":
        return [(f"predicted {classes[1]}", heads[0], True), (f"predicted {classes[0]}", heads[0], False)]
    if kind == "regression":
        return [("highest predicted", heads[0], True), ("lowest predicted", heads[0], False)]
    if kind == "profile":
        return [("highest predicted signal", heads[0], True)]
    return [(f"predicted {shorten(name, NAME_LENGTH)}", name, True) for name in heads]


def select_examples(attributions: Attributions, max_examples: int) -> list[ExampleView]:
    """The most confidently predicted examples of each class or head in turn, `max_examples` in all, by group.

    Two groups alternate, so that each has a column of its own.
    """
    by_group = []
    for label, head, is_highest in example_groups(attributions):
        score = np.asarray(attributions.score[head], float)
        order = np.argsort(-score if is_highest else score, kind="stable")
        if attributions.attributes["kind"] == "binary":
            order = order[(score[order] > 0) == is_highest]
        by_group.append([ExampleView(int(row), head, label) for row in order])
    selected = list(_interleave(by_group))[:max_examples]
    return selected if len(by_group) == 2 else sorted(selected, key=lambda view: attributions.heads.index(view.head))


def _interleave(groups: list[list[ExampleView]]) -> Iterator[ExampleView]:
    """One of each group, then the next of each; no example twice for one head."""
    taken = set()
    for views in zip_longest(*groups):
        for view in views:
            if view is not None and (view.row, view.head) not in taken:
                taken.add((view.row, view.head))
                yield view


def example_heading(attributions: Attributions, view: ExampleView) -> str:
    """What a block shows: prediction, its number, and what the example is."""
    score = f"{attributions.score[view.head][view.row]:+.2f}".replace("-", "−")
    text = f"{view.group[0].upper()}{view.group[1:]} ({attributions.attributes['unit']} {score})"
    kind, classes, label = (
        attributions.attributes["kind"],
        list(attributions.attributes["classes"]),
        attributions.metadata.get("label"),
    )
    if label is None or kind == "profile":
        return text
    value = label[view.row]
    if kind == "regression":
        return f"{text}; measured {value:.3g}"
    if kind == "multilabel":
        return f"{text}; is {'' if value[classes.index(view.head)] else 'not '}{shorten(view.head, NAME_LENGTH)}"
    value = int(value[attributions.positions[view.head][view.row]] if kind == "positions" else value)
    return f"{text}; is {shorten(classes[value], NAME_LENGTH)}" if value < len(classes) else text


def base_level_methods(attributions: Attributions) -> list[str]:
    """Methods that tell what each base does; those of places alone where there is no other."""
    return [m for m in attributions.methods if m not in POSITION_METHODS] or attributions.methods


def choose_leading_method(attributions: Attributions, exams: dict[str, Any]) -> str:
    """The first method that passed its exams, of those that tell bases apart; the first of all where none did."""
    candidates = base_level_methods(attributions)
    return next((m for m in candidates if exams.get(m, {}).get("passed")), candidates[0])


def window_contributions(attributions: Attributions, method: str, view: ExampleView) -> np.ndarray:
    """Contributions of each place of an example's window, (places,); of a pair those of both windows added up."""
    contributions = attributions.contributions(method, view.head)[view.row]
    return contributions.reshape(2, -1).sum(axis=0) if attributions.attributes.get("pair") else contributions


def find_focus(contributions: np.ndarray, width: int = FOCUS_WIDTH, full_width: int = FULL_WINDOW) -> tuple[int, int]:
    """The stretch of `width` places that contributes most, [start, end); what contributes stands in its middle rather than at its edge.

    contributions: (places,), signed. All places where there are not more than `full_width`.
    """
    length = len(contributions)
    if length <= full_width:
        return 0, length
    weight = 1 + 0.5 * np.hanning(width)
    scores = np.convolve(np.abs(contributions), weight, "valid")
    start = int(scores.argmax())
    return start, start + width


@dataclass(frozen=True)
class Ruler:
    """Places along a window as a reader knows them: on the genome, from 1; along the sequence, from 1, where it has no place there."""

    chrom: str
    start: int
    end: int
    strand: str

    @classmethod
    def from_attributions(cls, attributions: Attributions, row: int) -> "Ruler":
        chrom = str(attributions.metadata["chrom"][row]) if "chrom" in attributions.metadata else ""
        if not chrom:
            return cls("", 0, 0, "+")
        return cls(
            chrom,
            int(attributions.metadata["start"][row]),
            int(attributions.metadata["end"][row]),
            str(attributions.metadata["strand"][row]),
        )

    def to_position(self, offset: int) -> int:
        """Of a place of the window (from 0)."""
        return self.end - offset if self.strand == "-" else self.start + offset + 1

    def to_offset(self, position: int) -> int:
        """Of a position."""
        return self.end - position if self.strand == "-" else position - self.start - 1

    def round_ticks(self, start: int, end: int, max_ticks: int = 6) -> list[tuple[float, str]]:
        """Middles of round positions among the places [start, end), and what they are called."""
        low, high = sorted((self.to_position(start), self.to_position(end - 1)))
        step = next(size for size in _tick_steps() if (high - low) / size <= max_ticks)
        return [(self.to_offset(position) + 0.5, f"{position:,}") for position in range(-(-low // step) * step, high + 1, step)]

    @property
    def label(self) -> str:
        """What the axis is called."""
        if not self.chrom:
            return "place in the sequence (bp)"
        return f"{self.chrom} (bp{', reverse strand' if self.strand == '-' else ''})"


def _tick_steps() -> Iterator[int]:
    size = 1
    while True:
        yield from (size, 2 * size, 5 * size)
        size *= 10
