"""Plot a cohort: principal components with label and batch, sample correlation, value distribution."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from readsight.report import figure_style
from readsight.step import step

MARKERS = ["o", "s", "^", "D", "v", "P", "X", "*"]
# Maximum number of samples that are labelled by name.
MAX_NAMED = 30


def group_names(overview: dict[str, Any], role: str) -> list[str]:
    """Sorted values of label or batch; a single empty name if the project has no such column."""
    return sorted(set(overview[role]["values"])) if overview[role]["column"] else [""]


def plot_components(overview: dict[str, Any], path: Path) -> None:
    """Plot the first against the second component; colour shows the label, shape the batch."""
    if len(overview["samples"]) < 2:
        figure_style.draw_message(path, "Principal components require two samples.")
        return
    points = np.array(overview["components"])
    if points.shape[1] < 2:
        points = np.column_stack([points[:, 0], np.zeros(len(points))])
    labels, batches = group_names(overview, "label"), group_names(overview, "batch")
    figure, axis = figure_style.new_figure(width=6.5, height=4.5)
    groups = [overview[role]["values"] or [""] * len(points) for role in ("label", "batch")]
    for point, label, batch in zip(points, *groups, strict=True):
        colour = figure_style.COLOURS[labels.index(label) % len(figure_style.COLOURS)]
        marker = MARKERS[batches.index(batch) % len(MARKERS)]
        axis.plot(*point[:2], marker=marker, color=colour, linestyle="none", markersize=8, markeredgecolor="white")
    if len(points) <= MAX_NAMED:
        for name, point in zip(overview["samples"], points, strict=True):
            axis.annotate(name, point[:2], xytext=(5, 5), textcoords="offset points", fontsize=8, color="#444444")
    shares = [*overview["shares"], 0.0]
    axis.set_xlabel(f"PC1 ({shares[0]:.0%} of the variance)")
    axis.set_ylabel(f"PC2 ({shares[1]:.0%})")
    axis.margins(0.15)
    _add_legend(figure, overview, labels, batches)
    figure_style.save_figure(figure, path)


def _add_legend(figure: Any, overview: dict[str, Any], labels: list[str], batches: list[str]) -> None:
    from matplotlib.lines import Line2D

    handles = []
    if overview["label"]["column"]:
        for i, label in enumerate(labels):
            colour = figure_style.COLOURS[i % len(figure_style.COLOURS)]
            handles.append(
                Line2D([], [], marker="o", linestyle="none", color=colour, label=f"{overview['label']['column']}: {label}")
            )
    if overview["batch"]["column"]:
        for i, batch in enumerate(batches):
            marker = MARKERS[i % len(MARKERS)]
            caption = f"{overview['batch']['column']}: {batch}"
            handles.append(Line2D([], [], marker=marker, linestyle="none", color="#666666", label=caption))
    if handles:
        figure.legend(handles=handles, loc="outside lower center", ncols=min(4, len(handles)), fontsize=9)


def sample_order(overview: dict[str, Any]) -> list[int]:
    """Sample indices sorted by label, batch, then sheet order."""
    groups = [overview[role]["values"] or [""] * len(overview["samples"]) for role in ("label", "batch")]
    return sorted(range(len(overview["samples"])), key=lambda i: (groups[0][i], groups[1][i], i))


def plot_correlation(overview: dict[str, Any], path: Path) -> None:
    """Plot the pairwise sample correlation as a heat map, samples sorted by label."""
    row_of_sample = {sample: row for row, sample in enumerate(overview["compared"])}
    selected = [i for i in sample_order(overview) if i in row_of_sample]
    rows = [row_of_sample[i] for i in selected]
    values = np.array(overview["correlation"])[np.ix_(rows, rows)]
    names = [overview["samples"][i] for i in selected]
    size = min(9.0, 2.5 + 0.3 * len(names))
    figure, axis = figure_style.new_figure(width=size + 1.2, height=size)
    image = axis.imshow(values, cmap="viridis", vmin=np.floor(values.min() * 20) / 20, vmax=1)
    tick_labels = names if len(names) <= 2 * MAX_NAMED else []
    axis.set_xticks(range(len(tick_labels)), tick_labels, rotation=90, fontsize=8)
    axis.set_yticks(range(len(tick_labels)), tick_labels, fontsize=8)
    axis.spines[:].set_visible(False)
    if len(names) <= 12:
        intensity = image.norm(values)
        for (i, j), value in np.ndenumerate(values):
            axis.text(
                j, i, f"{value:.2f}", ha="center", va="center", fontsize=7, color="black" if intensity[i, j] > 0.6 else "white"
            )
    figure.colorbar(image, ax=axis, label=f"Spearman correlation of {overview['genes']:,} {overview['called']}", shrink=0.8)
    if len(names) < len(overview["samples"]):
        axis.set_title(f"{len(names)} of {len(overview['samples']):,} samples, drawn at random")
    figure_style.save_figure(figure, path)


def plot_quantiles(overview: dict[str, Any], path: Path) -> None:
    """Plot the values of each sample (expressed genes): median, central 50 % and central 90 %."""
    order = sample_order(overview)
    labels, values = group_names(overview, "label"), overview["label"]["values"] or [""] * len(order)
    figure, axis = figure_style.new_figure(width=6.5, height=max(2.0, min(12.0, 1 + 0.28 * len(order))))
    for y, i in enumerate(order):
        low, first, middle, third, high = overview["quantiles"]["values"][i]
        colour = figure_style.COLOURS[labels.index(values[i]) % len(figure_style.COLOURS)]
        axis.plot([low, high], [y, y], color=colour, linewidth=1)
        axis.plot([first, third], [y, y], color=colour, linewidth=6, solid_capstyle="butt", alpha=0.6)
        axis.plot(middle, y, marker="|", color="black", markersize=9)
    has_labels = len(order) <= 2 * MAX_NAMED
    axis.set_yticks(
        range(len(order)) if has_labels else [], [overview["samples"][i] for i in order] if has_labels else [], fontsize=8
    )
    axis.set_ylim(len(order) - 0.4, -0.6)
    axis.set_xlabel(overview["quantiles"]["of"])
    _add_legend(figure, overview | {"batch": {"column": None}}, labels, [])
    figure_style.save_figure(figure, path)


def main(overview: Path, out_components: Path, out_likeness: Path, out_spread: Path) -> None:
    data = json.loads(overview.read_text())
    plot_components(data, out_components)
    plot_correlation(data, out_likeness)
    plot_quantiles(data, out_spread)


if __name__ == "__main__":
    with step(snakemake) as job:
        main(job.input.overview, job.output.components, job.output.likeness, job.output.spread)
