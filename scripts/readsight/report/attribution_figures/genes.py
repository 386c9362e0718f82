"""Gene annotation of a region: exons as boxes, introns as lines with arrowheads in the direction of transcription."""

import logging
from pathlib import Path

from matplotlib.axes import Axes

from readsight.errors import InputError
from readsight.formats import gtf as annotation
from readsight.formats.gtf import Transcript, merge_spans

log = logging.getLogger("readsight")
MAX_LANES = 6  # lanes
FONT_SIZE = 7.5  # points


def find_transcripts(gtf: list[Path], chrom: str, start: int, end: int) -> list[Transcript]:
    """Transcripts that overlap [start, end) of a contig, longest first."""
    transcripts = []
    for path in gtf:
        try:
            annotated = annotation.read_gtf(path, {chrom: 0})
        except InputError as error:  # the annotation may have no genes on this contig
            log.info("%s", error)
            continue
        transcripts += [
            transcript
            for transcript in annotated
            if transcript.exons and transcript_span(transcript)[0] < end and transcript_span(transcript)[1] > start
        ]
    return sorted(transcripts, key=lambda transcript: (-transcript.length, transcript_span(transcript)))


def transcript_span(transcript: Transcript) -> tuple[int, int]:
    """First base and end."""
    return min(start for start, _ in transcript.exons), max(end for _, end in transcript.exons)


def arrange_lanes(transcripts: list[Transcript], start: int, end: int, letter: float) -> list[list[Transcript]]:
    """Transcripts in lanes without overlap of transcripts or names; those that do not fit into MAX_LANES are omitted.

    letter: width of a letter, in bases.
    """
    lanes: list[list[Transcript]] = []
    taken: list[list[tuple[float, float]]] = []
    for transcript in transcripts:
        low, high = transcript_span(transcript)
        low = max(low, start)
        high = max(min(high, end), low + (len(transcript.symbol) + 2) * letter)
        free_lanes = (
            i for i, intervals in enumerate(taken) if all(high + letter <= a or low >= b + letter for a, b in intervals)
        )
        lane = next(free_lanes, len(lanes))
        if lane == len(lanes):
            if len(lanes) == MAX_LANES:
                continue
            lanes.append([])
            taken.append([])
        lanes[lane].append(transcript)
        taken[lane].append((low, high))
    return lanes


def draw_lanes(axis: Axes, lanes: list[list[Transcript]], start: int, end: int, letter: float) -> None:
    """Draw lanes, the first at the top."""
    axis.set(xlim=(start, end), ylim=(len(lanes), 0))
    axis.set_yticks([])
    axis.spines[["left", "bottom"]].set_visible(False)
    axis.tick_params(axis="x", length=0)
    for lane, transcripts in enumerate(lanes):
        middle = lane + 0.7
        for transcript in transcripts:
            low, high = (min(max(edge, start), end) for edge in transcript_span(transcript))
            axis.plot([low, high], [middle, middle], color="0.35", linewidth=0.9, solid_capstyle="butt")
            marker = "4" if transcript.strand == "+" else "3"
            step = 3.5 * letter
            arrow_positions = [low + step * (i + 0.5) for i in range(int((high - low) / step))]
            axis.plot(arrow_positions, [middle] * len(arrow_positions), marker, color="0.35", markersize=4.5, markeredgewidth=0.7)
            for first, last in merge_spans(transcript.exons):
                if first < end and last > start:
                    left, right = max(first, start), min(last, end)
                    axis.fill_between([left, right], middle - 0.2, middle + 0.2, color="0.2", linewidth=0, zorder=3)
            label = f"{transcript.symbol} ({'+' if transcript.strand == '+' else '−'})"
            axis.text(low, middle - 0.26, label, fontsize=FONT_SIZE, va="bottom", ha="left", fontstyle="italic")
