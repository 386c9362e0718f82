"""Figure of the agreement of feature importance between the models of different folds."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from readsight.interpret.tabular_attribution import results
from readsight.interpret.tabular_attribution.results import method_title
from readsight.report import figure_style
from readsight.report.figure_style import COLOURS, new_figure, save_figure
from readsight.step import step

MEASURE_LABELS = {"spearman": "rank correlation"}


def draw_agreement(axis: Any, result: dict[str, Any], colour: str) -> None:
    """One point per measure, the mean over pairs of folds, with its interval; a cross marks the expectation for random rankings."""
    rows = result["agreement"]
    for y, row in enumerate(rows):
        if row["value"] is not None:
            if row["low"] is not None:
                axis.plot([row["low"], row["high"]], [y, y], color=colour, linewidth=2)
            axis.plot(row["value"], y, "o", color=colour, markersize=7)
        if row["random"] is not None:
            axis.plot(row["random"], y, "x", color="0.4", markersize=7)
    axis.set_yticks(
        range(len(rows)),
        [MEASURE_LABELS.get(r["measure"], f"overlap of the {r['measure'].replace('top', 'top ')}") for r in rows],
    )
    axis.set(xlim=(min([0.0] + [r["low"] or 0 for r in rows]) - 0.03, 1.03), ylim=(len(rows) - 0.4, -0.6))
    axis.set_xlabel("between two folds, mean over pairs (×: random rankings)")


def draw_ranks(axis: Any, result: dict[str, Any], folds: list[str], labels: dict[str, str]) -> Any:
    """Rank of each feature (row) in each fold (column): dark is first; empty if a fold's model does not use the feature."""
    ranks = np.array([[np.nan if r is None else r for r in row] for row in result["ranks"]], dtype=float)
    norm = figure_style.matplotlib.colors.LogNorm(1, max(100, result["features"]))
    image = axis.imshow(ranks, aspect="auto", cmap="viridis", norm=norm, interpolation="none")
    if ranks.shape[1] <= 12:
        for (y, x), rank in np.ndenumerate(ranks):
            if np.isfinite(rank):
                axis.text(
                    x, y, f"{rank:.0f}", ha="center", va="center", fontsize=7, color="white" if norm(rank) < 0.6 else "black"
                )
    axis.set_yticks(range(len(result["names"])), [labels.get(n, n) for n in result["names"]], fontsize=8)
    axis.set_xticks(range(len(folds)), folds, fontsize=8, rotation=0 if len(folds) <= 8 else 90)
    axis.set_xlabel("fold")
    axis.spines[:].set_visible(False)
    return image


def main(stability: Path, examined: Path, described: Path, out: Path) -> None:
    report, exams = json.loads(stability.read_text()), json.loads(examined.read_text())["methods"]
    labels, methods = results.read_labels(described), report["methods"]
    if len(report["folds"]) < 2:
        figure_style.draw_message(out, "There is only one fold, so agreement between folds is undefined.")
        return
    height = max(len(result["names"]) for result in methods.values()) * 0.24 + 1
    figure, axes = new_figure(
        2, len(methods), width=7.5 * len(methods), height=height + 2.6, squeeze=False, height_ratios=[1.6, height]
    )
    for column, (method, result) in enumerate(methods.items()):
        passed = exams[method]["passed"]
        draw_agreement(axes[0, column], result, COLOURS[0] if passed else COLOURS[1])
        axes[0, column].set_title(method_title(method, exams[method]), color="black" if passed else COLOURS[1])
        image = draw_ranks(axes[1, column], result, report["folds"], labels)
    figure.colorbar(image, ax=list(axes[1]), label="rank among features (1: most important)", fraction=0.03)
    save_figure(figure, out)


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(job.input.stability, job.input.exams, job.input.features, job.output.stability)
