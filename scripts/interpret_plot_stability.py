"""Draw whether models of different folds go by the same features."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from readsight.interpret.tabular_attribution import results
from readsight.interpret.tabular_attribution.results import title
from readsight.report import figure_style
from readsight.report.figure_style import COLOURS, new, save
from readsight.step import step

WORDS = {"spearman": "rank correlation"}


def agreement(axis: Any, held: dict[str, Any], colour: str) -> None:
    """A point a measure, mean over pairs of folds, with its interval; a cross where random rankings would lie."""
    rows = held["agreement"]
    for y, row in enumerate(rows):
        if row["value"] is not None:
            if row["low"] is not None:
                axis.plot([row["low"], row["high"]], [y, y], color=colour, linewidth=2)
            axis.plot(row["value"], y, "o", color=colour, markersize=7)
        if row["random"] is not None:
            axis.plot(row["random"], y, "x", color="0.4", markersize=7)
    axis.set_yticks(
        range(len(rows)), [WORDS.get(r["measure"], f"overlap of the {r['measure'].replace('top', 'top ')}") for r in rows]
    )
    axis.set(xlim=(min([0.0] + [r["low"] or 0 for r in rows]) - 0.03, 1.03), ylim=(len(rows) - 0.4, -0.6))
    axis.set_xlabel("between two folds, mean over pairs (×: random rankings)")


def places(axis: Any, held: dict[str, Any], folds: list[str], labels: dict[str, str]) -> Any:
    """The rank of each feature (row) in each fold (column): dark is first; empty where a fold's model did not have it."""
    ranks = np.array([[np.nan if r is None else r for r in row] for row in held["ranks"]], dtype=float)
    norm = figure_style.matplotlib.colors.LogNorm(1, max(100, held["features"]))
    drawn = axis.imshow(ranks, aspect="auto", cmap="viridis", norm=norm, interpolation="none")
    if ranks.shape[1] <= 12:
        for (y, x), rank in np.ndenumerate(ranks):
            if np.isfinite(rank):
                axis.text(
                    x, y, f"{rank:.0f}", ha="center", va="center", fontsize=7, color="white" if norm(rank) < 0.6 else "black"
                )
    axis.set_yticks(range(len(held["names"])), [labels.get(n, n) for n in held["names"]], fontsize=8)
    axis.set_xticks(range(len(folds)), folds, fontsize=8, rotation=0 if len(folds) <= 8 else 90)
    axis.set_xlabel("fold")
    axis.spines[:].set_visible(False)
    return drawn


def main(stability: Path, examined: Path, described: Path, out: Path) -> None:
    found, exams = json.loads(stability.read_text()), json.loads(examined.read_text())["methods"]
    labels, methods = results.labels(described), found["methods"]
    if len(found["folds"]) < 2:
        figure_style.empty(out, "There is one fold, so that there is nothing to compare it with.")
        return
    height = max(len(held["names"]) for held in methods.values()) * 0.24 + 1
    figure, axes = new(2, len(methods), width=7.5 * len(methods), height=height + 2.6, squeeze=False, height_ratios=[1.6, height])
    for column, (method, held) in enumerate(methods.items()):
        passed = exams[method]["passed"]
        agreement(axes[0, column], held, COLOURS[0] if passed else COLOURS[1])
        axes[0, column].set_title(title(method, exams[method]), color="black" if passed else COLOURS[1])
        drawn = places(axes[1, column], held, found["folds"], labels)
    figure.colorbar(drawn, ax=list(axes[1]), label="rank among features (1: most important)", fraction=0.03)
    save(figure, out)


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(job.input.stability, job.input.exams, job.input.features, job.output.stability)
