"""Heat map of substitution effects from in-silico mutagenesis, bases by positions, with a logo below."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure

from readsight.interpret.sequence_attribution.attribution_file import Attributions
from readsight.interpret.tabular_attribution.results import shorten
from readsight.report.attribution_figures import panels
from readsight.report.attribution_figures.example_selection import (
    FULL_WINDOW,
    ExampleView,
    Ruler,
    example_heading,
    find_focus,
    select_examples,
    window_contributions,
)
from readsight.report.attribution_figures.panels import Sheet

METHOD = "mutagenesis"
COLOUR_MAP = "RdBu_r"  # ColorBrewer, safe for colour-blind readers; white: no change
WIDTH, TALLEST, LEFT, RIGHT = 12.0, 14.0, 0.85, 0.25
ABOVE, BELOW = 0.45, 0.75
HEAD, PROFILE, TICKS, CELLS, SPACE, LETTERS, FOOT = 0.46, 0.36, 0.32, 0.8, 0.07, 0.6, 0.54


def substitution_effects(attributions: np.ndarray, contributions: np.ndarray, sequence: np.ndarray) -> np.ndarray:
    """Change of the explained output by each base at each position, (…, positions, 4); 0 for the observed base, NaN at N.

    attributions: by mutagenesis, centred over the four bases.
    """
    return np.where(sequence[..., None] < 4, attributions - contributions[..., None], np.nan)


def draw_figure(attributions: Attributions, exams: dict[str, Any], max_examples: int) -> Figure | str:
    """One block per example: profile of its full window, heat map of its most contributing bases, their logo."""
    if METHOD not in attributions.methods:
        return f"Substitution effects need in-silico mutagenesis: add {METHOD} to tasks.{attributions.attributes['task']}.attributions."
    window_count = 2 if attributions.attributes.get("pair") else 1
    block = HEAD + PROFILE + TICKS + window_count * (CELLS + SPACE + LETTERS) + (window_count - 1) * 0.25 + FOOT
    views = select_examples(attributions, min(max_examples, max(1, int((TALLEST - ABOVE - BELOW) / block))))
    if not views:
        return "No test examples were explained."
    page = Sheet(WIDTH, ABOVE + len(views) * block + BELOW)
    text, failed = panels.method_label(METHOD, exams, 60)
    style = {"color": panels.FAILED, "fontweight": "bold"} if failed else {}
    page.add_text(LEFT - 0.6, 0.1, text, fontsize=9, **style)
    panels.draw_legend(page, 5.2, 0.12, bool(attributions.positions), False)
    width, maps, logos = WIDTH - LEFT - RIGHT, [], []
    for index, view in enumerate(views):
        top = ABOVE + index * block
        page.add_text(LEFT - 0.6, top, example_heading(attributions, view), fontweight="bold", fontsize=10)
        name = shorten(str(attributions.metadata["example"][view.row]), 60)
        page.add_text(LEFT - 0.6, top + 0.19, f"{name}; full window, shaded: the bases below", fontsize=8)
        contributions = window_contributions(attributions, METHOD, view)
        focus_range, ruler = find_focus(contributions, FULL_WINDOW), Ruler.from_attributions(attributions, view.row)
        profile = page.add_axis(LEFT, top + HEAD, width, PROFILE)
        panels.draw_profile(profile, contributions, ruler, focus_range)
        top += HEAD + PROFILE + TICKS
        axes = [profile]
        for window in range(window_count):
            upper = page.add_axis(LEFT, top, width, CELLS)
            lower = page.add_axis(LEFT, top + CELLS + SPACE, width, LETTERS)
            maps.append((upper, _draw_cells(upper, attributions, view, window, focus_range)))
            lower.set_ylim(*panels.axis_limits([_draw_letters(lower, attributions, view, window, focus_range)]))
            panels.draw_position_axis(upper, ruler, *focus_range, is_labelled=False)
            panels.draw_position_axis(lower, ruler, *focus_range, is_labelled=window == window_count - 1, max_ticks=10)
            panels.draw_value_axis(lower, attributions.attributes["unit"])
            if window_count > 1:
                upper.set_title(("reference window", "alternative window")[window], fontsize=8, pad=2)
            if failed:
                lower.set_facecolor(panels.SHADE)
            logos.append((view.head, lower))
            axes.append(upper)
            top += CELLS + SPACE + LETTERS + 0.25
        panels.draw_position_marker(
            axes, int(attributions.positions[view.head][view.row]) if view.head in attributions.positions else None
        )
    _draw_colour_key(page, attributions, maps)
    for head in {head for head, _ in logos}:
        head_axes = [axis for name, axis in logos if name == head]
        low, high = zip(*(axis.get_ylim() for axis in head_axes), strict=True)
        for axis in head_axes:
            axis.set_ylim(min(low), max(high))
    return page.figure


def _select_window(attributions: Attributions, view: ExampleView, window: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Attributions (positions, 4), contributions and codes (positions,) of one window of an example."""
    window_count = 2 if attributions.attributes.get("pair") else 1
    arrays = (attributions.values[METHOD][view.head], attributions.contributions(METHOD, view.head), attributions.sequence)
    window_attributions, contributions, sequence = (np.split(array[view.row], window_count)[window] for array in arrays)
    return window_attributions, contributions, sequence


