"""Figures of feature attributions: importance, values per example, and the exams of each method."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from readsight.interpret.tabular_attribution import results
from readsight.interpret.tabular_attribution.results import METHOD_NAMES, FeatureAttributions, method_title
from readsight.report.figure_style import COLOURS, new_figure, save_figure
from readsight.step import step

SHOWN = 15
# Largest number of classes with one panel each.
MAX_PANELS = 8


def method_colour(result: dict[str, Any]) -> str:
    """Colour of a method's bars: methods that failed an exam are not blue."""
    return COLOURS[0] if result["passed"] else COLOURS[1]


def draw_importance(report: dict[str, Any], data: FeatureAttributions, labels: dict[str, str], out: Path) -> None:
    """Bars of mean |attribution| with intervals, one panel per method."""
    methods = report["methods"]
    figure, axes = new_figure(1, len(methods), width=7.5 * len(methods), height=0.3 * SHOWN + 1, squeeze=False)
    for axis, (method, result) in zip(axes[0], methods.items(), strict=True):
        rows = result["importance"][:SHOWN]
        positions = range(len(rows))
        axis.barh(
            positions,
            [r["value"] for r in rows],
            color=method_colour(result),
            hatch=None if result["passed"] else "//",
            alpha=0.85,
        )
        low = [r["value"] - (r["low"] if r["low"] is not None else r["value"]) for r in rows]
        high = [(r["high"] if r["high"] is not None else r["value"]) - r["value"] for r in rows]
        axis.errorbar(
            [r["value"] for r in rows],
            positions,
            xerr=np.maximum([low, high], 0),
            fmt="none",
            color="0.2",
            linewidth=1,
            capsize=2,
        )
        axis.set_yticks(positions, [labels.get(r["feature"], r["feature"]) for r in rows], fontsize=8)
        axis.invert_yaxis()
        axis.set(xlabel=f"mean |attribution| ({data.unit})")
        axis.set_title(method_title(method, result), color="black" if result["passed"] else COLOURS[1])
    save_figure(figure, out)


def draw_beeswarm(report: dict[str, Any], data: FeatureAttributions, labels: dict[str, str], out: Path) -> None:
    """One point per example and feature: attribution on the x axis, colour by feature value; one row per method, one panel per class."""
    output_names = data.outputs[:MAX_PANELS]
    rows, columns = (len(report["methods"]), len(output_names)) if len(output_names) > 1 else (1, len(report["methods"]))
    width = 3.5 + 3.2 * columns if len(output_names) > 1 else 7.5 * columns
    figure, axes = new_figure(rows, columns, width=width, height=(0.34 * SHOWN + 1) * rows, squeeze=False)
    panels = iter(axes.ravel())
    points = None
    for method, result in report["methods"].items():
        names = [r["feature"] for r in result["importance"][:SHOWN]]
        for output, name in enumerate(output_names):
            axis = next(panels)
            points = draw_points(axis, data, method, names, output) or points
            is_first = output == 0
            axis.set_yticks(range(len(names)), [labels.get(n, n) for n in names] if is_first else [], fontsize=8)
            axis.set_ylim(len(names) - 0.4, -0.6)
            axis.set(xlabel=f"attribution ({data.unit}; right: {f'towards {name}' if name else 'increase'})")
            text = name if result["passed"] else f"{name}: FAILED"
            if is_first:
                text = method_title(method, result) + (f"\n{name}" if len(output_names) > 1 else "")
            axis.set_title(text, color="black" if result["passed"] else COLOURS[1])
    bar = figure.colorbar(points, ax=list(axes.ravel()), fraction=0.03, ticks=[-2, 0, 2], aspect=40)
    bar.ax.set_yticklabels(["low", "mean", "high"])
    bar.set_label("feature value (z-score, clipped to ±2)")
    if len(data.outputs) > MAX_PANELS:
        figure.supxlabel(f"The first {MAX_PANELS} of {len(data.outputs)} classes are shown.", fontsize=9)
    save_figure(figure, out)


def draw_points(axis: Any, data: FeatureAttributions, method: str, names: list[str], output: int) -> Any:
    """Points of the named features, one row per feature."""
    points = None
    for row, name in enumerate(names):
        column = data.feature.index(name)
        is_used = np.isfinite(data.values[:, column])  # folds whose selection excluded the feature have no attribution for it
        x, value = data.attributions[method][is_used, column, output], data.values[is_used, column]
        points = axis.scatter(
            x, row + spread_points(x), c=np.clip(value, -2, 2), cmap="cividis", vmin=-2, vmax=2, s=7, linewidths=0
        )
    axis.axvline(0, color="0.6", linewidth=1, zorder=0)
    return points


def spread_points(x: np.ndarray) -> np.ndarray:
    """Vertical shifts in [−0.38, 0.38] that separate points of similar x."""
    if not len(x) or np.ptp(x) == 0:
        return np.linspace(-0.38, 0.38, len(x))
    bins = np.round((x - x.min()) / np.ptp(x) * 80).astype(int)
    shift = np.zeros(len(x))
    fullest = np.bincount(bins).max()
    for b in np.unique(bins):
        members = np.flatnonzero(bins == b)
        step_up = np.arange(len(members))
        shift[members] = np.where(step_up % 2, 1, -1) * ((step_up + 1) // 2) / max(fullest / 2, 1) * 0.38
    return shift


def draw_exam_table(report: dict[str, Any], out: Path) -> None:
    """A table with one row per exam and method: value, limit and outcome."""
    rows = []
    for method, result in report["methods"].items():
        for exam in result["exams"]:
            outcome = "passed" if exam["passed"] else f"FAILED: {exam['reason']}"
            value = f"{exam['value']:.1e}" if 0 < abs(exam["value"]) < 1e-3 else f"{exam['value']:.3f}"
            rows.append([METHOD_NAMES.get(method, method), exam["exam"], value, f"≤ {exam['limit']}", outcome])
    figure, axis = new_figure(width=7, height=0.3 * len(rows) + 0.5)
    axis.axis("off")
    table = axis.table(
        rows, colLabels=["method", "exam", "value", "limit", "outcome"], loc="center", cellLoc="left", edges="horizontal"
    )
    table.auto_set_font_size(False)
    table.set_fontsize(9)
    table.scale(1, 1.35)
    table.auto_set_column_width(range(5))
    for (row, column), cell in table.get_celld().items():
        if row == 0:
            cell.set_text_props(weight="bold")
        elif column == 4:
            cell.set_text_props(color=COLOURS[2] if rows[row - 1][4] == "passed" else COLOURS[1])
    save_figure(figure, out)


def main(attributions: Path, examined: Path, described: Path, outputs: dict[str, Path]) -> None:
    """Draw all three figures."""
    report, data = json.loads(examined.read_text()), results.read_attributions(attributions)
    labels = results.read_labels(described, 52)
    draw_importance(report, data, labels, outputs["importance"])
    draw_beeswarm(report, data, labels, outputs["beeswarm"])
    draw_exam_table(report, outputs["exams"])


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(
            job.input.attributions,
            job.input.exams,
            job.input.features,
            {name: getattr(job.output, name) for name in ("importance", "beeswarm", "exams")},
        )
