"""Contributions along the genome, over genes and variants, on the region that most windows hold."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from readsight.interpret.sequence_attribution.attribution_file import Attributions
from readsight.interpret.tabular_attribution.results import short
from readsight.report.attribution_figures import genes, panels
from readsight.report.attribution_figures.example_selection import FOCUS, Ruler, focus, leading
from readsight.report.attribution_figures.genome_profile import Track, along, placed
from readsight.report.attribution_figures.panels import Sheet

WIDTH, LEFT, RIGHT, ABOVE = 12.0, 0.85, 0.3, 0.6
TITLE, HEIGHT, WINDOWS, LANE, FOOT = 0.24, 0.85, 0.22, 0.34, 0.5
WINDOWS_WIDE = 8  # a region is so many windows' length at most
MOST_HEADS, MOST_SETS, MOST_NAMED = 4, 3, 12
FAINT = 0.1  # effects below this part of the largest bear no name
SIZE = 6.5  # points, of variants' names


@dataclass(frozen=True)
class Region:
    """chrom, [start, end), 0-based, and the rows of the windows that lie within it."""

    chrom: str
    start: int
    end: int
    rows: np.ndarray


def region(held: Attributions, contributions: np.ndarray, variants: list[pd.DataFrame]) -> Region:
    """The stretch of up to WINDOWS_WIDE windows' length that holds most windows, one with variants before others; of several
    that where contributions (n, places) are largest.
    """
    rows = placed(held)
    chrom, start, end = (np.asarray(held.rows[name])[rows] for name in ("chrom", "start", "end"))
    size = np.abs(contributions[rows]).sum(axis=1)
    reach = WINDOWS_WIDE * int((end - start).max())
    best, found = (-1.0, -1.0, -1.0), None
    for name in sorted(set(chrom.tolist())):
        own = np.flatnonzero(chrom == name)
        own = own[np.argsort(start[own], kind="stable")]
        places = np.sort(np.concatenate([v.loc[v["chrom"] == name, "position"] for v in variants] or [[]]))
        there = np.searchsorted(places, end) > np.searchsorted(places, start)
        for first, at in enumerate(own):
            inside = own[first:][end[own[first:]] <= start[at] + reach]
            low, high = start[at], end[inside].max()
            key = (float(there[inside].any()), float(len(inside)), float(size[inside].sum()))
            if key > best:
                best, found = key, Region(name, int(low), int(high), rows[inside])
    room = max((found.end - found.start) // 50, 5)
    return Region(found.chrom, max(found.start - room, 0), found.end + room, found.rows)


def figure(held: Attributions, exams: dict[str, Any], gtf: list[Path], sets: dict[str, pd.DataFrame]) -> Figure | str:
    """From above: contributions to each head, windows, genes, effects of variants of each set (chrom, position from 0, ref, alt,
    score; attrs["unit"] of sites that are gained and lost), and the bases that contribute most.
    """
    if not len(placed(held)):
        return "Sequences of this task have no place on a genome, so that there is nothing to draw along one."
    method, heads = leading(held, exams), held.heads[:MOST_HEADS]
    values = {head: held.contributions(method, head) for head in heads}
    own = list(sets.items())[:MOST_SETS]
    here = region(held, sum(np.abs(v) for v in values.values()), [table for _, table in own])
    tracks = {head: along(held, v)[here.chrom].cut(here.start, here.end) for head, v in values.items()}
    letter = genes.SIZE * 0.58 / 72 * (here.end - here.start) / (WIDTH - LEFT - RIGHT)
    lanes = genes.lanes(genes.near(gtf, here.chrom, here.start, here.end), here.start, here.end, letter)
    shown = [(name, _inside(table, here)) for name, table in own]
    stretch, strong = _stretch(tracks, here, shown)
    height = ABOVE + len(heads) * (TITLE + HEIGHT) + TITLE + WINDOWS + bool(lanes) * (TITLE + LANE * len(lanes))
    height += len(shown) * (TITLE + HEIGHT) + 0.3 + TITLE + 0.2 + HEIGHT + FOOT
    page, ruler = Sheet(WIDTH, height), Ruler(here.chrom, 0, here.end, "+")
    _heading(page, held, here, gtf, method, exams)
    top, upper = ABOVE, []
    for head in heads:
        axis = page.axis(LEFT, top + TITLE, WIDTH - LEFT - RIGHT, HEIGHT)
        _track(axis, held, exams, method, head, tracks[head], here)
        upper.append(axis)
        top += TITLE + HEIGHT
    axis = page.axis(LEFT, top + TITLE, WIDTH - LEFT - RIGHT, WINDOWS)
    _windows(axis, held, here)
    top, upper = top + TITLE + WINDOWS, [*upper, axis]
    if lanes:
        axis = page.axis(LEFT, top + TITLE, WIDTH - LEFT - RIGHT, LANE * len(lanes))
        genes.draw(axis, lanes, here.start, here.end, letter)
        axis.set_title("genes", fontsize=8, pad=2)
        top, upper = top + TITLE + LANE * len(lanes), [*upper, axis]
    for name, table in shown:
        axis = page.axis(LEFT, top + TITLE, WIDTH - LEFT - RIGHT, HEIGHT)
        _effects(axis, name, table, held, here, sets[name].attrs.get("unit", ""))
        top, upper = top + TITLE + HEIGHT, [*upper, axis]
    for axis in upper:
        panels.along(axis, ruler, here.start, here.end, named=axis is upper[-1], most=10)
        axis.tick_params(axis="x", length=2.5 if axis.spines["bottom"].get_visible() or axis is upper[-1] else 0)
        axis.axvspan(*stretch, color="0.88", zorder=0, linewidth=0)
    axis = page.axis(LEFT, top + 0.3 + TITLE + 0.2, WIDTH - LEFT - RIGHT, HEIGHT)
    _zoom(axis, tracks[strong], strong, shown, stretch, ruler, held)
    return page.figure


def _heading(page: Sheet, held: Attributions, here: Region, gtf: list[Path], method: str, exams: dict[str, Any]) -> None:
    place = f"{here.chrom}:{here.start + 1:,}–{here.end:,}"
    words = f"{place}; {len(here.rows):,} explained window{'s' * (len(here.rows) != 1)}, of each base the mean over them"
    page.words(LEFT - 0.6, 0.08, words, fontsize=10, fontweight="bold")
    failed = not exams.get(method, {}).get("passed", True)
    more = [] if len(held.heads) <= MOST_HEADS else [f"the first {MOST_HEADS} of {len(held.heads)} classes"]
    more += ["no annotation was given"] if not gtf else []
    panels.legend(page, LEFT - 0.6, 0.36, bool(held.at), failed)
    page.words(page.width - RIGHT, 0.36, "; ".join(more), fontsize=8, ha="right", color=panels.GREY)


def _inside(table: pd.DataFrame, here: Region) -> pd.DataFrame:
    own = table[(table["chrom"] == here.chrom) & (table["position"] >= here.start) & (table["position"] < here.end)]
    return own.dropna(subset=["score"]).sort_values("score", key=abs, ascending=False, kind="stable")


def _stretch(tracks: dict[str, Track], here: Region, shown: list[tuple[str, pd.DataFrame]]) -> tuple[tuple[int, int], str]:
    """The bases that are drawn as letters, about the variant of largest effect, or, without one on explained bases, those that
    contribute most; and the head that they contribute most to.
    """
    covered = next(iter(tracks.values())).places
    every = pd.concat([table for _, table in shown]) if shown else pd.DataFrame({"position": [], "score": []})
    every = every[every["position"].isin(covered)]
    width = min(FOCUS + 20, here.end - here.start)
    if len(every):
        at = int(every["position"].iloc[int(every["score"].abs().argmax())])
        start = int(np.clip(at - width // 2, here.start, here.end - width))
    else:
        filled = np.zeros(here.end - here.start)
        filled[covered - here.start] = np.max([np.abs(track.values) for track in tracks.values()], axis=0)
        start = here.start + focus(filled, width, 0)[0]
    stretch = (start, start + width)
    return stretch, max(tracks, key=lambda head: float(np.abs(tracks[head].cut(*stretch).values).sum()))


def _track(axis: Axes, held: Attributions, exams: dict[str, Any], method: str, head: str, track: Track, here: Region) -> None:
    """Bars of one head; triangles at the places that are explained."""
    panels.bars(axis, track.values, track.places)
    axis.set_ylim(*panels.limits([track.values]))
    panels.title(axis, method, exams, f", to {head}")
    panels.upright(axis, held.about["unit"])
    axis.set_xlim(here.start, here.end)
    if head in held.at:
        rulers = [(Ruler.of(held, row), int(held.at[head][row])) for row in here.rows]
        at = [ruler.position(place) - 0.5 for ruler, place in rulers]
        axis.plot(at, [0.94] * len(at), "v", color="black", markersize=3.5, transform=axis.get_xaxis_transform())


def _windows(axis: Axes, held: Attributions, here: Region) -> None:
    """A bar a window, in as many lanes as they need."""
    ends: list[int] = []
    start, end = (np.asarray(held.rows[name]) for name in ("start", "end"))
    bars = []
    for row in here.rows:
        lane = next((i for i, last in enumerate(ends) if last <= start[row]), len(ends))
        ends[lane : lane + 1] = [int(end[row])]
        bars.append((lane, int(start[row]), int(end[row])))
    for number, (lane, low, high) in enumerate(bars):
        axis.fill_between([low, high], lane + 0.12, lane + 0.88, color="0.55" if number % 2 else "0.72", linewidth=0)
    axis.set_ylim(len(ends), 0)
    axis.set_yticks([])
    axis.spines[["left", "bottom"]].set_visible(False)
    axis.set_title("windows", fontsize=8, pad=2)


def _effects(axis: Axes, name: str, table: pd.DataFrame, held: Attributions, here: Region, unit: str) -> None:
    """A stem a variant, as high as its effect; names of the largest that have room."""
    axis.set_xlim(here.start, here.end)
    more = " (a site gained: above 0, lost: below)" if unit else ""
    axis.set_title(f"effects of variants: {name}" + (more if len(table) else " (none here)"), fontsize=8, pad=2)
    at, score = table["position"].to_numpy() + 0.5, table["score"].to_numpy(float)
    low, high = panels.limits([score, -0.25 * score])
    axis.set_ylim(low - 0.1 * (high - low), high + 0.18 * (high - low))
    shades = [panels.UP if one > 0 else panels.DOWN for one in score]
    axis.vlines(at, 0, score, colors=shades, linewidth=1)
    axis.scatter(at, score, c=shades, s=14, zorder=3, linewidths=0)
    axis.axhline(0, color="0.4", linewidth=0.5)
    panels.upright(axis, f"Δ {unit or held.about['unit']}")
    _names(axis, table, at, score)


def _names(axis: Axes, table: pd.DataFrame, at: np.ndarray, score: np.ndarray) -> None:
    """Names beside the points of the largest effects, at the right or the left, where nothing else stands."""
    (left, right), (low, high) = axis.get_xlim(), axis.get_ylim()
    across, up = (WIDTH - LEFT - RIGHT) / (right - left), HEIGHT / (high - low)
    points = np.stack([(at - left) * across, (score - low) * up], axis=1)  # inches
    zero = -low * up
    taken = [(x - 0.05, x + 0.05, min(y, zero) - 0.05, max(y, zero) + 0.05) for x, y in points]  # with their stems
    for number, row in enumerate(table.head(MOST_NAMED).itertuples()):
        text, (x, y) = named(row), points[number]
        if abs(row.score) < FAINT * abs(score[0]):
            break
        long = len(text) * SIZE * 0.6 / 72
        for begin, side in ((x + 0.07, "left"), (x - 0.07 - long, "right")):
            box = (begin, begin + long, y - 0.06, y + 0.06)
            if 0 <= begin and box[1] <= (right - left) * across and not any(_meet(box, b) for b in taken):
                taken.append(box)
                end = at[number] + (0.07 if side == "left" else -0.07) / across
                axis.text(end, score[number], text, fontsize=SIZE, va="center_baseline", ha=side)
                break


def _meet(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    """Whether two boxes (left, right, bottom, top) overlap."""
    return one[0] < other[1] and one[1] > other[0] and one[2] < other[3] and one[3] > other[2]


def named(row: Any) -> str:
    """A variant as a figure calls it: position from 1, and alleles."""
    return f"{row.position + 1:,} {short(row.ref, 7)}>{short(row.alt, 7)}"


def _zoom(
    axis: Axes,
    track: Track,
    head: str,
    shown: list[tuple[str, pd.DataFrame]],
    stretch: tuple[int, int],
    ruler: Ruler,
    held: Attributions,
) -> None:
    """Letters of the bases that contribute most, forward strand, variants above them."""
    start, end = stretch
    own = track.cut(start, end)
    values, bases = np.zeros(end - start), np.full(end - start, 4, np.uint8)
    values[own.places - start], bases[own.places - start] = own.values, own.bases
    heights = np.zeros((end - start, 4))
    known = np.flatnonzero(bases < 4)
    heights[known, bases[known]] = values[known]
    panels.logo.draw(axis, heights, start, limits=False)
    axis.axhline(0, color="0.4", linewidth=0.5)
    axis.set_ylim(*panels.limits([heights]))
    panels.along(axis, ruler, start, end, most=10)
    axis.set_xlabel(f"{ruler.words}; forward strand", fontsize=8, labelpad=1.5)
    panels.upright(axis, held.about["unit"])
    axis.set_title(f"the shaded bases, contributions to {head}", fontsize=8, pad=16 if shown else 2)
    letter = SIZE * 0.6 / 72 * (end - start) / (WIDTH - LEFT - RIGHT)  # in bases
    taken: list[tuple[float, float]] = []
    for row in (row for _, table in shown for row in table.itertuples() if start <= row.position < end):
        text, at = f"{short(row.ref, 5)}>{short(row.alt, 5)}", row.position + 0.5
        axis.axvspan(row.position, row.position + len(row.ref), color="0.85", zorder=0, linewidth=0)
        reach = (len(text) + 1) / 2 * letter
        if start <= at - reach and at + reach <= end and all(at + reach <= a or at - reach >= b for a, b in taken):
            taken.append((at - reach, at + reach))
            shade = panels.UP if row.score > 0 else panels.DOWN
            axis.text(at, 1.02, text, fontsize=SIZE, ha="center", va="bottom", color=shade, transform=axis.get_xaxis_transform())
