"""Attention maps: Grad-CAM and attention rollout over contributions."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from readsight.interpret.sequence_attribution.attribution_file import Attributions
from readsight.interpret.tabular_attribution import results
from readsight.report.attribution_figures import panels
from readsight.report.attribution_figures.example_selection import (
    POSITION_METHODS,
    ExampleView,
    Ruler,
    choose_leading_method,
    example_heading,
    select_examples,
)
from readsight.report.attribution_figures.panels import Sheet
from readsight.report.figure_style import COLOURS

WIDTH, TALLEST, LEFT, RIGHT = 12.0, 14.0, 0.85, 1.0
ABOVE, HEAD, OVERLAY, GAP, STRIP, FOOT = 0.8, 0.46, 0.75, 0.06, 0.17, 0.5
MAP, AROUND, ROWS, FINEST = (
    2.2,
    0.85,
    200,
    400,
)  # maps of all examples: height and margin in inches; largest numbers of rows and columns
WEIGHT_COLOUR = COLOURS[2]
COLOUR_MAP = "cividis"


def draw_figure(attributions: Attributions, exams: dict[str, Any], max_examples: int) -> Figure | str:
    """One block per example: contributions overlaid with Grad-CAM weights, and one strip per method; below, one map of all examples per
    method, sorted by score.
    """
    methods = [m for m in attributions.methods if m in POSITION_METHODS]
    if not methods:
        config_key = f"tasks.{attributions.attributes['task']}.attributions"
        return f"Neither Grad-CAM nor attention rollout is configured; add grad_cam or attention_rollout to {config_key}."
    block = HEAD + OVERLAY + len(methods) * (GAP + STRIP) + FOOT
    maps = len(methods) * (MAP + AROUND)
    views = select_examples(attributions, min(max_examples, max(1, int((TALLEST - ABOVE - maps) / block))))
    if not views:
        return "No test examples were explained."
    page = Sheet(WIDTH, ABOVE + len(views) * block + maps)
    _draw_legend(page, attributions, exams, methods)
    for index, view in enumerate(views):
        _draw_block(page, attributions, exams, methods, view, ABOVE + index * block)
    for index, method in enumerate(methods):
        _draw_map(page, attributions, exams, method, ABOVE + len(views) * block + index * (MAP + AROUND) + 0.25)
    return page.figure


def position_weights(attributions: Attributions, method: str, head: str) -> np.ndarray:
    """Weight of each position, (n, positions): equal for all bases, including N."""
    return attributions.values[method][head].mean(axis=2)


def _draw_legend(page: Sheet, attributions: Attributions, exams: dict[str, Any], methods: list[str]) -> None:
    leading_method = choose_leading_method(attributions, exams)
    shown_methods = [leading_method, *methods] if leading_method not in methods else methods
    for index, method in enumerate(shown_methods):
        text, failed = panels.method_label(method, exams, 60)
        style = {"color": panels.FAILED, "fontweight": "bold"} if failed else {}
        page.add_text(LEFT - 0.6 + index * 3.9, 0.1, text, fontsize=9, **style)
    extra_handles = [(Patch(color=WEIGHT_COLOUR, alpha=0.35), results.METHOD_NAMES[methods[0]])]
    panels.draw_legend(page, LEFT - 0.6, 0.38, bool(attributions.positions), False, extra_handles)


def _draw_block(
    page: Sheet, attributions: Attributions, exams: dict[str, Any], methods: list[str], view: ExampleView, top: float
) -> None:
    """One example; both windows of a pair are shown next to each other."""
    page.add_text(LEFT - 0.6, top, example_heading(attributions, view), fontweight="bold", fontsize=10)
    name = results.shorten(str(attributions.metadata["example"][view.row]), 60)
    page.add_text(LEFT - 0.6, top + 0.19, name, fontsize=8)
    leading_method, width = choose_leading_method(attributions, exams), WIDTH - LEFT - RIGHT
    axis = page.add_axis(LEFT, top + HEAD, width, OVERLAY)
    contributions, ruler = (
        attributions.contributions(leading_method, view.head)[view.row],
        Ruler.from_attributions(attributions, view.row),
    )
    if leading_method not in methods:
        panels.draw_bars(axis, contributions)
        panels.draw_value_axis(axis, attributions.attributes["unit"])
        axis.set_ylim(*panels.axis_limits([contributions]))
    else:
        axis.set_yticks([])
    _overlay_weights(axis, position_weights(attributions, methods[0], view.head)[view.row], methods[0])
    top, axes = top + HEAD + OVERLAY, [axis]
    for method in methods:
        strip = page.add_axis(LEFT, top + GAP, width, STRIP)
        weights = position_weights(attributions, method, view.head)[view.row]
        strip.pcolormesh(
            np.arange(len(weights) + 1), [0, 1], weights[None], cmap=COLOUR_MAP, vmin=min(weights.min(), 0.0), rasterized=True
        )
        strip.set_yticks([])
        strip.text(1.008, 0.5, results.METHOD_NAMES[method], fontsize=7, va="center", transform=strip.transAxes)
        top += GAP + STRIP
        axes.append(strip)
    for panel in axes:
        _draw_axis(panel, attributions, ruler, len(contributions), panel is axes[-1])
    panels.draw_position_marker(
        axes[:1], int(attributions.positions[view.head][view.row]) if view.head in attributions.positions else None
    )


def _draw_axis(axis: Axes, attributions: Attributions, ruler: Ruler, length: int, is_labelled: bool) -> None:
    """Position axis of the window; for pairs both windows, each with its positions."""
    if not attributions.attributes.get("pair"):
        panels.draw_position_axis(axis, ruler, 0, length, is_labelled, max_ticks=10)
        return
    half = length // 2
    ticks = [(position + window * half, label) for window in range(2) for position, label in ruler.round_ticks(0, half)]
    axis.set_xticks([position for position, _ in ticks], [label for _, label in ticks] if is_labelled else [], fontsize=7)
    axis.set_xlim(0, length)
    axis.axvline(half, color="black", linewidth=0.8)
    if is_labelled:
        axis.set_xlabel(f"reference window, then alternative window; {ruler.label}", fontsize=8, labelpad=1.5)


def _overlay_weights(axis: Axes, weights: np.ndarray, method: str) -> None:
    """Weights of a method as an area with a separate scale on the right."""
    twin = axis.twinx()
    twin.fill_between(np.arange(len(weights)) + 0.5, weights, color=WEIGHT_COLOUR, alpha=0.3, linewidth=0)
    twin.plot(np.arange(len(weights)) + 0.5, weights, color=WEIGHT_COLOUR, linewidth=0.9)
    twin.set_ylim(min(0.0, float(weights.min())), (float(weights.max()) or 1.0) * 1.15)
    twin.spines["right"].set_visible(True)
    panels.draw_value_axis(twin, results.METHOD_NAMES[method])
    twin.yaxis.label.set_color(WEIGHT_COLOUR)


def _draw_map(page: Sheet, attributions: Attributions, exams: dict[str, Any], method: str, top: float) -> None:
    """All examples by position, one row each (a subset of many), highest score at the top."""
    head = attributions.heads[0]
    order = np.argsort(-np.asarray(attributions.score[head]), kind="stable")
    order = order[np.unique(np.linspace(0, len(order) - 1, ROWS).astype(int))] if len(order) > ROWS else order
    weights = position_weights(attributions, method, head)[order]
    edges = np.unique(np.linspace(0, weights.shape[1], FINEST + 1).astype(int))
    binned = np.add.reduceat(weights, edges[:-1], axis=1) / np.diff(edges)
    axis = page.add_axis(LEFT, top + 0.1, WIDTH - LEFT - RIGHT, MAP)
    mesh = axis.pcolormesh(
        edges, np.arange(len(weights) + 1), binned, cmap=COLOUR_MAP, vmin=min(0.0, binned.min()), rasterized=True
    )
    axis.set_ylim(len(weights), 0)
    axis.set_xlim(0, weights.shape[1])
    axis.set_yticks([0.5, len(weights) - 0.5], ["highest", "lowest"], fontsize=7)
    axis.set_ylabel(f"{len(weights):,} examples, by {attributions.attributes['unit']}", fontsize=7, labelpad=-12)
    panels.draw_position_axis(axis, Ruler("", 0, 0, "+"), 0, weights.shape[1], max_ticks=10)
    panels.draw_title(axis, method, exams, f", {'to ' + head + ', ' if len(attributions.heads) > 1 else ''}all examples")
    axis.spines[["left", "bottom"]].set_visible(False)
    bar = page.figure.colorbar(mesh, cax=page.add_axis(WIDTH - RIGHT + 0.12, top + 0.1, 0.12, MAP))
    bar.outline.set_linewidth(0.5)
    bar.ax.tick_params(labelsize=7, length=2.5)
