"""What each substitution does: a heat map of bases by places, from in-silico mutagenesis, with the logo below it."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure

from readsight.interpret.sequence_attribution.attribution_file import Attributions
from readsight.interpret.tabular_attribution.results import short
from readsight.report.attribution_figures import panels
from readsight.report.attribution_figures.example_selection import WHOLE, Ruler, View, chosen, focus, heading, together
from readsight.report.attribution_figures.panels import Sheet

METHOD = "mutagenesis"
MAP = "RdBu_r"  # ColorBrewer's, told apart by colour-blind readers; white: no change
WIDTH, TALLEST, LEFT, RIGHT = 12.0, 14.0, 0.85, 0.25
ABOVE, BELOW = 0.45, 0.75
HEAD, PROFILE, TICKS, CELLS, SPACE, LETTERS, FOOT = 0.46, 0.36, 0.32, 0.8, 0.07, 0.6, 0.54


def changes(found: np.ndarray, contributions: np.ndarray, sequence: np.ndarray) -> np.ndarray:
    """How the explained number changes by each base at each place, (…, places, 4); 0 for the sequence's own, NaN at N.

    found: attributions by mutagenesis, which are less the mean over the four bases.
    """
    return np.where(sequence[..., None] < 4, found - contributions[..., None], np.nan)


def figure(held: Attributions, exams: dict[str, Any], drawn: int) -> Figure | str:
    """A block an example: profile of its whole window, heat map of its most contributing bases, their logo."""
    if METHOD not in held.methods:
        return f"Substitutions are drawn of in-silico mutagenesis: name {METHOD} under tasks.{held.about['task']}.attributions."
    halves = 2 if held.about.get("pair") else 1
    block = HEAD + PROFILE + TICKS + halves * (CELLS + SPACE + LETTERS) + (halves - 1) * 0.25 + FOOT
    views = chosen(held, min(drawn, max(1, int((TALLEST - ABOVE - BELOW) / block))))
    if not views:
        return "No test example was explained, so that there is none to draw."
    page = Sheet(WIDTH, ABOVE + len(views) * block + BELOW)
    words, failed = panels.named(METHOD, exams, 60)
    look = {"color": panels.FAILED, "fontweight": "bold"} if failed else {}
    page.words(LEFT - 0.6, 0.1, words, fontsize=9, **look)
    panels.legend(page, 5.2, 0.12, bool(held.at), False)
    width, maps, logos = WIDTH - LEFT - RIGHT, [], []
    for number, view in enumerate(views):
        top = ABOVE + number * block
        page.words(LEFT - 0.6, top, heading(held, view), fontweight="bold", fontsize=10)
        name = short(str(held.rows["example"][view.row]), 60)
        page.words(LEFT - 0.6, top + 0.19, f"{name}; whole window, shaded: the bases below", fontsize=8)
        whole = together(held, METHOD, view)
        stretch, ruler = focus(whole, WHOLE), Ruler.of(held, view.row)
        profile = page.axis(LEFT, top + HEAD, width, PROFILE)
        panels.profile(profile, whole, ruler, stretch)
        top += HEAD + PROFILE + TICKS
        axes = [profile]
        for half in range(halves):
            upper = page.axis(LEFT, top, width, CELLS)
            lower = page.axis(LEFT, top + CELLS + SPACE, width, LETTERS)
            maps.append((upper, _cells(upper, held, view, half, stretch)))
            lower.set_ylim(*panels.limits([_letters(lower, held, view, half, stretch)]))
            panels.along(upper, ruler, *stretch, named=False)
            panels.along(lower, ruler, *stretch, named=half == halves - 1, most=10)
            panels.upright(lower, held.about["unit"])
            if halves > 1:
                upper.set_title(("reference window", "alternative window")[half], fontsize=8, pad=2)
            if failed:
                lower.set_facecolor(panels.SHADE)
            logos.append((view.head, lower))
            axes.append(upper)
            top += CELLS + SPACE + LETTERS + 0.25
        panels.explained(axes, int(held.at[view.head][view.row]) if view.head in held.at else None)
    _key(page, held, maps)
    for head in {head for head, _ in logos}:
        own = [axis for name, axis in logos if name == head]
        low, high = zip(*(axis.get_ylim() for axis in own), strict=True)
        for axis in own:
            axis.set_ylim(min(low), max(high))
    return page.figure


def _window(held: Attributions, view: View, half: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of an example's window: attributions (places, 4), contributions and codes (places,)."""
    parts = 2 if held.about.get("pair") else 1
    given = (held.found[METHOD][view.head], held.contributions(METHOD, view.head), held.sequence)
    found, contributions, sequence = (np.split(part[view.row], parts)[half] for part in given)
    return found, contributions, sequence


def _cells(axis: Axes, held: Attributions, view: View, half: int, stretch: tuple[int, int]) -> Any:
    """The heat map: A, C, G, T from above, a dot at the base that is there."""
    found, contributions, sequence = _window(held, view, half)
    start, end = stretch
    values = changes(found, contributions, sequence)[start:end]
    axis.set_facecolor("0.8")
    drawn = axis.pcolormesh(np.arange(start, end + 1), np.arange(5), np.ma.masked_invalid(values.T), cmap=MAP, rasterized=False)
    known = np.flatnonzero(sequence[start:end] < 4)
    axis.plot(known + start + 0.5, sequence[start:end][known] + 0.5, ".", color="0.25", markersize=2.2, zorder=2)
    axis.set_yticks(np.arange(4) + 0.5, list("ACGT"), fontsize=8)
    axis.set_ylim(4, 0)
    axis.tick_params(axis="y", length=0, pad=3)
    axis.set_ylabel("to", fontsize=7, labelpad=2)
    axis.spines[["top", "right", "left", "bottom"]].set_visible(False)
    return drawn


def _letters(axis: Axes, held: Attributions, view: View, half: int, stretch: tuple[int, int]) -> np.ndarray:
    _, contributions, sequence = _window(held, view, half)
    return panels.letters(axis, contributions, sequence, *stretch)


def _key(page: Sheet, held: Attributions, maps: list[tuple[Axes, Any]]) -> None:
    """One scale of colours for all maps, as far below as above 0, and its key."""
    most = max(float(np.abs(drawn.get_array()).max()) for _, drawn in maps) or 1.0
    norm = TwoSlopeNorm(0, -most, most)
    for _, drawn in maps:
        drawn.set_norm(norm)
    axis = page.axis(LEFT, page.height - 0.55, 3.2, 0.13)
    bar = page.figure.colorbar(maps[0][1], cax=axis, orientation="horizontal")
    bar.ax.tick_params(labelsize=7, length=2.5)
    bar.outline.set_linewidth(0.5)
    bar.ax.xaxis.set_major_formatter(lambda value, _: f"{value:+.3g}".replace("-", "−") if value else "0")
    words = f"change of the {held.about['unit']} by the substitution (grey dot: the base that is there)"
    page.words(LEFT + 3.4, page.height - 0.57, words, fontsize=8)
