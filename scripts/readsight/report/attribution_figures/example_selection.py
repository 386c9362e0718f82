"""Selection of the examples and bases that figures show."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import numpy as np

from readsight.interpret.sequence_attribution.attribution_file import Attributions
from readsight.interpret.tabular_attribution.results import shorten

NAME_LENGTH = 20  # largest number of characters of a class name
FOCUS_WIDTH = 72  # bases drawn as letters
POSITION_METHODS = ("grad_cam", "attention_rollout")  # position-level methods, without an effect per base
FULL_WINDOW = 100  # windows up to this length are drawn completely


@dataclass(frozen=True)
class ExampleView:
    """An example and its explained output. row: of the file. group: label of the reason for showing it."""

    row: int
    head: str
    group: str


def example_groups(attributions: Attributions) -> list[tuple[str, str, bool]]:
    """Groups of shown examples: label, head, and whether the highest scores are meant (else the lowest)."""
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
    """The most confidently predicted examples of each class or head in turn, `max_examples` in total, sorted by group.

    Two groups alternate, so that each has one column.
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
    """The first view of each group, then the second, and so on; no example twice for one head."""
    taken = set()
    for views in zip_longest(*groups):
        for view in views:
            if view is not None and (view.row, view.head) not in taken:
                taken.add((view.row, view.head))
                yield view


def example_heading(attributions: Attributions, view: ExampleView) -> str:
    """Heading of a block: prediction, score, and true value."""
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
    """Methods with an effect per base; position-level methods if there is none."""
    return [m for m in attributions.methods if m not in POSITION_METHODS] or attributions.methods


def choose_leading_method(attributions: Attributions, exams: dict[str, Any]) -> str:
    """The first base-level method that passed its exams; the first of all if none did."""
    candidates = base_level_methods(attributions)
    return next((m for m in candidates if exams.get(m, {}).get("passed")), candidates[0])


def window_contributions(attributions: Attributions, method: str, view: ExampleView) -> np.ndarray:
    """Contributions per position of an example's window, (positions,); summed over both windows of a pair."""
    contributions = attributions.contributions(method, view.head)[view.row]
    return contributions.reshape(2, -1).sum(axis=0) if attributions.attributes.get("pair") else contributions


def find_focus(contributions: np.ndarray, width: int = FOCUS_WIDTH, full_width: int = FULL_WINDOW) -> tuple[int, int]:
    """The segment of `width` positions with the largest contributions, [start, end), preferably with these in its middle.

    contributions: (positions,), signed. All positions if there are at most `full_width`.
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
    """Display coordinates of a window: 1-based genome positions, or 1-based positions in the sequence if its location is unknown."""

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
        """Position of an offset in the window (from 0)."""
        return self.end - offset if self.strand == "-" else self.start + offset + 1

    def to_offset(self, position: int) -> int:
        """Offset of a position."""
        return self.end - position if self.strand == "-" else position - self.start - 1

    def round_ticks(self, start: int, end: int, max_ticks: int = 6) -> list[tuple[float, str]]:
        """Centres of round positions among the offsets [start, end), and their labels."""
        low, high = sorted((self.to_position(start), self.to_position(end - 1)))
        step = next(size for size in _tick_steps() if (high - low) / size <= max_ticks)
        return [(self.to_offset(position) + 0.5, f"{position:,}") for position in range(-(-low // step) * step, high + 1, step)]

    @property
    def label(self) -> str:
        """Label of the axis."""
        if not self.chrom:
            return "position in the sequence (bp)"
        return f"{self.chrom} (bp{', reverse strand' if self.strand == '-' else ''})"


def _tick_steps() -> Iterator[int]:
    size = 1
    while True:
        yield from (size, 2 * size, 5 * size)
        size *= 10
