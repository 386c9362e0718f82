"""Figures of scores as points and intervals: models and baselines, paired comparisons, variability over splits."""

from pathlib import Path
from typing import Any

import numpy as np

from readsight.evaluation.verdict.findings import is_plain_model
from readsight.models.model_spec import ModelSpec
from readsight.report.figure_style import COLOURS, draw_message, new_figure, save_figure
from readsight.report.model_figures.style import (
    GREY,
    Evaluation,
    assign_colours,
    label_metric,
    label_model,
    place_rows,
    wrap_text,
)
from readsight.wording import BALANCE_PHRASES, METRIC_NAMES

PANELS = {
    "calls": ("auroc", "auprc", "brier"),
    "binary": ("accuracy", "balanced_accuracy", "auroc", "brier"),
    "multiclass": ("accuracy", "balanced_accuracy", "macro_auroc", "brier"),
    "multilabel": ("macro_auprc", "macro_auroc", "exact_match", "hamming"),
    "survival": ("c_index", "uno_c"),
    "sequences": ("auroc", "auprc", "mcc", "brier"),
    "regression": ("pearson", "spearman", "r2", "mse"),
    "positions": ("top_k", "macro_auprc", "log_loss"),
    "profile": ("profile_pearson", "total_pearson", "deviance_explained"),
}
BETTER, WORSE = COLOURS[0], COLOURS[1]


def get_chance_levels(evaluation: Evaluation) -> dict[str, tuple[float, str]]:
    """Metric → its value by chance, and the label of the line."""
    lines = {metric: (0.5, "chance") for metric in ("auroc", "macro_auroc", "c_index", "uno_c")}
    lines |= dict.fromkeys(("mcc", "pearson", "spearman", "total_pearson"), (0.0, "chance"))
    facts = evaluation["facts"]
    if evaluation["kind"] == "positions" and facts["chance"] is not None:
        return lines | dict.fromkeys(("top_k", "macro_auprc"), (facts["chance"], "fraction of sites"))
    if "chance" not in facts:
        return lines
    if "base_rate" in facts:
        lines["auprc"] = (facts["base_rate"], "base rate")
    lines["balanced_accuracy" if evaluation["kind"] != "multilabel" else "macro_auprc"] = (facts["chance"], "chance")
    if base := evaluation["metrics"].get("base_rate", {}).get("accuracy"):
        lines["accuracy"] = (base["value"], "most common class")
    return lines


def draw_performance(evaluation: Evaluation, output: Path) -> None:
    """Points with intervals, one panel per metric and one row per model; the headline is the title."""
    panels = PANELS[{"auprc": "calls", "auroc": "sequences"}.get(evaluation["primary"], evaluation["kind"])]
    shade, rows, lines = assign_colours(evaluation), place_rows(list(evaluation["metrics"])), get_chance_levels(evaluation)
    headline, headline_height = wrap_text(evaluation["headline"], 190 if len(panels) > 2 else 125)
    depth = max(rows.values()) + 1
    figure, axes = new_figure(
        1, len(panels), width=13 if len(panels) > 2 else 9, height=0.34 * depth + 1.1 + headline_height, sharey=True
    )
    for axis, metric in zip(axes, panels, strict=True):
        for model, y in rows.items():
            draw_point(axis, evaluation["metrics"][model].get(metric), y, shade[model], is_hollow=not is_plain_model(model))
        if metric in lines:
            line, line_label = lines[metric]
            axis.axvline(line, color="0.6", linestyle="--", linewidth=1, zorder=0)
            axis.text(
                line, 1.0, line_label, fontsize=8, color="0.4", ha="center", va="bottom", transform=axis.get_xaxis_transform()
            )
        axis.margins(x=0.08)
        axis.set_xlabel(label_metric(metric, evaluation), fontsize=9)
    axes[0].set_yticks(list(rows.values()), [label_model(m, evaluation) for m in rows], fontsize=9)
    axes[0].set_ylim(max(rows.values()) + 0.6, -0.8)
    figure.suptitle(headline, fontsize=9, x=0.01, ha="left")
    save_figure(figure, output)


def draw_point(
    axis: Any, cell: dict[str, Any] | None, y: float, colour: str, is_hollow: bool = False, form: str = "{:.3f}"
) -> None:
    """A value with its interval and label."""
    if cell is None or cell["value"] is None:
        return
    if cell["low"] is not None:
        axis.plot([cell["low"], cell["high"]], [y, y], color=colour, linewidth=1.8, solid_capstyle="butt")
    axis.plot(cell["value"], y, "o", color=colour, markersize=5, markerfacecolor="white" if is_hollow else colour)
    text = form.format(cell["value"]).replace("-", "−")
    axis.annotate(text, (cell["value"], y), xytext=(0, 4), textcoords="offset points", ha="center", fontsize=7)


