"""Plot the windows with the largest differences between individuals: both haplotypes of each sample and the reference."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from readsight.report import figure_style
from readsight.report.figure_style import COLOURS, new_figure, save_figure
from readsight.step import step

MAX_REGIONS = 6
# Largest number of samples that are labelled by name.
MAX_LABELLED = 60
COPY_SPACING = 0.24  # distance between copies, as a fraction of the width of a sample
UNRESOLVED = ("averaged", "drawn")


def select_regions(table: pd.DataFrame, count: int = MAX_REGIONS) -> list[tuple[str, str]]:
    """(region, head) of the windows with the largest range of sample means, one head per window, largest first."""
    spread = table.groupby(["region", "head"], sort=False)["mean"].agg(lambda values: values.max() - values.min())
    spread = spread[spread > 0].sort_values(ascending=False, kind="stable").reset_index()
    return list(spread.drop_duplicates("region")[["region", "head"]].head(count).itertuples(index=False, name=None))


def get_copy_scores(table: pd.DataFrame) -> np.ndarray:
    """Scores of the copies, (rows, copies), NaN if a sample lacks the copy."""
    return table[[name for name in table if name.startswith("haplotype")]].to_numpy(float)


def draw_window(axis: Any, region_rows: pd.DataFrame, is_labelled: bool) -> None:
    """Draw one window and head: samples by name, or sorted by their mean if there are many."""
    region_rows = (
        region_rows.sort_values("sample", key=lambda names: names.map(natural_sort_key))
        if is_labelled
        else region_rows.sort_values("mean", kind="stable")
    )
    scores, positions = get_copy_scores(region_rows), np.arange(len(region_rows))
    copy_positions = positions[:, None] + (np.arange(scores.shape[1]) - (scores.shape[1] - 1) / 2) * (
        COPY_SPACING if is_labelled else 0
    )
    is_unresolved = region_rows["phase"].isin(UNRESOLVED).to_numpy()
    axis.axhline(region_rows["reference"].iloc[0], color="0.5", linewidth=1, linestyle="--", zorder=1)
    axis.plot(copy_positions.T, scores.T, color="0.65", linewidth=1.2, zorder=2)
    axis.scatter(positions, region_rows["mean"], marker="_", s=110 if is_labelled else 12, color="black", linewidth=1.4, zorder=4)
    size = 30 if is_labelled else 6
    for copy in range(scores.shape[1]):
        colour = COLOURS[copy % len(COLOURS)]
        for is_selected, face in ((~is_unresolved, colour), (is_unresolved, "white")):
            axis.scatter(
                copy_positions[is_selected, copy],
                scores[is_selected, copy],
                s=size,
                facecolor=face,
                edgecolor=colour,
                linewidth=1.2,
                zorder=3,
            )
    row = region_rows.iloc[0]
    suffix = ", in the training set of every model" if pd.notna(row["seen"]) and row["seen"] else ""
    name = shorten_name(row["region"])
    axis.set_title(f"{name} ({row['chrom']}:{row['start'] + 1:,}–{row['end']:,}): {row['head']}{suffix}", fontsize=9)
    axis.set_xticks(positions if is_labelled else [], region_rows["sample"] if is_labelled else [], rotation=90, fontsize=7)
    axis.set_xlim(-0.7, len(region_rows) - 0.3)
    axis.margins(y=0.15)


def natural_sort_key(name: str) -> tuple[tuple[bool, int, str], ...]:
    """Sort key that puts D2 before D10."""
    return tuple((not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in re.split(r"(\d+)", name) if part)


def shorten_name(name: str, max_length: int = 40) -> str:
    """A name, truncated if it is long."""
    return name if len(name) <= max_length else name[: max_length - 1] + "…"


def make_legend_handles(count: int, has_unresolved: bool) -> list[Any]:
    """Legend handles. count: number of copies."""
    line = figure_style.plt.Line2D
    handles = [
        line([], [], marker="o", linestyle="", color=COLOURS[i % len(COLOURS)], label=f"copy {i + 1}") for i in range(count)
    ]
    handles.append(line([], [], marker="_", linestyle="", color="black", markersize=10, label="mean of the copies"))
    handles.append(line([], [], linestyle="--", color="0.5", label="reference"))
    if has_unresolved:
        label = "copies averaged over phasings"
        handles.append(line([], [], marker="o", linestyle="", markerfacecolor="white", color="0.3", label=label))
    return handles


def plot_individuals(table: pd.DataFrame, out: Path) -> None:
    """Write the figure; a message if no samples differ."""
    selection = select_regions(table)
    sample_count = table["sample"].nunique()
    if not selection:
        figure_style.draw_message(
            out, f"{sample_count} samples, {table['region'].nunique()} windows: no predicted differences between samples"
        )
        return
    is_labelled = sample_count <= MAX_LABELLED
    columns = 2 if len(selection) > 1 and sample_count <= MAX_LABELLED // 2 else 1
    rows = -(-len(selection) // columns)
    width = min(14.0, columns * (2.2 + max(2.6, 0.16 * sample_count))) if is_labelled else 9.0
    longest = max(table["sample"].str.len()) if is_labelled else 0
    figure, axes = new_figure(rows, columns, width=width, height=rows * (1.9 + min(1.2, 0.065 * longest)) + 0.8, squeeze=False)
    plotted = []
    for axis, (region, head) in zip(axes.flat, selection, strict=False):
        region_rows = table[(table["region"] == region) & (table["head"] == head)]
        draw_window(axis, region_rows, is_labelled)
        plotted.append(region_rows)
    for axis in axes.flat[len(selection) :]:
        axis.axis("off")
    for axis in axes[:, 0]:
        axis.set_ylabel(table["unit"].iloc[0], fontsize=8)
    plotted_rows = pd.concat(plotted)
    if not is_labelled:
        axes[-1, 0].set_xlabel(f"{sample_count} samples, sorted by mean")
    count = int((~np.isnan(get_copy_scores(plotted_rows))).sum(axis=1).max())
    figure.legend(
        handles=make_legend_handles(count, bool(plotted_rows["phase"].isin(UNRESOLVED).any())),
        loc="outside lower center",
        ncols=5,
        fontsize=8,
    )
    save_figure(figure, out)


def main(table: Path, out: Path) -> None:
    plot_individuals(pd.read_parquet(table), out)


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(job.input.table, job.output.people)
