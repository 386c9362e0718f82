"""Draw the gene sets that stand out among the genes that a model goes by."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from readsight.interpret.tabular_attribution.results import short, title
from readsight.report import figure_style
from readsight.report.figure_style import COLOURS, new, save
from readsight.step import step

FDR = 0.05
LEAST = 1e-12


def sets(axis: Any, held: dict[str, Any]) -> None:
    """A row a set: both tests' adjusted p-values, and how many of the top genes are of it."""
    for y, row in enumerate(held["sets"]):
        for key, marker, colour in (("padj_rank", "o", COLOURS[0]), ("padj", "D", COLOURS[4]), ("padj_seen", "|", "0.3")):
            if row[key] is not None:
                axis.plot(-np.log10(max(row[key], LEAST)), y, marker, color=colour, markersize=7 if marker != "|" else 10)
        axis.text(1.01, y, f"{row['in_top']} of {row['measured']}", transform=axis.get_yaxis_transform(), fontsize=8, va="center")
    axis.axvline(-np.log10(FDR), color="0.5", linewidth=1, linestyle="--")
    axis.set_yticks(range(len(held["sets"])), [short(row["set"], 46) for row in held["sets"]], fontsize=8)
    axis.set_ylim(len(held["sets"]) - 0.4, -0.6)
    axis.set_xlim(left=-0.1)
    axis.margins(x=0.08)
    axis.set_xlabel("−log10 of the adjusted p-value (dashed: 0.05)")
    axis.text(1.01, 1.0, f"in top {held['top']}", transform=axis.transAxes, fontsize=8, va="bottom")


def legend(figure: Any) -> None:
    """What the marks mean."""
    words = (("o", COLOURS[0], "ranks: genes of the set matter more than others"), ("D", COLOURS[4], "top genes against all measured"), ("|", "0.3", "top genes against those that selection left"))  # fmt: skip
    marks = [
        figure_style.plt.Line2D([], [], marker=marker, linestyle="none", color=colour, label=label, markersize=8)
        for marker, colour, label in words
    ]
    figure.legend(handles=marks, loc="outside lower center", ncols=3, fontsize=8)


def main(pathways: Path, examined: Path, out: Path) -> None:
    found, exams = json.loads(pathways.read_text()), json.loads(examined.read_text())["methods"]
    count, (smallest, largest) = found["sets"], found["sizes"]
    if not count["tested"]:
        words = f"None of {count['sets']} gene sets has {smallest} to {largest} measured genes: nothing was tested."
        figure_style.empty(out, words)
        return
    methods = found["methods"]
    height = max(len(held["sets"]) for held in methods.values()) * 0.26 + 1.9
    figure, axes = new(1, len(methods), width=7.5 * len(methods), height=max(height, 2.6), squeeze=False)
    for axis, (method, held) in zip(axes[0], methods.items(), strict=True):
        sets(axis, held)
        passed, n = exams[method]["passed"], held["significant"]
        words = (
            f"{title(method, exams[method])}\n{n['rank']} (ranks), {n['top']} (top genes) of {count['tested']} sets at FDR 0.05"
        )
        axis.set_title(words, color="black" if passed else COLOURS[1], fontsize=10)
    legend(figure)
    save(figure, out)


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(job.input.pathways, job.input.exams, job.output.pathways)
