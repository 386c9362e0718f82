"""Heat map of samples by their most important features, with class, prediction and batch."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from readsight.interpret.tabular_attribution import results
from readsight.interpret.tabular_attribution.results import FeatureAttributions, method_title, shorten
from readsight.report import figure_style
from readsight.report.figure_style import COLOURS, new_figure, save_figure
from readsight.step import step

GENES = 30
# Largest number of samples with names on the axis.
MAX_NAMED = 45
LIMIT = 2.5


def sort_samples(cases: pd.DataFrame, survival: bool) -> list[int]:
    """Rows of the cases sorted by class and then by prediction (survival: by hazard only)."""
    keys = ["order"] if survival else ["truth", "order"]
    return list(cases.reset_index(drop=True).sort_values(keys, kind="stable").index)


def build_palette(rows: list[tuple[str, list[str]]]) -> dict[str, dict[str, str]]:
    """Kind of annotation → value → colour: class and prediction share colours, batches have different ones."""
    values_by_kind: dict[str, set[str]] = {}
    for name, values in rows:
        values_by_kind.setdefault("class" if name == "predicted" else name, set()).update(values)
    starts = {"class": 0, "batch": 3}
    return {
        kind: {value: COLOURS[(starts[kind] + i) % len(COLOURS)] for i, value in enumerate(sorted(kind_values))}
        for kind, kind_values in values_by_kind.items()
    }


def draw_bars(axis: Any, rows: list[tuple[str, list[str]]], palette: dict[str, dict[str, str]]) -> None:
    """Colour bars above the heat map: one row per kind of annotation, one column per sample."""
    for y, (name, values) in enumerate(rows):
        colours = palette["class" if name == "predicted" else name]
        for x, value in enumerate(values):
            axis.add_patch(figure_style.plt.Rectangle((x - 0.5, y - 0.42), 1, 0.84, color=colours[value], linewidth=0))
    axis.set_xlim(-0.5, len(rows[0][1]) - 0.5)
    axis.set_ylim(len(rows) - 0.5, -0.5)
    axis.set_yticks(range(len(rows)), [name for name, _ in rows], fontsize=8)
    axis.set_xticks([])
    axis.spines[:].set_visible(False)
    axis.tick_params(length=0)


def draw_heatmap(
    report: dict[str, Any], data: FeatureAttributions, cases: pd.DataFrame, labels: dict[str, str], out: Path
) -> None:
    """Samples (columns, by class and prediction) × most important features (rows), z-scores, with annotation bars above."""
    method = results.choose_method(report["methods"])
    result, survival = report["methods"][method], data.unit == "log hazard"
    names = [row["feature"] for row in result["importance"][:GENES]]
    order = sort_samples(cases, survival)
    values = data.values[np.ix_(order, [data.feature.index(n) for n in names])].T
    sorted_cases = cases.iloc[order]
    rows = [] if survival else [("class", list(sorted_cases["truth"])), ("predicted", list(sorted_cases["guess"]))]
    if sorted_cases["batch"].nunique() > 1:
        rows.append(("batch", list(sorted_cases["batch"])))
    width = min(14.0, 5.5 + max(4.0, 0.13 * len(order)))
    heights = [0.22 * max(len(rows), 0.1), 0.21 * len(names)]
    figure, axes = new_figure(2, 1, width=width, height=sum(heights) + 2.4, height_ratios=heights)
    palette = build_palette(rows)
    if rows:
        draw_bars(axes[0], rows, palette)
    else:
        axes[0].axis("off")
    axis = axes[1]
    axis.set_facecolor("0.8")
    image = axis.imshow(
        np.clip(values, -LIMIT, LIMIT), aspect="auto", cmap="RdBu_r", vmin=-LIMIT, vmax=LIMIT, interpolation="none"
    )
    axis.set_yticks(range(len(names)), [labels.get(n, n) for n in names], fontsize=7)
    has_names = len(order) <= MAX_NAMED
    axis.set_xticks(
        range(len(order)) if has_names else [],
        [shorten(s, 24) for s in sorted_cases["example"]] if has_names else [],
        rotation=90,
        fontsize=7,
    )
    axis.set_xlabel(f"{len(order)} test samples, by " + ("predicted hazard" if survival else "class and predicted probability"))
    axis.spines[:].set_visible(False)
    figure.colorbar(image, ax=list(axes), label=f"value (z-score, clipped to ±{LIMIT:g})", fraction=0.025, aspect=35)
    axes[0].set_title(f"Features by {method_title(method, result)}", color="black" if result["passed"] else COLOURS[1])
    legend_handles = [
        figure_style.plt.Rectangle((0, 0), 1, 1, color=colour, label=f"{kind}: {shorten(value, 30)}")
        for kind, colours in palette.items()
        for value, colour in colours.items()
    ]
    if legend_handles:
        figure.legend(handles=legend_handles, loc="outside lower center", ncols=min(4, len(legend_handles)), fontsize=8)
    save_figure(figure, out)


def main(attributions: Path, examined: Path, cases: Path, described: Path, out: Path) -> None:
    report, data = json.loads(examined.read_text()), results.read_attributions(attributions)
    draw_heatmap(report, data, pd.read_parquet(cases), results.read_labels(described, 36), out)


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(job.input.attributions, job.input.exams, job.input.cases, job.input.features, job.output.heatmap)
