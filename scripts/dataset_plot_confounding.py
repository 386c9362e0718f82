"""Plot which batches contain which classes, and how well the batch alone predicts the label."""

import json
import textwrap
from pathlib import Path
from typing import Any

import numpy as np

from readsight.report.figure_style import COLOURS, new_figure, save_figure
from readsight.step import step

MAX_BATCHES = 25  # rows of the heat map; the largest batches are shown
MAX_TARGETS = 12  # labels shown, the most confounded ones
SCORE_NAMES = {
    "balanced_accuracy": "balanced accuracy",
    "auroc": "AUROC",
    "macro_auroc": "macro AUROC",
    "c_index": "concordance C",
}
MAX_NAME_LENGTH = 22  # longest name, in characters


def select_targets(targets: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The plotted targets, in their original order."""
    selected = sorted(range(len(targets)), key=lambda i: -(targets[i]["cramers_v"]["value"] or 0))[:MAX_TARGETS]
    return [targets[i] for i in sorted(selected)]


def count_cells(targets: list[dict[str, Any]]) -> tuple[np.ndarray, np.ndarray, list[str], list[str]]:
    """Counts and fractions of each batch (batches, columns), with batch and column names; largest batch first.

    A column is a class or, for multilabel outcomes, the samples with one label.
    """
    batches = targets[0]["batches"]
    sizes = np.array(targets[0]["counts"]).sum(axis=1)
    if len(targets) == 1 and not targets[0]["name"]:
        counts, columns = np.array(targets[0]["counts"]), targets[0]["classes"]
    else:
        counts = np.stack([np.array(target["counts"])[:, 1] for target in targets], axis=1)
        columns = [target["name"] for target in targets]
    order = np.argsort(-sizes, kind="stable")[:MAX_BATCHES]
    names = [f"{shorten_name(batches[i])} ({sizes[i]})" for i in order]
    return counts[order], counts[order] / np.maximum(sizes[order, None], 1), names, [shorten_name(c) for c in columns]


def shorten_name(name: str) -> str:
    return name if len(name) <= MAX_NAME_LENGTH else name[: MAX_NAME_LENGTH - 1] + "…"


def draw_counts(figure: Any, axis: Any, targets: list[dict[str, Any]], batch: str) -> None:
    """Heat map: colour is the fraction of the batch, the number in each cell counts samples."""
    counts, fractions, names, columns = count_cells(targets)
    image = axis.imshow(fractions, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for (row, column), n in np.ndenumerate(counts):
        colour = "white" if fractions[row, column] > 0.6 else "black"
        axis.text(column, row, str(n), ha="center", va="center", color=colour, fontsize=8 if len(names) < 20 else 6)
    is_long = max(map(len, columns)) * len(columns) > 36
    axis.set_xticks(range(len(columns)), columns, rotation=40 if is_long else 0, ha="right" if is_long else "center", fontsize=8)
    axis.set_yticks(range(len(names)), names, fontsize=8 if len(names) < 20 else 6)
    axis.spines[:].set_visible(False)
    axis.tick_params(length=0)
    hidden_count = len(targets[0]["batches"]) - len(names)
    axis.set_title(
        f"Samples of each batch ({shorten_name(batch)})" + (f", {hidden_count} smaller ones not shown" if hidden_count else "")
    )
    figure.colorbar(image, ax=axis, label="fraction of the batch", shrink=0.8)


def list_scores(targets: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any], float]]:
    """Rows of the right panel: name, value with interval, and the value expected by chance."""
    rows = []
    for target in targets:
        start = f"{shorten_name(target['name'])}: " if target["name"] else ""
        cells = {"Cramér's V": (target["cramers_v"], 0.0)}
        # one score per label keeps the panel readable
        keys = [key for key in target["scores"] if not (target["name"] and key == "balanced_accuracy")]
        cells |= {SCORE_NAMES[key]: (target["scores"][key], target["chance"][key]) for key in keys}
        rows += [(start + name, cell, chance) for name, (cell, chance) in cells.items() if cell["value"] is not None]
    return rows


def draw_scores(axis: Any, rows: list[tuple[str, dict[str, Any], float]]) -> None:
    """Points with intervals; a grey tick shows chance."""
    for position, (_, cell, chance) in enumerate(rows):
        is_above = cell["low"] is not None and cell["low"] > chance
        axis.plot(
            [chance, chance], [position - 0.32, position + 0.32], color=COLOURS[7], lw=3, label="" if position else "chance"
        )
        if cell["low"] is not None:
            axis.plot([cell["low"], cell["high"]], [position, position], color=COLOURS[1 if is_above else 0], lw=2)
        axis.plot(cell["value"], position, "o", color=COLOURS[1 if is_above else 0])
        axis.text(1.03, position, f"{cell['value']:.2f}", va="center", fontsize=8)
    axis.set_yticks(range(len(rows)), [name for name, _, _ in rows], fontsize=8 if len(rows) < 16 else 6)
    axis.set(xlim=(-0.02, 1.02), ylim=(len(rows) - 0.4, -0.6), xlabel="0: no association, 1: complete")
    axis.set_title("Prediction from the batch alone")


def main(confounding: Path, out: Path) -> None:
    """One figure with two panels; a strong confounding is stated in the title."""
    findings = json.loads(confounding.read_text())
    targets = select_targets(findings["targets"])
    rows = list_scores(targets)
    height = max(3.4, 1.6 + 0.24 * min(MAX_BATCHES, len(targets[0]["batches"])), 1.6 + 0.2 * len(rows))
    figure, (left, right) = new_figure(1, 2, width=10.5, height=height, gridspec_kw={"width_ratios": [1.3, 1]})
    draw_counts(figure, left, targets, findings["batch"])
    if rows:
        draw_scores(right, rows)
        figure.legend(loc="outside lower right", fontsize=8)
    else:
        right.axis("off")
        right.text(0.5, 0.5, textwrap.fill(findings["words"], 40), ha="center", va="center")
    if findings["strong"]:
        figure.suptitle("Batch and label are STRONGLY confounded", color=COLOURS[1], x=0.01, ha="left", fontsize=12)
    save_figure(figure, out)


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(job.input.confounding, job.output.confounding)
