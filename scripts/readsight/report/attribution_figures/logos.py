"""Logos of contributions: the most contributing bases of the most confidently predicted examples, by each method."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from readsight.interpret.sequence_attribution.attribution_file import Attributions
from readsight.interpret.tabular_attribution.results import NAMES, short
from readsight.report.attribution_figures import hits
from readsight.report.attribution_figures import panels as sheet
from readsight.report.attribution_figures.example_selection import Ruler, View, chosen, focus, heading, leading, telling, together
from readsight.report.attribution_figures.hits import Bracket
from readsight.report.attribution_figures.panels import Sheet

WIDTH, TALLEST = 14.0, 14.0
LEFT, GAP, RIGHT = 0.62, 0.4, 0.3  # margins of columns
HEAD, PROFILE, TICKS, TITLE, FOOT = 0.46, 0.42, 0.2, 0.2, 0.58  # of a block, from its top to its bottom
LOW, HIGH = 0.38, 0.6  # panels of letters, so that two rows of blocks fit
ABOVE = 0.45
SHIFTED = 8  # more places in which a pair differs are an allele of another length
PARTS = ("reference window", "alternative window", "both: what the place changes")


@dataclass
class Block:
    """What is drawn of one example. whole: contributions of its window by the leading method, (places,). stretch: places that
    are drawn as letters. found: hits there.
    """

    view: View
    whole: np.ndarray
    stretch: tuple[int, int]
    found: list[Bracket] = field(default_factory=list)


def figure(held: Attributions, exams: dict[str, Any], found: pd.DataFrame, drawn: int) -> Figure | str:
    """A block an example: profile of its whole window, hits of motifs, a logo a method. exams: method → what it passed.
    found: hits. Letters of one method and head are of one scale in all blocks.
    """
    panels = [(m, part) for m in telling(held) for part in (range(3) if held.about.get("pair") else (None,))]
    fixed = HEAD + PROFILE + TICKS + len(panels) * TITLE + FOOT
    tall = float(np.clip(((TALLEST - ABOVE) / 2 - fixed - hits.LANE) / len(panels), LOW, HIGH))
    below = fixed + len(panels) * tall
    views = chosen(held, min(drawn, 2 * max(1, int((TALLEST - ABOVE) / (below + hits.LANE)))))
    if not views:
        return "No test example was explained, so that there is none to draw."
    columns = min(2, len(views))
    page_width = WIDTH if columns == 2 else WIDTH / 2 + 0.5
    width = (page_width - LEFT * columns - GAP * (columns - 1) - RIGHT) / columns
    blocks = [_block(held, exams, found, view, width) for view in views]
    lanes = max((one.lane + 1 for block in blocks for one in block.found), default=0)
    height = below + lanes * hits.LANE
    page = Sheet(page_width, ABOVE + -(-len(views) // columns) * height)
    failed = any(not exams.get(m, {}).get("passed", True) for m, _ in panels)
    sheet.legend(page, LEFT - 0.45, 0.1, bool(held.at), failed)
    scale: dict[tuple[str, str, bool], list[Axes]] = {}
    for number, block in enumerate(blocks):
        left = LEFT + (number % columns) * (width + LEFT + GAP)
        _draw(page, held, exams, block, panels, lanes, (left, ABOVE + number // columns * height, width, tall), scale)
    _alike(scale)
    return page.figure


def _block(held: Attributions, exams: dict[str, Any], found: pd.DataFrame, view: View, width: float) -> Block:
    whole = together(held, leading(held, exams), view)
    stretch = focus(whole)
    own = hits.within(found, str(held.rows["example"][view.row]), view.head, *stretch)
    return Block(view, whole, stretch, hits.laid(own, *stretch, width))


def _draw(
    page: Sheet,
    held: Attributions,
    exams: dict[str, Any],
    block: Block,
    panels: list[tuple[str, int | None]],
    lanes: int,
    place: tuple[float, float, float, float],
    scale: dict[tuple[str, str, bool], list[Axes]],
) -> None:
    """Draw one example. place: left, top, width, and height of a panel of letters, in inches. scale: panels by what they share
    their scale with, added to.
    """
    left, top, width, tall = place
    view, lead, ruler = block.view, leading(held, exams), Ruler.of(held, block.view.row)
    name = short(str(held.rows["example"][view.row]), 60)
    page.words(left - 0.45, top, heading(held, view), fontweight="bold", fontsize=10)
    page.words(left - 0.45, top + 0.19, f"{name}; whole window ({NAMES.get(lead, lead)}), shaded: the bases below", fontsize=8)
    profile = page.axis(left, top + HEAD, width, PROFILE)
    sheet.profile(profile, block.whole, ruler, block.stretch)
    room, axes = lanes * hits.LANE, [profile]
    top += HEAD + PROFILE + TICKS + TITLE + room
    if block.found:
        hits.brackets(page.axis(left, top - room, width, room), block.found, *block.stretch, lanes)
    for number, (method, part) in enumerate(panels):
        axis = page.axis(left, top, width, tall)
        _panel(axis, held, view, held.contributions(method, view.head)[view.row], part, block.stretch)
        sheet.title(axis, method, exams, f", {PARTS[part]}" if part is not None else "", 0 if number else room)
        sheet.along(axis, ruler, *block.stretch, named=number == len(panels) - 1)
        sheet.upright(axis, held.about["unit"])
        axes.append(axis)
        scale.setdefault((method, view.head, part == 2), []).append(axis)
        top += tall + TITLE
    sheet.explained(axes, int(held.at[view.head][view.row]) if view.head in held.at else None)


def _panel(axis: Axes, held: Attributions, view: View, values: np.ndarray, part: int | None, stretch: tuple[int, int]) -> None:
    """Letters of one window, or bars of what a pair's two windows do together; the bases in which they differ are shaded, of an
    allele of another length the first of them.
    """
    start, end = stretch
    sequence = held.sequence[view.row]
    if part is None:
        axis.set_ylim(*sheet.limits([sheet.letters(axis, values, sequence, start, end)]))
        return
    windows, codes = values.reshape(2, -1), sequence.reshape(2, -1)
    if part == 2:
        both = windows.sum(axis=0)[start:end]
        sheet.bars(axis, both, np.arange(start, end))
        axis.set_ylim(*sheet.limits([both]))
    else:
        axis.set_ylim(*sheet.limits([sheet.letters(axis, windows[part], codes[part], start, end)]))
    differ = np.flatnonzero(codes[0] != codes[1])
    for place in differ[: 1 if len(differ) > SHIFTED else None]:
        axis.axvspan(place, place + 1, color="0.85", zorder=0, linewidth=0)


def _alike(scale: dict[tuple[str, str, bool], list[Axes]]) -> None:
    """Give panels of one key one scale."""
    for axes in scale.values():
        low, high = zip(*(axis.get_ylim() for axis in axes), strict=True)
        for axis in axes:
            axis.set_ylim(min(low), max(high))
