"""Elements shared by sequence figures: panels placed in inches, method titles, profiles, letters, markers."""

import pathlib
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path
from matplotlib.ticker import FuncFormatter, MaxNLocator

from readsight.interpret.tabular_attribution import results
from readsight.report import figure_style, logo
from readsight.report.attribution_figures.example_selection import Ruler
from readsight.report.figure_style import COLOURS

UP, DOWN, FAILED, GREY = COLOURS[1], COLOURS[0], "#A62B00", "0.45"
SHADE = "#FBE9DF"  # background of failed methods


class Sheet:
    """A figure whose panels are placed in inches from its upper left corner. width, height: of the figure, in inches."""

    def __init__(self, width: float, height: float):
        self.figure: Figure = figure_style.plt.figure(figsize=(width, height))
        self.width, self.height = width, height

    def add_axis(self, left: float, top: float, width: float, height: float, **options: Any) -> Axes:
        bounds = (left / self.width, 1 - (top + height) / self.height, width / self.width, height / self.height)
        return self.figure.add_axes(bounds, **options)

    def add_text(self, left: float, top: float, text: str, **options: Any) -> None:
        """Add text with its upper left corner at left, top."""
        style = {"fontsize": 9, "va": "top", "ha": "left"} | options
        self.figure.text(left / self.width, 1 - top / self.height, text, **style)


def save_figure(figure: Figure | str, paths: list[pathlib.Path]) -> None:
    """Write a figure, or a message in its place, in the formats of all paths."""
    for path in paths:
        if isinstance(figure, str):
            figure_style.draw_message(path, figure)
        else:
            figure_style.save_figure(figure, path)


def method_label(method: str, exams: dict[str, Any], width: int) -> tuple[str, bool]:
    """A method's name and the exams it failed, in about `width` characters, and whether it failed any."""
    result = exams.get(method)
    if not result:
        return f"{results.METHOD_NAMES.get(method, method)} (not examined)", False
    failed = [row["exam"] for row in result["exams"] if not row["passed"]]
    label = results.method_title(method, result)
    for name_count in range(len(failed) - 1, 0, -1):
        if len(label) <= width:
            break
        shortened = result | {"exams": [row for row in result["exams"] if row["exam"] in failed[:name_count]]}
        label = f"{results.method_title(method, shortened)} and {len(failed) - name_count} more"
    return label, not result["passed"]


def draw_title(axis: Axes, method: str, exams: dict[str, Any], suffix: str = "", above: float = 0) -> None:
    """A method's name and failed exams above its panel (by `above` inches); the panel of a failed method is shaded."""
    width = int(axis.get_position().width * axis.figure.get_figwidth() * 72 / 8 / 0.62)
    label, failed = method_label(method, exams, width - len(suffix))
    style = {"color": FAILED, "fontweight": "bold"} if failed else {"color": "black"}
    axis.set_title(label + suffix, fontsize=8, pad=2.5 + 72 * above, **style)
    if failed:
        axis.set_facecolor(SHADE)


def draw_position_axis(axis: Axes, ruler: Ruler, start: int, end: int, is_labelled: bool = True, max_ticks: int = 6) -> None:
    """Axis of positions [start, end): ticks at round positions, with or without labels."""
    ticks = ruler.round_ticks(start, end, max_ticks)
    axis.set_xticks([position for position, _ in ticks], [label for _, label in ticks] if is_labelled else [], fontsize=7)
    axis.set_xlim(start, end)
    axis.tick_params(axis="x", length=2.5, pad=2)
    if is_labelled:
        axis.set_xlabel(ruler.label, fontsize=8, labelpad=1.5)


def draw_value_axis(axis: Axes, label: str = "", max_ticks: int = 2) -> None:
    """Axis of values: few ticks with short labels."""
    axis.yaxis.set_major_locator(MaxNLocator(max_ticks, min_n_ticks=2))
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.6g}".replace("-", "−")))
    axis.tick_params(axis="y", labelsize=7, length=2.5, pad=2)
    axis.set_ylabel(label, fontsize=7, labelpad=2)


