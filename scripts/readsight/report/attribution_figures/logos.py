"""Logos of contributions: the most contributing bases of the most confidently predicted examples, per method."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from readsight.interpret.sequence_attribution.attribution_file import Attributions
from readsight.interpret.tabular_attribution.results import METHOD_NAMES, shorten
from readsight.report.attribution_figures import hits
from readsight.report.attribution_figures import panels as sheet
from readsight.report.attribution_figures.example_selection import (
    ExampleView,
    Ruler,
    base_level_methods,
    choose_leading_method,
    example_heading,
    find_focus,
    select_examples,
    window_contributions,
)
from readsight.report.attribution_figures.hits import Bracket
from readsight.report.attribution_figures.panels import Sheet

WIDTH, TALLEST = 14.0, 14.0
LEFT, GAP, RIGHT = 0.62, 0.4, 0.3  # margins of columns
HEAD, PROFILE, TICKS, TITLE, FOOT = 0.46, 0.42, 0.2, 0.2, 0.58  # heights of the parts of a block, from top to bottom
LOW, HIGH = 0.38, 0.6  # limits of letter panels, so that two rows of blocks fit
ABOVE = 0.45
MAX_SUBSTITUTIONS = 8  # pairs with more differing positions have alleles of different length
WINDOW_LABELS = ("reference window", "alternative window", "both: effect of the variant")


@dataclass
class ExampleBlock:
    """Content of an example's block. contributions: of its window by the leading method, (positions,). focus_range: positions drawn as
    letters. brackets: hits in that range.
    """

    view: ExampleView
    contributions: np.ndarray
    focus_range: tuple[int, int]
    brackets: list[Bracket] = field(default_factory=list)


def draw_figure(attributions: Attributions, exams: dict[str, Any], hit_table: pd.DataFrame, max_examples: int) -> Figure | str:
    """One block per example: profile of its full window, motif hits, one logo per method. exams: method → results. Letters of one method
    and head have the same scale in all blocks.
    """
    panels = [
        (m, window)
        for m in base_level_methods(attributions)
        for window in (range(3) if attributions.attributes.get("pair") else (None,))
    ]
    fixed = HEAD + PROFILE + TICKS + len(panels) * TITLE + FOOT
    letter_height = float(np.clip(((TALLEST - ABOVE) / 2 - fixed - hits.LANE_HEIGHT) / len(panels), LOW, HIGH))
    block_height = fixed + len(panels) * letter_height
    views = select_examples(
        attributions, min(max_examples, 2 * max(1, int((TALLEST - ABOVE) / (block_height + hits.LANE_HEIGHT))))
    )
    if not views:
        return "No test examples were explained."
    columns = min(2, len(views))
    page_width = WIDTH if columns == 2 else WIDTH / 2 + 0.5
    width = (page_width - LEFT * columns - GAP * (columns - 1) - RIGHT) / columns
    blocks = [_build_block(attributions, exams, hit_table, view, width) for view in views]
    lanes = max((bracket.lane + 1 for block in blocks for bracket in block.brackets), default=0)
    height = block_height + lanes * hits.LANE_HEIGHT
    page = Sheet(page_width, ABOVE + -(-len(views) // columns) * height)
    failed = any(not exams.get(m, {}).get("passed", True) for m, _ in panels)
    sheet.draw_legend(page, LEFT - 0.45, 0.1, bool(attributions.positions), failed)
    shared_axes: dict[tuple[str, str, bool], list[Axes]] = {}
    for index, block in enumerate(blocks):
        left = LEFT + (index % columns) * (width + LEFT + GAP)
        _draw_block(
            page,
            attributions,
            exams,
            block,
            panels,
            lanes,
            (left, ABOVE + index // columns * height, width, letter_height),
            shared_axes,
        )
    _share_scale(shared_axes)
    return page.figure


def _build_block(
    attributions: Attributions, exams: dict[str, Any], hit_table: pd.DataFrame, view: ExampleView, width: float
) -> ExampleBlock:
    contributions = window_contributions(attributions, choose_leading_method(attributions, exams), view)
    focus_range = find_focus(contributions)
    selected = hits.select_hits(hit_table, str(attributions.metadata["example"][view.row]), view.head, *focus_range)
    return ExampleBlock(view, contributions, focus_range, hits.arrange_hits(selected, *focus_range, width))


def _draw_block(
    page: Sheet,
    attributions: Attributions,
    exams: dict[str, Any],
    block: ExampleBlock,
    panels: list[tuple[str, int | None]],
    lanes: int,
    layout: tuple[float, float, float, float],
    shared_axes: dict[tuple[str, str, bool], list[Axes]],
) -> None:
    """Draw one example.

    layout: left, top, width, and height of a panel of letters, in inches. shared_axes: panels grouped by common scale, extended here.
    """
    left, top, width, letter_height = layout
    view, leading_method, ruler = (
        block.view,
        choose_leading_method(attributions, exams),
        Ruler.from_attributions(attributions, block.view.row),
    )
    name = shorten(str(attributions.metadata["example"][view.row]), 60)
    page.add_text(left - 0.45, top, example_heading(attributions, view), fontweight="bold", fontsize=10)
    page.add_text(
        left - 0.45,
        top + 0.19,
        f"{name}; full window ({METHOD_NAMES.get(leading_method, leading_method)}), shaded: the bases below",
        fontsize=8,
    )
    profile = page.add_axis(left, top + HEAD, width, PROFILE)
    sheet.draw_profile(profile, block.contributions, ruler, block.focus_range)
    hits_height, axes = lanes * hits.LANE_HEIGHT, [profile]
    top += HEAD + PROFILE + TICKS + TITLE + hits_height
    if block.brackets:
        hits.draw_brackets(page.add_axis(left, top - hits_height, width, hits_height), block.brackets, *block.focus_range, lanes)
    for index, (method, window) in enumerate(panels):
        axis = page.add_axis(left, top, width, letter_height)
        _draw_panel(axis, attributions, view, attributions.contributions(method, view.head)[view.row], window, block.focus_range)
        sheet.draw_title(
            axis, method, exams, f", {WINDOW_LABELS[window]}" if window is not None else "", 0 if index else hits_height
        )
        sheet.draw_position_axis(axis, ruler, *block.focus_range, is_labelled=index == len(panels) - 1)
        sheet.draw_value_axis(axis, attributions.attributes["unit"])
        axes.append(axis)
        shared_axes.setdefault((method, view.head, window == 2), []).append(axis)
        top += letter_height + TITLE
    sheet.draw_position_marker(
        axes, int(attributions.positions[view.head][view.row]) if view.head in attributions.positions else None
    )


def _draw_panel(
    axis: Axes,
    attributions: Attributions,
    view: ExampleView,
    values: np.ndarray,
    window: int | None,
    focus_range: tuple[int, int],
) -> None:
    """Letters of one window, or bars of both windows of a pair combined; differing bases are shaded, for an allele of a different length
    only the first.
    """
    start, end = focus_range
    sequence = attributions.sequence[view.row]
    if window is None:
        axis.set_ylim(*sheet.axis_limits([sheet.draw_letters(axis, values, sequence, start, end)]))
        return
    windows, codes = values.reshape(2, -1), sequence.reshape(2, -1)
    if window == 2:
        combined = windows.sum(axis=0)[start:end]
        sheet.draw_bars(axis, combined, np.arange(start, end))
        axis.set_ylim(*sheet.axis_limits([combined]))
    else:
        axis.set_ylim(*sheet.axis_limits([sheet.draw_letters(axis, windows[window], codes[window], start, end)]))
    differing = np.flatnonzero(codes[0] != codes[1])
    for position in differing[: 1 if len(differing) > MAX_SUBSTITUTIONS else None]:
        axis.axvspan(position, position + 1, color="0.85", zorder=0, linewidth=0)


def _share_scale(shared_axes: dict[tuple[str, str, bool], list[Axes]]) -> None:
    """Give all panels of a group the same scale."""
    for axes in shared_axes.values():
        low, high = zip(*(axis.get_ylim() for axis in axes), strict=True)
        for axis in axes:
            axis.set_ylim(min(low), max(high))
