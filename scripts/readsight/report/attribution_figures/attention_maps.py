"""Where a model looks: Grad-CAM over contributions, and maps of attention."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from readsight.interpret.sequence_attribution.attribution_file import Attributions
from readsight.interpret.tabular_attribution import results
from readsight.report.attribution_figures import panels
from readsight.report.attribution_figures.example_selection import PLACES, Ruler, View, chosen, heading, leading
from readsight.report.attribution_figures.panels import Sheet
from readsight.report.figure_style import COLOURS

WIDTH, TALLEST, LEFT, RIGHT = 12.0, 14.0, 0.85, 1.0
ABOVE, HEAD, OVERLAY, GAP, STRIP, FOOT = 0.8, 0.46, 0.75, 0.06, 0.17, 0.5
MAP, AROUND, ROWS, FINEST = 2.2, 0.85, 200, 400  # maps of all examples: inches, and inches about one; most rows and columns
LOOK = COLOURS[2]
SHADES = "cividis"


def figure(held: Attributions, exams: dict[str, Any], drawn: int) -> Figure | str:
    """A block an example: its contributions with what Grad-CAM weighs laid over them, and a strip a method; below, a map of all
    examples a method, those of the highest score uppermost.
    """
    methods = [m for m in held.methods if m in PLACES]
    if not methods:
        key = f"tasks.{held.about['task']}.attributions"
        return f"Neither Grad-CAM nor attention rollout was asked for; name grad_cam or attention_rollout under {key}."
    block = HEAD + OVERLAY + len(methods) * (GAP + STRIP) + FOOT
    maps = len(methods) * (MAP + AROUND)
    views = chosen(held, min(drawn, max(1, int((TALLEST - ABOVE - maps) / block))))
    if not views:
        return "No test example was explained, so that there is none to draw."
    page = Sheet(WIDTH, ABOVE + len(views) * block + maps)
    _legend(page, held, exams, methods)
    for number, view in enumerate(views):
        _block(page, held, exams, methods, view, ABOVE + number * block)
    for number, method in enumerate(methods):
        _map(page, held, exams, method, ABOVE + len(views) * block + number * (MAP + AROUND) + 0.25)
    return page.figure


def weights(held: Attributions, method: str, head: str) -> np.ndarray:
    """What a method that weighs places gives to each, (n, places): it is the same for all bases, N among them."""
    return held.found[method][head].mean(axis=2)


def _legend(page: Sheet, held: Attributions, exams: dict[str, Any], methods: list[str]) -> None:
    lead = leading(held, exams)
    every = [lead, *methods] if lead not in methods else methods
    for number, method in enumerate(every):
        words, failed = panels.named(method, exams, 60)
        look = {"color": panels.FAILED, "fontweight": "bold"} if failed else {}
        page.words(LEFT - 0.6 + number * 3.9, 0.1, words, fontsize=9, **look)
    more = [(Patch(color=LOOK, alpha=0.35), results.NAMES[methods[0]])]
    panels.legend(page, LEFT - 0.6, 0.38, bool(held.at), False, more)


def _block(page: Sheet, held: Attributions, exams: dict[str, Any], methods: list[str], view: View, top: float) -> None:
    """One example. Of pairs both windows stand side by side."""
    page.words(LEFT - 0.6, top, heading(held, view), fontweight="bold", fontsize=10)
    name = results.short(str(held.rows["example"][view.row]), 60)
    page.words(LEFT - 0.6, top + 0.19, name, fontsize=8)
    lead, width = leading(held, exams), WIDTH - LEFT - RIGHT
    axis = page.axis(LEFT, top + HEAD, width, OVERLAY)
    whole, ruler = held.contributions(lead, view.head)[view.row], Ruler.of(held, view.row)
    if lead not in methods:
        panels.bars(axis, whole)
        panels.upright(axis, held.about["unit"])
        axis.set_ylim(*panels.limits([whole]))
    else:
        axis.set_yticks([])
    _over(axis, weights(held, methods[0], view.head)[view.row], methods[0])
    top, axes = top + HEAD + OVERLAY, [axis]
    for method in methods:
        strip = page.axis(LEFT, top + GAP, width, STRIP)
        own = weights(held, method, view.head)[view.row]
        strip.pcolormesh(np.arange(len(own) + 1), [0, 1], own[None], cmap=SHADES, vmin=min(own.min(), 0.0), rasterized=True)
        strip.set_yticks([])
        strip.text(1.008, 0.5, results.NAMES[method], fontsize=7, va="center", transform=strip.transAxes)
        top += GAP + STRIP
        axes.append(strip)
    for one in axes:
        _placed(one, held, ruler, len(whole), one is axes[-1])
    panels.explained(axes[:1], int(held.at[view.head][view.row]) if view.head in held.at else None)


def _placed(axis: Axes, held: Attributions, ruler: Ruler, places: int, named: bool) -> None:
    """The axis along the window; of pairs both windows, each with its own places."""
    if not held.about.get("pair"):
        panels.along(axis, ruler, 0, places, named, most=10)
        return
    half = places // 2
    ticks = [(at + part * half, words) for part in range(2) for at, words in ruler.ticks(0, half)]
    axis.set_xticks([at for at, _ in ticks], [words for _, words in ticks] if named else [], fontsize=7)
    axis.set_xlim(0, places)
    axis.axvline(half, color="black", linewidth=0.8)
    if named:
        axis.set_xlabel(f"reference window, then the alternative one; {ruler.words}", fontsize=8, labelpad=1.5)


def _over(axis: Axes, own: np.ndarray, method: str) -> None:
    """What a method weighs, as an area on a scale of its own at the right."""
    twin = axis.twinx()
    twin.fill_between(np.arange(len(own)) + 0.5, own, color=LOOK, alpha=0.3, linewidth=0)
    twin.plot(np.arange(len(own)) + 0.5, own, color=LOOK, linewidth=0.9)
    twin.set_ylim(min(0.0, float(own.min())), (float(own.max()) or 1.0) * 1.15)
    twin.spines["right"].set_visible(True)
    panels.upright(twin, results.NAMES[method])
    twin.yaxis.label.set_color(LOOK)


def _map(page: Sheet, held: Attributions, exams: dict[str, Any], method: str, top: float) -> None:
    """All examples by places, a row each (of many some), those of the highest score uppermost."""
    head = held.heads[0]
    order = np.argsort(-np.asarray(held.score[head]), kind="stable")
    order = order[np.unique(np.linspace(0, len(order) - 1, ROWS).astype(int))] if len(order) > ROWS else order
    own = weights(held, method, head)[order]
    edges = np.unique(np.linspace(0, own.shape[1], FINEST + 1).astype(int))
    binned = np.add.reduceat(own, edges[:-1], axis=1) / np.diff(edges)
    axis = page.axis(LEFT, top + 0.1, WIDTH - LEFT - RIGHT, MAP)
    drawn = axis.pcolormesh(edges, np.arange(len(own) + 1), binned, cmap=SHADES, vmin=min(0.0, binned.min()), rasterized=True)
    axis.set_ylim(len(own), 0)
    axis.set_xlim(0, own.shape[1])
    axis.set_yticks([0.5, len(own) - 0.5], ["highest", "lowest"], fontsize=7)
    axis.set_ylabel(f"{len(own):,} examples, by {held.about['unit']}", fontsize=7, labelpad=-12)
    panels.along(axis, Ruler("", 0, 0, "+"), 0, own.shape[1], most=10)
    panels.title(axis, method, exams, f", {'to ' + head + ', ' if len(held.heads) > 1 else ''}all examples")
    axis.spines[["left", "bottom"]].set_visible(False)
    bar = page.figure.colorbar(drawn, cax=page.axis(WIDTH - RIGHT + 0.12, top + 0.1, 0.12, MAP))
    bar.outline.set_linewidth(0.5)
    bar.ax.tick_params(labelsize=7, length=2.5)