def axis_limits(values: list[np.ndarray]) -> tuple[float, float]:
    """Lowest and highest of 0 and signed values, with a margin; never empty."""
    low = min([0.0, *(float(v.min()) for v in values if v.size)])
    high = max([0.0, *(float(v.max()) for v in values if v.size)])
    margin = 0.06 * (high - low) or 1.0
    return (low - margin if low < 0 else 0.0), high + margin


def draw_bars(axis: Axes, values: np.ndarray, positions: np.ndarray | None = None) -> None:
    """One signed bar per position, orange for positive and blue for negative, as two paths. positions: left edges, ascending."""
    positions = np.arange(len(values)) if positions is None else positions
    for sign, colour in ((1, UP), (-1, DOWN)):
        indices = np.flatnonzero(values * sign > 0)
        edges = np.repeat(positions[indices], 4) + np.tile([0, 0, 1, 1], len(indices))
        heights = np.repeat(values[indices], 4) * np.tile([0, 1, 1, 0], len(indices))
        steps = np.tile(np.array([Path.MOVETO, *[Path.LINETO] * 3], Path.code_type), len(indices))
        outline = Path(np.stack([edges, heights], axis=1).astype(float), steps)
        axis.add_patch(PathPatch(outline, facecolor=colour, edgecolor=colour, linewidth=0.3))
    axis.axhline(0, color="0.4", linewidth=0.5)


def draw_profile(axis: Axes, contributions: np.ndarray, ruler: Ruler, focus_range: tuple[int, int]) -> None:
    """Contributions of a full window; the range drawn as letters is shaded."""
    draw_bars(axis, contributions)
    axis.set_ylim(*axis_limits([contributions]))
    if focus_range != (0, len(contributions)):
        axis.axvspan(*focus_range, color="0.88", zorder=0, linewidth=0)
    draw_position_axis(axis, ruler, 0, len(contributions))
    axis.set_xlabel("")
    draw_value_axis(axis)


def draw_letters(axis: Axes, contributions: np.ndarray, sequence: np.ndarray, start: int, end: int) -> np.ndarray:
    """Observed bases of [start, end), as high as their contributions. Returns the heights, (end − start, 4)."""
    heights = np.zeros((end - start, 4))
    codes = sequence[start:end]
    known = np.flatnonzero(codes < 4)
    heights[known, codes[known]] = contributions[start:end][known]
    logo.draw_letters(axis, heights, start, limits=False)
    axis.axhline(0, color="0.4", linewidth=0.5)
    return heights


def draw_position_marker(axes: list[Axes], position: int | None) -> None:
    """A triangle above the explained position, and a band behind its letter."""
    for axis in axes if position is not None else []:
        low, high = axis.get_xlim()
        if low <= position < high:
            axis.axvspan(position, position + 1, color="0.78", linewidth=0.4, zorder=0.5)
            axis.plot(position + 0.5, 0.94, "v", color="black", markersize=4, transform=axis.get_xaxis_transform())


def draw_legend(
    page: Sheet,
    left: float,
    top: float,
    has_positions: bool,
    has_failed: bool,
    extra_handles: list[tuple[Any, str]] | None = None,
) -> None:
    """Legend of colours and markers, in one line.

    has_positions: whether positions are explained. has_failed: whether a method failed. extra_handles: handles and labels.
    """
    entries = [(Patch(color=UP), "increases the explained output"), (Patch(color=DOWN), "decreases it"), *(extra_handles or [])]
    if has_positions:
        entries.append((Line2D([], [], color="black", marker="v", markersize=4.5, linewidth=0), "explained position"))
    if has_failed:
        entries.append((Patch(facecolor=SHADE, edgecolor=FAILED, linewidth=0.5), "method that failed an exam"))
    anchor = (left / page.width, 1 - top / page.height)
    handles, labels = zip(*entries, strict=True)
    page.figure.legend(
        handles, labels, loc="upper left", bbox_to_anchor=anchor, ncols=len(entries), fontsize=8, borderpad=0, borderaxespad=0,
        handlelength=1, handleheight=0.9, columnspacing=1.6, handletextpad=0.5,
    )  # fmt: skip
