"""Genes of a region: exons as boxes, introns as lines with arrowheads in the direction of transcription."""

import logging
from pathlib import Path

from matplotlib.axes import Axes

from readsight.errors import InputError
from readsight.formats import gtf as annotation
from readsight.formats.gtf import Transcript, union

log = logging.getLogger("readsight")
MOST = 6  # lanes
SIZE = 7.5  # points


def near(gtf: list[Path], chrom: str, start: int, end: int) -> list[Transcript]:
    """Transcripts that reach into [start, end) of a contig, by their first base; of genes with many, the longest ones first."""
    found = []
    for path in gtf:
        try:
            every = annotation.read(path, {chrom: 0})
        except InputError as error:  # an annotation may have no gene on this contig
            log.info("%s", error)
            continue
        found += [one for one in every if one.exons and span(one)[0] < end and span(one)[1] > start]
    return sorted(found, key=lambda one: (-one.length, span(one)))


def span(transcript: Transcript) -> tuple[int, int]:
    """First base and end."""
    return min(start for start, _ in transcript.exons), max(end for _, end in transcript.exons)


def lanes(found: list[Transcript], start: int, end: int, letter: float) -> list[list[Transcript]]:
    """Transcripts in lanes in which they and their names do not touch; those that find none of MOST are left out.

    letter: width of a letter, in bases.
    """
    held: list[list[Transcript]] = []
    taken: list[list[tuple[float, float]]] = []
    for one in found:
        low, high = span(one)
        low = max(low, start)
        high = max(min(high, end), low + (len(one.symbol) + 2) * letter)
        free = (i for i, parts in enumerate(taken) if all(high + letter <= a or low >= b + letter for a, b in parts))
        lane = next(free, len(held))
        if lane == len(held):
            if len(held) == MOST:
                continue
            held.append([])
            taken.append([])
        held[lane].append(one)
        taken[lane].append((low, high))
    return held


def draw(axis: Axes, held: list[list[Transcript]], start: int, end: int, letter: float) -> None:
    """Draw lanes, the first uppermost."""
    axis.set(xlim=(start, end), ylim=(len(held), 0))
    axis.set_yticks([])
    axis.spines[["left", "bottom"]].set_visible(False)
    axis.tick_params(axis="x", length=0)
    for lane, transcripts in enumerate(held):
        middle = lane + 0.7
        for one in transcripts:
            low, high = (min(max(at, start), end) for at in span(one))
            axis.plot([low, high], [middle, middle], color="0.35", linewidth=0.9, solid_capstyle="butt")
            marker = "4" if one.strand == "+" else "3"
            step = 3.5 * letter
            heads = [low + step * (i + 0.5) for i in range(int((high - low) / step))]
            axis.plot(heads, [middle] * len(heads), marker, color="0.35", markersize=4.5, markeredgewidth=0.7)
            for first, last in union(one.exons):
                if first < end and last > start:
                    left, right = max(first, start), min(last, end)
                    axis.fill_between([left, right], middle - 0.2, middle + 0.2, color="0.2", linewidth=0, zorder=3)
            arrow = f"{one.symbol} ({'+' if one.strand == '+' else '−'})"
            axis.text(low, middle - 0.26, arrow, fontsize=SIZE, va="bottom", ha="left", fontstyle="italic")
