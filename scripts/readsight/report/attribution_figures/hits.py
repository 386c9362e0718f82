"""Hits of motifs, drawn as brackets above the letters."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from readsight.interpret.tabular_attribution.results import short

COLUMNS = ["example", "start", "end", "strand", "motif", "contribution"]
LANES = 2
SIZE = 7  # points
LANE = 0.2  # inches


def read(hits: Path | None, motifs: Path | None = None) -> pd.DataFrame:
    """Hits along examples that contribute as their motif does; none without a file. head: what the motif speaks for, "" where
    that is not known. motifs: table of them; one with a known match bears its name.
    """
    if hits is None:
        return pd.DataFrame(columns=[*COLUMNS, "head"])
    found = pd.read_csv(hits, sep="\t", dtype={"example": str, "motif": str, "strand": str}).assign(head="")
    if "contributing" in found:
        found = found[found["contributing"] > 0]
    if motifs is not None:
        table = pd.read_csv(motifs, sep="\t", dtype=str, keep_default_na=False).set_index("motif")
        found = found.assign(head=found["motif"].map(table["head"]).fillna(""))
        match = found["motif"].map(table["match"]).fillna("")
        found = found.assign(motif=match.where(match != "", found["motif"]))
    return found


def within(found: pd.DataFrame, example: str, head: str, start: int, end: int) -> pd.DataFrame:
    """Hits of an example, of motifs of a head, that reach into [start, end), the most contributing first."""
    own = found[(found["example"] == example) & found["head"].isin(["", head])]
    own = own[(own["start"] < end) & (own["end"] > start)]
    return own.iloc[own["contribution"].abs().to_numpy(float).argsort(kind="stable")[::-1]]


@dataclass(frozen=True)
class Bracket:
    """A hit as it is drawn: its lane (from 0, the lowest), ends, middle of its name, and its name."""

    lane: int
    start: float
    end: float
    middle: float
    text: str


def laid(own: pd.DataFrame, left: int, right: int, inches: float) -> list[Bracket]:
    """Hits in lanes, the first before others; those that find no room beside each other are left out, and those that name again
    what stands there. inches: width of the panel.
    """
    letter = SIZE * 0.58 / 72 * (right - left) / inches  # in places
    taken: list[list[tuple[float, float]]] = [[] for _ in range(LANES)]
    found = []
    for hit in own.itertuples():
        text = short(str(hit.motif), 22) + {"+": " (+)", "-": " (−)"}.get(hit.strand, "")
        start, end = max(hit.start, left), min(hit.end, right)
        if any(one.text == text and start < one.end and end > one.start for one in found):
            continue
        reach = max((end - start) / 2, len(text) * letter / 2) + letter / 2
        middle = min(max((start + end) / 2, left + reach), right - reach)
        low, high = min(middle - reach, start), max(middle + reach, end)
        lane = next((i for i, parts in enumerate(taken) if all(high <= a or low >= b for a, b in parts)), None)
        if lane is not None:
            taken[lane].append((low, high))
            found.append(Bracket(lane, start + 0.1, end - 0.1, middle, text))
    return found


def brackets(axis: Axes, found: list[Bracket], left: int, right: int, lanes: int) -> None:
    """Draw hits in a panel of so many lanes."""
    axis.set_axis_off()
    axis.set(xlim=(left, right), ylim=(0, lanes))
    for one in found:
        foot = one.lane + 0.08
        axis.plot(np.repeat((one.start, one.end), 2), [foot, foot + 0.2, foot + 0.2, foot], color="0.25", linewidth=1)
        axis.text(one.middle, foot + 0.24, one.text, fontsize=SIZE, ha="center", va="bottom", color="0.15")