def draw_variability(evaluation: Evaluation, output: Path) -> None:
    """One strip per model: its score on each split, quartiles, and the given split."""
    variability = {
        model: model_variability for model, model_variability in evaluation["luck"].items() if model_variability["values"]
    }
    if not variability:
        given = evaluation["facts"]["given"]
        message = (
            "The given split is the only split of this task (split.resplits is 0)" if given else "This task has a single split"
        )
        draw_message(output, f"{message}: variability over splits is unknown.")
        return
    first_model = next(iter(variability.values()))
    shade, rows = assign_colours(evaluation), place_rows(list(variability))
    figure, axis = new_figure(width=8.5, height=0.34 * (max(rows.values()) + 1) + 1.5)
    for model, y in rows.items():
        values, q = np.sort(variability[model]["values"]), variability[model]["quantiles"]
        axis.plot(
            [q["lower_quartile"], q["upper_quartile"]], [y, y], color=shade[model], linewidth=7, alpha=0.25, solid_capstyle="butt"
        )
        axis.plot(values, y + spread_points(values), "o", color=shade[model], markersize=3, alpha=0.7, markeredgewidth=0)
        axis.plot([q["median"]] * 2, [y - 0.3, y + 0.3], color=shade[model], linewidth=2)
        if variability[model]["given"] is not None:
            axis.plot(
                variability[model]["given"], y, "D", color="black", markersize=6, markerfacecolor="none", markeredgewidth=1.3
            )
            percentile = f"above {variability[model]['percentile']:.0f} %"
            axis.text(1.01, y, percentile, transform=axis.get_yaxis_transform(), fontsize=8, va="center")
    metric, count = METRIC_NAMES.get(first_model["metric"], first_model["metric"]), len(first_model["values"])
    given = first_model["given"] is not None
    axis.set_yticks(list(rows.values()), [label_model(m, evaluation) for m in rows], fontsize=9)
    axis.set_ylim(max(rows.values()) + 0.6, -0.6)
    axis.set_xlabel(metric)
    message = f"Each point: one of {count} {first_model['of']}. Line: median; band: interquartile range."
    message += "\n◇: the given split; on the right, the percentage of splits below it." if given else ""
    figure.suptitle(message, fontsize=9, x=0.01, ha="left")
    save_figure(figure, output)


def spread_points(values: np.ndarray) -> np.ndarray:
    """Shifts within ±0.25 that separate nearly equal values. values: sorted."""
    shift = np.zeros(len(values))
    reach = 0.012 * max(values[-1] - values[0], 1e-9)
    for i in range(1, len(values)):
        is_close = values[i] - values[i - 1] <= reach
        shift[i] = shift[i - 1] + 1 if is_close else 0
    most = max(shift.max(), 4)
    return np.where(shift % 2, -1, 1) * np.ceil(shift / 2) * 0.5 / most


def draw_comparisons(evaluation: Evaluation, output: Path) -> None:
    """Paired differences of the primary metric: first model minus each baseline, balances, joint minus single modalities."""
    sections = {
        heading: rows
        for heading, rows in (_list_differences(evaluation), _list_balances(evaluation), _list_modalities(evaluation))
        if rows
    }
    if not sections:
        draw_message(output, "This task has one model: there is nothing to compare it with.")
        return
    count = sum(len(rows) + 1.4 for rows in sections.values())
    figure, axis = new_figure(width=9.5, height=0.3 * count + 1.2)
    y, ticks, names = 0.0, [], []
    for heading, rows in sections.items():
        axis.text(0.005, y, heading, transform=axis.get_yaxis_transform(), fontsize=9, fontweight="bold", va="center")
        y += 1
        for text, cell in rows:
            is_significant = cell["low"] is not None and (cell["low"] > 0 or cell["high"] < 0)
            draw_point(axis, cell, y, (BETTER if cell["value"] > 0 else WORSE) if is_significant else GREY, form="{:+.3f}")
            ticks.append(y)
            names.append(text)
            y += 1
        y += 0.4
    axis.axvline(0, color="0.3", linewidth=1, zorder=0)
    axis.set_yticks(ticks, names, fontsize=9)
    axis.set_ylim(y - 0.4, -0.8)
    axis.set_xlabel(
        f"difference in {METRIC_NAMES.get(evaluation['primary'], evaluation['primary'])}, 95 % interval (grey: contains 0)"
    )
    save_figure(figure, output)


Rows = tuple[str, list[tuple[str, dict[str, Any]]]]


def _list_differences(evaluation: Evaluation) -> Rows:
    metric = evaluation["primary"]
    cells = {
        m: metric_cells[metric]
        for m, metric_cells in evaluation["differences"].items()
        if is_plain_model(m) and metric_cells[metric]["value"] is not None
    }
    return f"{label_model(evaluation['first'], evaluation)} minus …", [
        (label_model(m, evaluation), cell) for m, cell in cells.items()
    ]


def _list_balances(evaluation: Evaluation) -> Rows:
    rows = [row for row in evaluation["balances"] if row["difference"][evaluation["primary"]]["value"] is not None]
    task_balance = BALANCE_PHRASES.get(rows[0]["own"], "the task's balance") if rows else ""
    return f"alternative balances minus {task_balance.removeprefix('with ')}", [
        (label_model(row["variant"], evaluation), row["difference"][evaluation["primary"]]) for row in rows
    ]


def _list_modalities(evaluation: Evaluation) -> Rows:
    rows = [row for row in evaluation["modalities"] if row["difference"][evaluation["primary"]]["value"] is not None]
    return "all modalities minus a single modality", [
        (
            f"{label_model(row['joined'], evaluation)} minus {_label_single_modality(row, evaluation)}",
            row["difference"][evaluation["primary"]],
        )
        for row in rows
    ]


def _label_single_modality(row: dict[str, Any], evaluation: Evaluation) -> str:
    """`mrna alone` for the same model, otherwise the display name."""
    is_same_model = ModelSpec.parse(row["alone"]).model == row["joined"]
    return f"{row['modality']} alone" if is_same_model else label_model(row["alone"], evaluation)
