"""Motif hits, drawn as brackets above the letters."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from readsight.interpret.tabular_attribution.results import shorten

COLUMNS = ["example", "start", "end", "strand", "motif", "contribution"]
LANES = 2
FONT_SIZE = 7  # points
LANE_HEIGHT = 0.2  # inches


def read(hits: Path | None, motifs: Path | None = None) -> pd.DataFrame:
    """Hits whose contribution agrees with their motif; empty without a file.

    head: output that the motif supports, "" if unknown. motifs: table of motifs; motifs with a known match get its name.
    """
    if hits is None:
        return pd.DataFrame(columns=[*COLUMNS, "head"])
    records = pd.read_csv(hits, sep="\t", dtype={"example": str, "motif": str, "strand": str}).assign(head="")
    if "contributing" in records:
        records = records[records["contributing"] > 0]
    if motifs is not None:
        table = pd.read_csv(motifs, sep="\t", dtype=str, keep_default_na=False).set_index("motif")
        records = records.assign(head=records["motif"].map(table["head"]).fillna(""))
        match = records["motif"].map(table["match"]).fillna("")
        records = records.assign(motif=match.where(match != "", records["motif"]))
    return records


def select_hits(records: pd.DataFrame, example: str, head: str, start: int, end: int) -> pd.DataFrame:
    """Hits of an example, of motifs of a head, that overlap [start, end), largest contribution first."""
    selected = records[(records["example"] == example) & records["head"].isin(["", head])]
    selected = selected[(selected["start"] < end) & (selected["end"] > start)]
    return selected.iloc[selected["contribution"].abs().to_numpy(float).argsort(kind="stable")[::-1]]


@dataclass(frozen=True)
class Bracket:
    """A drawn hit: its lane (from 0, the lowest), ends, centre of its label, and label."""

    lane: int
    start: float
    end: float
    middle: float
    text: str


def arrange_hits(records: pd.DataFrame, left: int, right: int, inches: float) -> list[Bracket]:
    """Hits in lanes, in order of priority; hits that do not fit, and repeated labels at the same position, are omitted. inches: width of
    the panel.
    """
    letter = FONT_SIZE * 0.58 / 72 * (right - left) / inches  # in bases
    taken: list[list[tuple[float, float]]] = [[] for _ in range(LANES)]
    brackets = []
    for hit in records.itertuples():
        text = shorten(str(hit.motif), 22) + {"+": " (+)", "-": " (−)"}.get(hit.strand, "")
        start, end = max(hit.start, left), min(hit.end, right)
        if any(bracket.text == text and start < bracket.end and end > bracket.start for bracket in brackets):
            continue
        reach = max((end - start) / 2, len(text) * letter / 2) + letter / 2
        middle = min(max((start + end) / 2, left + reach), right - reach)
        low, high = min(middle - reach, start), max(middle + reach, end)
        lane = next((i for i, intervals in enumerate(taken) if all(high <= a or low >= b for a, b in intervals)), None)
        if lane is not None:
            taken[lane].append((low, high))
            brackets.append(Bracket(lane, start + 0.1, end - 0.1, middle, text))
    return brackets


def draw_brackets(axis: Axes, brackets: list[Bracket], left: int, right: int, lanes: int) -> None:
    """Draw hits in a panel with the given number of lanes."""
    axis.set_axis_off()
    axis.set(xlim=(left, right), ylim=(0, lanes))
    for bracket in brackets:
        foot = bracket.lane + 0.08
        axis.plot(np.repeat((bracket.start, bracket.end), 2), [foot, foot + 0.2, foot + 0.2, foot], color="0.25", linewidth=1)
        axis.text(bracket.middle, foot + 0.24, bracket.text, fontsize=FONT_SIZE, ha="center", va="bottom", color="0.15")
