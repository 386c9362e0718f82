"""Draw the windows in which people are predicted to differ most: each person's two copies beside the reference."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from readsight.report import figure_style
from readsight.report.figure_style import COLOURS, new, save
from readsight.step import step

REGIONS = 6
# So many samples have room for their names.
NAMED = 60
BESIDE = 0.24  # of the room of a sample, between its copies
OPEN = ("averaged", "drawn")


def most(table: pd.DataFrame, count: int = REGIONS) -> list[tuple[str, str]]:
    """(region, head) of the windows in which people's means spread most, one head a window, the widest first."""
    own = table.groupby(["region", "head"], sort=False)["mean"].agg(lambda values: values.max() - values.min())
    own = own[own > 0].sort_values(ascending=False, kind="stable").reset_index()
    return list(own.drop_duplicates("region")[["region", "head"]].head(count).itertuples(index=False, name=None))


def copies(table: pd.DataFrame) -> np.ndarray:
    """Scores of each row's copies, (rows, copies), NaN where there is none."""
    return table[[name for name in table if name.startswith("haplotype")]].to_numpy(float)


def window(axis: Any, own: pd.DataFrame, named: bool) -> None:
    """One window and head: samples along the axis, by name, or where there are many by their mean."""
    own = own.sort_values("sample", key=lambda names: names.map(natural)) if named else own.sort_values("mean", kind="stable")
    scores, place = copies(own), np.arange(len(own))
    beside = place[:, None] + (np.arange(scores.shape[1]) - (scores.shape[1] - 1) / 2) * (BESIDE if named else 0)
    unsure = own["phase"].isin(OPEN).to_numpy()
    axis.axhline(own["reference"].iloc[0], color="0.5", linewidth=1, linestyle="--", zorder=1)
    axis.plot(beside.T, scores.T, color="0.65", linewidth=1.2, zorder=2)
    axis.scatter(place, own["mean"], marker="_", s=110 if named else 12, color="black", linewidth=1.4, zorder=4)
    size = 30 if named else 6
    for copy in range(scores.shape[1]):
        colour = COLOURS[copy % len(COLOURS)]
        for held, face in ((~unsure, colour), (unsure, "white")):
            axis.scatter(
                beside[held, copy], scores[held, copy], s=size, facecolor=face, edgecolor=colour, linewidth=1.2, zorder=3
            )
    row = own.iloc[0]
    seen = ", learned from by every model" if pd.notna(row["seen"]) and row["seen"] else ""
    name = shortened(row["region"])
    axis.set_title(f"{name} ({row['chrom']}:{row['start'] + 1:,}–{row['end']:,}): {row['head']}{seen}", fontsize=9)
    axis.set_xticks(place if named else [], own["sample"] if named else [], rotation=90, fontsize=7)
    axis.set_xlim(-0.7, len(own) - 0.3)
    axis.margins(y=0.15)


def natural(name: str) -> tuple[tuple[bool, int, str], ...]:
    """A key by which D2 comes before D10."""
    return tuple((not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in re.split(r"(\d+)", name) if part)


def shortened(name: str, most: int = 40) -> str:
    """A name, cut where it is long."""
    return name if len(name) <= most else name[: most - 1] + "…"


def marks(count: int, unsure: bool) -> list[Any]:
    """Keys of the legend. count: copies."""
    line = figure_style.plt.Line2D
    found = [line([], [], marker="o", linestyle="", color=COLOURS[i % len(COLOURS)], label=f"copy {i + 1}") for i in range(count)]
    found.append(line([], [], marker="_", linestyle="", color="black", markersize=10, label="mean: the person"))
    found.append(line([], [], linestyle="--", color="0.5", label="reference"))
    if unsure:
        words = "copies averaged over ways to phase them"
        found.append(line([], [], marker="o", linestyle="", markerfacecolor="white", color="0.3", label=words))
    return found


def draw(table: pd.DataFrame, out: Path) -> None:
    """The figure; words where nobody differs from anybody."""
    chosen = most(table)
    people = table["sample"].nunique()
    if not chosen:
        figure_style.empty(out, f"{people} samples, {table['region'].nunique()} windows: no two are predicted to differ")
        return
    named = people <= NAMED
    columns = 2 if len(chosen) > 1 and people <= NAMED // 2 else 1
    rows = -(-len(chosen) // columns)
    width = min(14.0, columns * (2.2 + max(2.6, 0.16 * people))) if named else 9.0
    longest = max(table["sample"].str.len()) if named else 0
    figure, axes = new(rows, columns, width=width, height=rows * (1.9 + min(1.2, 0.065 * longest)) + 0.8, squeeze=False)
    shown = []
    for axis, (region, head) in zip(axes.flat, chosen, strict=False):
        own = table[(table["region"] == region) & (table["head"] == head)]
        window(axis, own, named)
        shown.append(own)
    for axis in axes.flat[len(chosen) :]:
        axis.axis("off")
    for axis in axes[:, 0]:
        axis.set_ylabel(table["unit"].iloc[0], fontsize=8)
    drawn = pd.concat(shown)
    if not named:
        axes[-1, 0].set_xlabel(f"{people} samples, by their mean")
    count = int((~np.isnan(copies(drawn))).sum(axis=1).max())
    figure.legend(handles=marks(count, bool(drawn["phase"].isin(OPEN).any())), loc="outside lower center", ncols=5, fontsize=8)
    save(figure, out)


def main(table: Path, people: Path) -> None:
    draw(pd.read_parquet(table), people)


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(job.input.table, job.output.people)
