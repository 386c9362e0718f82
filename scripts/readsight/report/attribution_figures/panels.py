"""What figures of sequences share: panels placed in inches, titles of methods, profiles, letters, marks."""

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
SHADE = "#FBE9DF"  # behind what a failed method says


class Sheet:
    """A figure whose panels are placed in inches from its upper left corner. width, height: of the whole, in inches."""

    def __init__(self, width: float, height: float):
        self.figure: Figure = figure_style.plt.figure(figsize=(width, height))
        self.width, self.height = width, height

    def axis(self, left: float, top: float, width: float, height: float, **options: Any) -> Axes:
        place = (left / self.width, 1 - (top + height) / self.height, width / self.width, height / self.height)
        return self.figure.add_axes(place, **options)

    def words(self, left: float, top: float, text: str, **options: Any) -> None:
        """Text whose upper left corner is there."""
        given = {"fontsize": 9, "va": "top", "ha": "left"} | options
        self.figure.text(left / self.width, 1 - top / self.height, text, **given)


def save(found: Figure | str, paths: list[pathlib.Path]) -> None:
    """Write a figure, or the words that stand for one, in the formats of all paths."""
    for path in paths:
        if isinstance(found, str):
            figure_style.empty(path, found)
        else:
            figure_style.save(found, path)


def named(method: str, exams: dict[str, Any], room: int) -> tuple[str, bool]:
    """A method's name and what it failed, in about `room` letters, and whether it did fail."""
    held = exams.get(method)
    if not held:
        return f"{results.NAMES.get(method, method)} (not examined)", False
    failed = [row["exam"] for row in held["exams"] if not row["passed"]]
    words = results.title(method, held)
    for shown in range(len(failed) - 1, 0, -1):
        if len(words) <= room:
            break
        some = held | {"exams": [row for row in held["exams"] if row["exam"] in failed[:shown]]}
        words = f"{results.title(method, some)} and {len(failed) - shown} more"
    return words, not held["passed"]


def title(axis: Axes, method: str, exams: dict[str, Any], more: str = "", above: float = 0) -> None:
    """A method's name above its panel (by so many inches) and what it failed; the panel of one that failed is shaded."""
    room = int(axis.get_position().width * axis.figure.get_figwidth() * 72 / 8 / 0.62)
    words, failed = named(method, exams, room - len(more))
    look = {"color": FAILED, "fontweight": "bold"} if failed else {"color": "black"}
    axis.set_title(words + more, fontsize=8, pad=2.5 + 72 * above, **look)
    if failed:
        axis.set_facecolor(SHADE)


def along(axis: Axes, ruler: Ruler, start: int, end: int, named: bool = True, most: int = 6) -> None:
    """The axis of places [start, end): ticks at round positions, called so or not."""
    ticks = ruler.ticks(start, end, most)
    axis.set_xticks([at for at, _ in ticks], [words for _, words in ticks] if named else [], fontsize=7)
    axis.set_xlim(start, end)
    axis.tick_params(axis="x", length=2.5, pad=2)
    if named:
        axis.set_xlabel(ruler.words, fontsize=8, labelpad=1.5)


def upright(axis: Axes, words: str = "", most: int = 2) -> None:
    """The axis of numbers: few ticks, of short names."""
    axis.yaxis.set_major_locator(MaxNLocator(most, min_n_ticks=2))
    axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.6g}".replace("-", "−")))
    axis.tick_params(axis="y", labelsize=7, length=2.5, pad=2)
    axis.set_ylabel(words, fontsize=7, labelpad=2)


def limits(values: list[np.ndarray]) -> tuple[float, float]:
    """Lowest and highest of sums of signed values, with room; never empty."""
    low = min([0.0, *(float(v.min()) for v in values if v.size)])
    high = max([0.0, *(float(v.max()) for v in values if v.size)])
    room = 0.06 * (high - low) or 1.0
    return (low - room if low < 0 else 0.0), high + room


def bars(axis: Axes, values: np.ndarray, at: np.ndarray | None = None) -> None:
    """Signed values a place each, orange up and blue down, as two paths whatever their number. at: left edges, ascending."""
    at = np.arange(len(values)) if at is None else at
    for sign, colour in ((1, UP), (-1, DOWN)):
        own = np.flatnonzero(values * sign > 0)
        edges = np.repeat(at[own], 4) + np.tile([0, 0, 1, 1], len(own))
        heights = np.repeat(values[own], 4) * np.tile([0, 1, 1, 0], len(own))
        steps = np.tile(np.array([Path.MOVETO, *[Path.LINETO] * 3], Path.code_type), len(own))
        outline = Path(np.stack([edges, heights], axis=1).astype(float), steps)
        axis.add_patch(PathPatch(outline, facecolor=colour, edgecolor=colour, linewidth=0.3))
    axis.axhline(0, color="0.4", linewidth=0.5)


def profile(axis: Axes, whole: np.ndarray, ruler: Ruler, stretch: tuple[int, int]) -> None:
    """Contributions of a whole window; the stretch that is drawn as letters is shaded."""
    bars(axis, whole)
    axis.set_ylim(*limits([whole]))
    if stretch != (0, len(whole)):
        axis.axvspan(*stretch, color="0.88", zorder=0, linewidth=0)
    along(axis, ruler, 0, len(whole))
    axis.set_xlabel("")
    upright(axis)


def letters(axis: Axes, contributions: np.ndarray, sequence: np.ndarray, start: int, end: int) -> np.ndarray:
    """The sequence's own bases of [start, end), as high as they contribute. Returns the heights, (end − start, 4)."""
    heights = np.zeros((end - start, 4))
    own = sequence[start:end]
    known = np.flatnonzero(own < 4)
    heights[known, own[known]] = contributions[start:end][known]
    logo.draw(axis, heights, start, limits=False)
    axis.axhline(0, color="0.4", linewidth=0.5)
    return heights


def explained(axes: list[Axes], at: int | None) -> None:
    """A triangle above the place that is explained, and a band behind its letter."""
    for axis in axes if at is not None else []:
        low, high = axis.get_xlim()
        if low <= at < high:
            axis.axvspan(at, at + 1, color="0.78", linewidth=0.4, zorder=0.5)
            axis.plot(at + 0.5, 0.94, "v", color="black", markersize=4, transform=axis.get_xaxis_transform())


def legend(page: Sheet, left: float, top: float, at: bool, failed: bool, more: list[tuple[Any, str]] | None = None) -> None:
    """What colours and marks mean, in one line. at: whether places are explained. failed: whether a method did. more: handles and words."""
    found = [(Patch(color=UP), "raises the number that is explained"), (Patch(color=DOWN), "lowers it"), *(more or [])]
    if at:
        found.append((Line2D([], [], color="black", marker="v", markersize=4.5, linewidth=0), "place that is explained"))
    if failed:
        found.append((Patch(facecolor=SHADE, edgecolor=FAILED, linewidth=0.5), "method that failed an exam"))
    place = (left / page.width, 1 - top / page.height)
    handles, words = zip(*found, strict=True)
    page.figure.legend(
        handles, words, loc="upper left", bbox_to_anchor=place, ncols=len(found), fontsize=8, borderpad=0, borderaxespad=0,
        handlelength=1, handleheight=0.9, columnspacing=1.6, handletextpad=0.5,
    )  # fmt: skip
