"""Contributions per base of the genome with genes and variants, for the region with most windows."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from readsight.interpret.sequence_attribution.attribution_file import Attributions
from readsight.interpret.tabular_attribution.results import shorten
from readsight.report.attribution_figures import genes, panels
from readsight.report.attribution_figures.example_selection import FOCUS_WIDTH, Ruler, choose_leading_method, find_focus
from readsight.report.attribution_figures.genome_profile import Track, build_tracks, find_placed_rows
from readsight.report.attribution_figures.panels import Sheet

WIDTH, LEFT, RIGHT, ABOVE = 12.0, 0.85, 0.3, 0.6
TITLE, HEIGHT, WINDOWS, LANE, FOOT = 0.24, 0.85, 0.22, 0.34, 0.5
WINDOWS_WIDE = 8  # largest length of a region, in window lengths
MOST_HEADS, MOST_SETS, MOST_NAMED = 4, 3, 12
MIN_EFFECT = 0.1  # effects below this fraction of the largest have no label
FONT_SIZE = 6.5  # points, of variant labels


@dataclass(frozen=True)
class GenomeRegion:
    """chrom, [start, end), 0-based, and the rows of the windows within it."""

    chrom: str
    start: int
    end: int
    rows: np.ndarray


def choose_region(attributions: Attributions, contributions: np.ndarray, variants: list[pd.DataFrame]) -> GenomeRegion:
    """The region of up to WINDOWS_WIDE window lengths with most windows; regions with variants come first, ties are resolved by the
    sum of |contributions| (n, positions).
    """
    rows = find_placed_rows(attributions)
    chrom, start, end = (np.asarray(attributions.metadata[name])[rows] for name in ("chrom", "start", "end"))
    size = np.abs(contributions[rows]).sum(axis=1)
    reach = WINDOWS_WIDE * int((end - start).max())
    best, region = (-1.0, -1.0, -1.0), None
    for name in sorted(set(chrom.tolist())):
        contig_windows = np.flatnonzero(chrom == name)
        contig_windows = contig_windows[np.argsort(start[contig_windows], kind="stable")]
        variant_positions = np.sort(np.concatenate([v.loc[v["chrom"] == name, "position"] for v in variants] or [[]]))
        has_variant = np.searchsorted(variant_positions, end) > np.searchsorted(variant_positions, start)
        for first, window in enumerate(contig_windows):
            inside = contig_windows[first:][end[contig_windows[first:]] <= start[window] + reach]
            low, high = start[window], end[inside].max()
            key = (float(has_variant[inside].any()), float(len(inside)), float(size[inside].sum()))
            if key > best:
                best, region = key, GenomeRegion(name, int(low), int(high), rows[inside])
    margin = max((region.end - region.start) // 50, 5)
    return GenomeRegion(region.chrom, max(region.start - margin, 0), region.end + margin, region.rows)


def draw_figure(
    attributions: Attributions, exams: dict[str, Any], gtf: list[Path], sets: dict[str, pd.DataFrame]
) -> Figure | str:
    """From the top: contributions to each head, windows, genes, variant effects per set, and the most contributing bases.

    sets: name → table with chrom, position (0-based), ref, alt, score; attrs["unit"] is set for gained and lost sites.
    """
    if not len(find_placed_rows(attributions)):
        return "Sequences of this task have no genomic location, so there is no genome track."
    method, heads = choose_leading_method(attributions, exams), attributions.heads[:MOST_HEADS]
    values = {head: attributions.contributions(method, head) for head in heads}
    variant_sets = list(sets.items())[:MOST_SETS]
    region = choose_region(attributions, sum(np.abs(v) for v in values.values()), [table for _, table in variant_sets])
    tracks = {head: build_tracks(attributions, v)[region.chrom].crop(region.start, region.end) for head, v in values.items()}
    letter_width = genes.FONT_SIZE * 0.58 / 72 * (region.end - region.start) / (WIDTH - LEFT - RIGHT)
    lanes = genes.arrange_lanes(
        genes.find_transcripts(gtf, region.chrom, region.start, region.end), region.start, region.end, letter_width
    )
    regional_sets = [(name, _select_variants(table, region)) for name, table in variant_sets]
    focus_range, strongest_head = _choose_focus(tracks, region, regional_sets)
    height = ABOVE + len(heads) * (TITLE + HEIGHT) + TITLE + WINDOWS + bool(lanes) * (TITLE + LANE * len(lanes))
    height += len(regional_sets) * (TITLE + HEIGHT) + 0.3 + TITLE + 0.2 + HEIGHT + FOOT
    page, ruler = Sheet(WIDTH, height), Ruler(region.chrom, 0, region.end, "+")
    _draw_heading(page, attributions, region, gtf, method, exams)
    top, genome_axes = ABOVE, []
    for head in heads:
        axis = page.add_axis(LEFT, top + TITLE, WIDTH - LEFT - RIGHT, HEIGHT)
        _draw_track(axis, attributions, exams, method, head, tracks[head], region)
        genome_axes.append(axis)
        top += TITLE + HEIGHT
    axis = page.add_axis(LEFT, top + TITLE, WIDTH - LEFT - RIGHT, WINDOWS)
    _draw_windows(axis, attributions, region)
    top, genome_axes = top + TITLE + WINDOWS, [*genome_axes, axis]
    if lanes:
        axis = page.add_axis(LEFT, top + TITLE, WIDTH - LEFT - RIGHT, LANE * len(lanes))
        genes.draw_lanes(axis, lanes, region.start, region.end, letter_width)
        axis.set_title("genes", fontsize=8, pad=2)
        top, genome_axes = top + TITLE + LANE * len(lanes), [*genome_axes, axis]
    for name, table in regional_sets:
        axis = page.add_axis(LEFT, top + TITLE, WIDTH - LEFT - RIGHT, HEIGHT)
        _draw_effects(axis, name, table, attributions, region, sets[name].attrs.get("unit", ""))
        top, genome_axes = top + TITLE + HEIGHT, [*genome_axes, axis]
    for axis in genome_axes:
        panels.draw_position_axis(axis, ruler, region.start, region.end, is_labelled=axis is genome_axes[-1], max_ticks=10)
        axis.tick_params(axis="x", length=2.5 if axis.spines["bottom"].get_visible() or axis is genome_axes[-1] else 0)
        axis.axvspan(*focus_range, color="0.88", zorder=0, linewidth=0)
    axis = page.add_axis(LEFT, top + 0.3 + TITLE + 0.2, WIDTH - LEFT - RIGHT, HEIGHT)
    _draw_zoom(axis, tracks[strongest_head], strongest_head, regional_sets, focus_range, ruler, attributions)
    return page.figure


def _draw_heading(
    page: Sheet, attributions: Attributions, region: GenomeRegion, gtf: list[Path], method: str, exams: dict[str, Any]
) -> None:
    location = f"{region.chrom}:{region.start + 1:,}–{region.end:,}"
    text = f"{location}; {len(region.rows):,} explained window{'s' * (len(region.rows) != 1)}, mean per base"
    page.add_text(LEFT - 0.6, 0.08, text, fontsize=10, fontweight="bold")
    failed = not exams.get(method, {}).get("passed", True)
    notes = [] if len(attributions.heads) <= MOST_HEADS else [f"the first {MOST_HEADS} of {len(attributions.heads)} classes"]
    notes += ["no annotation configured"] if not gtf else []
    panels.draw_legend(page, LEFT - 0.6, 0.36, bool(attributions.positions), failed)
    page.add_text(page.width - RIGHT, 0.36, "; ".join(notes), fontsize=8, ha="right", color=panels.GREY)


def _select_variants(table: pd.DataFrame, region: GenomeRegion) -> pd.DataFrame:
    selected = table[(table["chrom"] == region.chrom) & (table["position"] >= region.start) & (table["position"] < region.end)]
    return selected.dropna(subset=["score"]).sort_values("score", key=abs, ascending=False, kind="stable")


def _choose_focus(
    tracks: dict[str, Track], region: GenomeRegion, regional_sets: list[tuple[str, pd.DataFrame]]
) -> tuple[tuple[int, int], str]:
    """Range of bases drawn as letters, around the variant of largest effect or, without a covered variant, the most contributing bases;
    and the head with the largest contributions there.
    """
    positions = next(iter(tracks.values())).positions
    variants = pd.concat([table for _, table in regional_sets]) if regional_sets else pd.DataFrame({"position": [], "score": []})
    variants = variants[variants["position"].isin(positions)]
    width = min(FOCUS_WIDTH + 20, region.end - region.start)
    if len(variants):
        centre = int(variants["position"].iloc[int(variants["score"].abs().argmax())])
        start = int(np.clip(centre - width // 2, region.start, region.end - width))
    else:
        profile = np.zeros(region.end - region.start)
        profile[positions - region.start] = np.max([np.abs(track.values) for track in tracks.values()], axis=0)
        start = region.start + find_focus(profile, width, 0)[0]
    focus_range = (start, start + width)
    return focus_range, max(tracks, key=lambda head: float(np.abs(tracks[head].crop(*focus_range).values).sum()))


def _draw_track(
    axis: Axes, attributions: Attributions, exams: dict[str, Any], method: str, head: str, track: Track, region: GenomeRegion
) -> None:
    """Bars of one head; triangles at the explained positions."""
    panels.draw_bars(axis, track.values, track.positions)
    axis.set_ylim(*panels.axis_limits([track.values]))
    panels.draw_title(axis, method, exams, f", to {head}")
    panels.draw_value_axis(axis, attributions.attributes["unit"])
    axis.set_xlim(region.start, region.end)
    if head in attributions.positions:
        rulers = [(Ruler.from_attributions(attributions, row), int(attributions.positions[head][row])) for row in region.rows]
        positions = [ruler.to_position(offset) - 0.5 for ruler, offset in rulers]
        axis.plot(positions, [0.94] * len(positions), "v", color="black", markersize=3.5, transform=axis.get_xaxis_transform())


def _draw_windows(axis: Axes, attributions: Attributions, region: GenomeRegion) -> None:
    """One bar per window, in as many lanes as needed."""
    ends: list[int] = []
    start, end = (np.asarray(attributions.metadata[name]) for name in ("start", "end"))
    bars = []
    for row in region.rows:
        lane = next((i for i, last in enumerate(ends) if last <= start[row]), len(ends))
        ends[lane : lane + 1] = [int(end[row])]
        bars.append((lane, int(start[row]), int(end[row])))
    for index, (lane, low, high) in enumerate(bars):
        axis.fill_between([low, high], lane + 0.12, lane + 0.88, color="0.55" if index % 2 else "0.72", linewidth=0)
    axis.set_ylim(len(ends), 0)
    axis.set_yticks([])
    axis.spines[["left", "bottom"]].set_visible(False)
    axis.set_title("windows", fontsize=8, pad=2)


def _draw_effects(
    axis: Axes, name: str, table: pd.DataFrame, attributions: Attributions, region: GenomeRegion, unit: str
) -> None:
    """One stem per variant, as high as its effect; labels of the largest effects that fit."""
    axis.set_xlim(region.start, region.end)
    note = " (gained sites above 0, lost sites below)" if unit else ""
    axis.set_title(f"variant effects: {name}" + (note if len(table) else " (none here)"), fontsize=8, pad=2)
    positions, score = table["position"].to_numpy() + 0.5, table["score"].to_numpy(float)
    low, high = panels.axis_limits([score, -0.25 * score])
    axis.set_ylim(low - 0.1 * (high - low), high + 0.18 * (high - low))
    shades = [panels.UP if value > 0 else panels.DOWN for value in score]
    axis.vlines(positions, 0, score, colors=shades, linewidth=1)
    axis.scatter(positions, score, c=shades, s=14, zorder=3, linewidths=0)
    axis.axhline(0, color="0.4", linewidth=0.5)
    panels.draw_value_axis(axis, f"Δ {unit or attributions.attributes['unit']}")
    _draw_names(axis, table, positions, score)


def _draw_names(axis: Axes, table: pd.DataFrame, positions: np.ndarray, score: np.ndarray) -> None:
    """Labels next to the points of the largest effects, right or left, where there is free space."""
    (left, right), (low, high) = axis.get_xlim(), axis.get_ylim()
    inches_per_base, inches_per_unit = (WIDTH - LEFT - RIGHT) / (right - left), HEIGHT / (high - low)
    points = np.stack([(positions - left) * inches_per_base, (score - low) * inches_per_unit], axis=1)  # inches
    zero = -low * inches_per_unit
    taken = [(x - 0.05, x + 0.05, min(y, zero) - 0.05, max(y, zero) + 0.05) for x, y in points]  # including their stems
    for index, row in enumerate(table.head(MOST_NAMED).itertuples()):
        text, (x, y) = variant_label(row), points[index]
        if abs(row.score) < MIN_EFFECT * abs(score[0]):
            break
        text_width = len(text) * FONT_SIZE * 0.6 / 72
        for text_start, side in ((x + 0.07, "left"), (x - 0.07 - text_width, "right")):
            box = (text_start, text_start + text_width, y - 0.06, y + 0.06)
            if 0 <= text_start and box[1] <= (right - left) * inches_per_base and not any(_overlap(box, b) for b in taken):
                taken.append(box)
                end = positions[index] + (0.07 if side == "left" else -0.07) / inches_per_base
                axis.text(end, score[index], text, fontsize=FONT_SIZE, va="center_baseline", ha=side)
                break


def _overlap(first: tuple[float, float, float, float], second: tuple[float, float, float, float]) -> bool:
    """Whether two boxes (left, right, bottom, top) overlap."""
    return first[0] < second[1] and first[1] > second[0] and first[2] < second[3] and first[3] > second[2]


def variant_label(row: Any) -> str:
    """Label of a variant: 1-based position and alleles."""
    return f"{row.position + 1:,} {shorten(row.ref, 7)}>{shorten(row.alt, 7)}"


def _draw_zoom(
    axis: Axes,
    track: Track,
    head: str,
    regional_sets: list[tuple[str, pd.DataFrame]],
    focus_range: tuple[int, int],
    ruler: Ruler,
    attributions: Attributions,
) -> None:
    """Letters of the most contributing bases, forward strand, with variants above them."""
    start, end = focus_range
    zoomed = track.crop(start, end)
    values, bases = np.zeros(end - start), np.full(end - start, 4, np.uint8)
    values[zoomed.positions - start], bases[zoomed.positions - start] = zoomed.values, zoomed.bases
    heights = np.zeros((end - start, 4))
    known = np.flatnonzero(bases < 4)
    heights[known, bases[known]] = values[known]
    panels.logo.draw_letters(axis, heights, start, limits=False)
    axis.axhline(0, color="0.4", linewidth=0.5)
    axis.set_ylim(*panels.axis_limits([heights]))
    panels.draw_position_axis(axis, ruler, start, end, max_ticks=10)
    axis.set_xlabel(f"{ruler.label}; forward strand", fontsize=8, labelpad=1.5)
    panels.draw_value_axis(axis, attributions.attributes["unit"])
    axis.set_title(f"the shaded bases, contributions to {head}", fontsize=8, pad=16 if regional_sets else 2)
    letter_width = FONT_SIZE * 0.6 / 72 * (end - start) / (WIDTH - LEFT - RIGHT)  # in bases
    taken: list[tuple[float, float]] = []
    for row in (row for _, table in regional_sets for row in table.itertuples() if start <= row.position < end):
        text, position = f"{shorten(row.ref, 5)}>{shorten(row.alt, 5)}", row.position + 0.5
        axis.axvspan(row.position, row.position + len(row.ref), color="0.85", zorder=0, linewidth=0)
        half_width = (len(text) + 1) / 2 * letter_width
        if (
            start <= position - half_width
            and position + half_width <= end
            and all(position + half_width <= a or position - half_width >= b for a, b in taken)
        ):
            taken.append((position - half_width, position + half_width))
            shade = panels.UP if row.score > 0 else panels.DOWN
            axis.text(
                position,
                1.02,
                text,
                fontsize=FONT_SIZE,
                ha="center",
                va="bottom",
                color=shade,
                transform=axis.get_xaxis_transform(),
            )