def _draw_cells(axis: Axes, attributions: Attributions, view: ExampleView, window: int, focus_range: tuple[int, int]) -> Any:
    """The heat map: A, C, G, T from the top, a dot at the observed base."""
    window_attributions, contributions, sequence = _select_window(attributions, view, window)
    start, end = focus_range
    values = substitution_effects(window_attributions, contributions, sequence)[start:end]
    axis.set_facecolor("0.8")
    mesh = axis.pcolormesh(
        np.arange(start, end + 1), np.arange(5), np.ma.masked_invalid(values.T), cmap=COLOUR_MAP, rasterized=False
    )
    known = np.flatnonzero(sequence[start:end] < 4)
    axis.plot(known + start + 0.5, sequence[start:end][known] + 0.5, ".", color="0.25", markersize=2.2, zorder=2)
    axis.set_yticks(np.arange(4) + 0.5, list("ACGT"), fontsize=8)
    axis.set_ylim(4, 0)
    axis.tick_params(axis="y", length=0, pad=3)
    axis.set_ylabel("to", fontsize=7, labelpad=2)
    axis.spines[["top", "right", "left", "bottom"]].set_visible(False)
    return mesh


def _draw_letters(
    axis: Axes, attributions: Attributions, view: ExampleView, window: int, focus_range: tuple[int, int]
) -> np.ndarray:
    _, contributions, sequence = _select_window(attributions, view, window)
    return panels.draw_letters(axis, contributions, sequence, *focus_range)


def _draw_colour_key(page: Sheet, attributions: Attributions, maps: list[tuple[Axes, Any]]) -> None:
    """One symmetric colour scale for all maps, and its key."""
    largest = max(float(np.abs(mesh.get_array()).max()) for _, mesh in maps) or 1.0
    norm = TwoSlopeNorm(0, -largest, largest)
    for _, mesh in maps:
        mesh.set_norm(norm)
    axis = page.add_axis(LEFT, page.height - 0.55, 3.2, 0.13)
    bar = page.figure.colorbar(maps[0][1], cax=axis, orientation="horizontal")
    bar.ax.tick_params(labelsize=7, length=2.5)
    bar.outline.set_linewidth(0.5)
    bar.ax.xaxis.set_major_formatter(lambda value, _: f"{value:+.3g}".replace("-", "−") if value else "0")
    text = f"change of the {attributions.attributes['unit']} by the substitution (grey dot: observed base)"
    page.add_text(LEFT + 3.4, page.height - 0.57, text, fontsize=8)
