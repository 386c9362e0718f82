"""Draw a cohort: principal components with label and batch, likeness of samples, spread of their values."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from readsight.report import figure_style
from readsight.step import step

MARKERS = ["o", "s", "^", "D", "v", "P", "X", "*"]
# So many samples have room for their names.
NAMED = 30


def kinds(found: dict[str, Any], role: str) -> list[str]:
    """The values of label or batch, sorted; one nameless kind where the project has no such column."""
    return sorted(set(found[role]["values"])) if found[role]["column"] else [""]


def components(found: dict[str, Any], path: Path) -> None:
    """First against second component: colour tells the label, shape the batch."""
    if len(found["samples"]) < 2:
        figure_style.empty(path, "Principal components need two samples.")
        return
    points = np.array(found["components"])
    if points.shape[1] < 2:
        points = np.column_stack([points[:, 0], np.zeros(len(points))])
    labels, batches = kinds(found, "label"), kinds(found, "batch")
    figure, axis = figure_style.new(width=6.5, height=4.5)
    of = [found[role]["values"] or [""] * len(points) for role in ("label", "batch")]
    for point, label, batch in zip(points, *of, strict=True):
        colour = figure_style.COLOURS[labels.index(label) % len(figure_style.COLOURS)]
        marker = MARKERS[batches.index(batch) % len(MARKERS)]
        axis.plot(*point[:2], marker=marker, color=colour, linestyle="none", markersize=8, markeredgecolor="white")
    if len(points) <= NAMED:
        for name, point in zip(found["samples"], points, strict=True):
            axis.annotate(name, point[:2], xytext=(5, 5), textcoords="offset points", fontsize=8, color="#444444")
    shares = [*found["shares"], 0.0]
    axis.set_xlabel(f"PC1 ({shares[0]:.0%} of the variance)")
    axis.set_ylabel(f"PC2 ({shares[1]:.0%})")
    axis.margins(0.15)
    _legend(figure, found, labels, batches)
    figure_style.save(figure, path)


def _legend(figure: Any, found: dict[str, Any], labels: list[str], batches: list[str]) -> None:
    from matplotlib.lines import Line2D

    handles = []
    if found["label"]["column"]:
        for i, label in enumerate(labels):
            colour = figure_style.COLOURS[i % len(figure_style.COLOURS)]
            handles.append(
                Line2D([], [], marker="o", linestyle="none", color=colour, label=f"{found['label']['column']}: {label}")
            )
    if found["batch"]["column"]:
        for i, batch in enumerate(batches):
            marker = MARKERS[i % len(MARKERS)]
            words = f"{found['batch']['column']}: {batch}"
            handles.append(Line2D([], [], marker=marker, linestyle="none", color="#666666", label=words))
    if handles:
        figure.legend(handles=handles, loc="outside lower center", ncols=min(4, len(handles)), fontsize=9)


def order(found: dict[str, Any]) -> list[int]:
    """Samples sorted by label, then batch, then the sheet's order."""
    of = [found[role]["values"] or [""] * len(found["samples"]) for role in ("label", "batch")]
    return sorted(range(len(found["samples"])), key=lambda i: (of[0][i], of[1][i], i))


def likeness(found: dict[str, Any], path: Path) -> None:
    """Correlation of every two samples, as a map, samples sorted by label."""
    inside = {sample: place for place, sample in enumerate(found["compared"])}
    chosen = [i for i in order(found) if i in inside]
    places = [inside[i] for i in chosen]
    values = np.array(found["correlation"])[np.ix_(places, places)]
    names = [found["samples"][i] for i in chosen]
    size = min(9.0, 2.5 + 0.3 * len(names))
    figure, axis = figure_style.new(width=size + 1.2, height=size)
    drawn = axis.imshow(values, cmap="viridis", vmin=np.floor(values.min() * 20) / 20, vmax=1)
    shown = names if len(names) <= 2 * NAMED else []
    axis.set_xticks(range(len(shown)), shown, rotation=90, fontsize=8)
    axis.set_yticks(range(len(shown)), shown, fontsize=8)
    axis.spines[:].set_visible(False)
    if len(names) <= 12:
        middle = drawn.norm(values)
        for (i, j), value in np.ndenumerate(values):
            axis.text(
                j, i, f"{value:.2f}", ha="center", va="center", fontsize=7, color="black" if middle[i, j] > 0.6 else "white"
            )
    figure.colorbar(drawn, ax=axis, label=f"Spearman correlation of {found['genes']:,} {found['called']}", shrink=0.8)
    if len(names) < len(found["samples"]):
        axis.set_title(f"{len(names)} of {len(found['samples']):,} samples, drawn at random")
    figure_style.save(figure, path)


def spread(found: dict[str, Any], path: Path) -> None:
    """Values of each sample (of the genes that it expresses): median, middle half and middle 90 %."""
    places = order(found)
    labels, values = kinds(found, "label"), found["label"]["values"] or [""] * len(places)
    figure, axis = figure_style.new(width=6.5, height=max(2.0, min(12.0, 1 + 0.28 * len(places))))
    for y, i in enumerate(places):
        low, first, middle, third, high = found["quantiles"]["values"][i]
        colour = figure_style.COLOURS[labels.index(values[i]) % len(figure_style.COLOURS)]
        axis.plot([low, high], [y, y], color=colour, linewidth=1)
        axis.plot([first, third], [y, y], color=colour, linewidth=6, solid_capstyle="butt", alpha=0.6)
        axis.plot(middle, y, marker="|", color="black", markersize=9)
    shown = len(places) <= 2 * NAMED
    axis.set_yticks(range(len(places)) if shown else [], [found["samples"][i] for i in places] if shown else [], fontsize=8)
    axis.set_ylim(len(places) - 0.4, -0.6)
    axis.set_xlabel(found["quantiles"]["of"])
    _legend(figure, found | {"batch": {"column": None}}, labels, [])
    figure_style.save(figure, path)


def main(overview: Path, out_components: Path, out_likeness: Path, out_spread: Path) -> None:
    found = json.loads(overview.read_text())
    components(found, out_components)
    likeness(found, out_likeness)
    spread(found, out_spread)


if __name__ == "__main__":
    with step(snakemake) as job:
        main(job.input.overview, job.output.components, job.output.likeness, job.output.spread)
