"""Plot the gene sets that are enriched among the genes with the largest attributions."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from readsight.interpret.tabular_attribution.results import method_title, shorten
from readsight.report import figure_style
from readsight.report.figure_style import COLOURS, new_figure, save_figure
from readsight.step import step

FDR = 0.05
MIN_P = 1e-12


def draw_sets(axis: Any, method_result: dict[str, Any]) -> None:
    """One row per set: adjusted p-values of the tests, and the number of top genes in the set."""
    for y, row in enumerate(method_result["sets"]):
        for key, marker, colour in (("padj_rank", "o", COLOURS[0]), ("padj", "D", COLOURS[4]), ("padj_seen", "|", "0.3")):
            if row[key] is not None:
                axis.plot(-np.log10(max(row[key], MIN_P)), y, marker, color=colour, markersize=7 if marker != "|" else 10)
        axis.text(1.01, y, f"{row['in_top']} of {row['measured']}", transform=axis.get_yaxis_transform(), fontsize=8, va="center")
    axis.axvline(-np.log10(FDR), color="0.5", linewidth=1, linestyle="--")
    axis.set_yticks(range(len(method_result["sets"])), [shorten(row["set"], 46) for row in method_result["sets"]], fontsize=8)
    axis.set_ylim(len(method_result["sets"]) - 0.4, -0.6)
    axis.set_xlim(left=-0.1)
    axis.margins(x=0.08)
    axis.set_xlabel("−log10 of the adjusted p-value (dashed: 0.05)")
    axis.text(1.01, 1.0, f"in top {method_result['top']}", transform=axis.transAxes, fontsize=8, va="bottom")


def draw_legend(figure: Any) -> None:
    """Legend of the markers."""
    entries = (("o", COLOURS[0], "ranks: genes of the set have larger attributions"), ("D", COLOURS[4], "top genes against all measured genes"), ("|", "0.3", "top genes against those that passed feature selection"))  # fmt: skip
    handles = [
        figure_style.plt.Line2D([], [], marker=marker, linestyle="none", color=colour, label=label, markersize=8)
        for marker, colour, label in entries
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3, fontsize=8)


def main(pathways: Path, exam_file: Path, out: Path) -> None:
    results, exams = json.loads(pathways.read_text()), json.loads(exam_file.read_text())["methods"]
    count, (smallest, largest) = results["sets"], results["sizes"]
    if not count["tested"]:
        text = f"None of {count['sets']} gene sets has {smallest} to {largest} measured genes: nothing was tested."
        figure_style.draw_message(out, text)
        return
    methods = results["methods"]
    height = max(len(method_result["sets"]) for method_result in methods.values()) * 0.26 + 1.9
    figure, axes = new_figure(1, len(methods), width=7.5 * len(methods), height=max(height, 2.6), squeeze=False)
    for axis, (method, method_result) in zip(axes[0], methods.items(), strict=True):
        draw_sets(axis, method_result)
        passed, n = exams[method]["passed"], method_result["significant"]
        text = f"{method_title(method, exams[method])}\n{n['rank']} (ranks), {n['top']} (top genes) of {count['tested']} sets at FDR 0.05"
        axis.set_title(text, color="black" if passed else COLOURS[1], fontsize=10)
    draw_legend(figure)
    save_figure(figure, out)


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(job.input.pathways, job.input.exams, job.output.pathways)
