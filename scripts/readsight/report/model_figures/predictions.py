"""Figures of predictions: confusion of classes, predicted against observed scores, survival of risk groups."""

import math
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.colors import LogNorm

from readsight.report.figure_style import COLOURS, draw_message, new_figure, save_figure
from readsight.report.model_figures.style import Evaluation, label_model, select_leading, select_plain

SIDES = {"high": COLOURS[1], "low": COLOURS[0]}
LABEL_CELLS = ("true positive", "missed", "false positive", "true negative")


def draw_confusion(evaluation: Evaluation, output: Path) -> None:
    """Confusion matrices of classes and of single labels; scatter of scores; survival curves of risk groups."""
    if evaluation["kind"] in DRAW_BY_KIND:
        DRAW_BY_KIND[evaluation["kind"]](evaluation, output)
        return
    tables = select_plain(evaluation, "confusion")
    has_many_classes = len(evaluation["facts"]["classes"]) > 6
    models = select_leading(evaluation, list(tables), 2 if has_many_classes else 8)
    if not models:
        draw_message(output, "No model predicts classes: there is no confusion matrix.")
        return
    matrices = {
        m: _normalise_labels(tables[m]) if evaluation["kind"] == "multilabel" else _normalise_classes(tables[m]) for m in models
    }
    rows, columns = matrices[models[0]][0].shape
    across = min(4, len(models)) if not has_many_classes else len(models)
    down = math.ceil(len(models) / across)
    side = 0.55 if max(rows, columns) <= 6 else 0.38
    longest = max(len(c) for c in evaluation["facts"]["classes"])
    size = {
        "width": across * max(2.3, side * columns + 0.3) + 0.09 * longest + 0.9,
        "height": down * (side * rows + 1.3 + 0.05 * longest),
    }
    figure, axes = new_figure(down, across, squeeze=False, sharey=True, **size)
    for axis, model in zip(axes.flat, models, strict=False):
        counts, shares = matrices[model]
        _draw_matrix(axis, counts, shares)
        axis.set_title(label_model(model, evaluation), fontsize=9)
        axis.set_yticks(range(rows), evaluation["facts"]["classes"], fontsize=8)
        names = LABEL_CELLS if evaluation["kind"] == "multilabel" else evaluation["facts"]["classes"]
        axis.set_xticks(range(columns), names, fontsize=8, rotation=35, ha="right", rotation_mode="anchor")
        axis.tick_params(length=0)
    for axis in axes.flat[len(models) :]:
        axis.axis("off")
    if evaluation["kind"] != "multilabel":
        bases = ", bases" if evaluation["kind"] == "positions" else ""
        figure.supxlabel(f"predicted (most probable class, calibrated{bases})", fontsize=9)
        figure.supylabel("true", fontsize=9)
    save_figure(figure, output)


def _normalise_classes(table: list[list[float]]) -> tuple[np.ndarray, np.ndarray]:
    """Counts, and their fractions of the true class."""
    counts = np.array(table, float)
    return counts, counts / np.maximum(counts.sum(axis=1, keepdims=True), 1e-9)


def _normalise_labels(table: list[list[list[float]]]) -> tuple[np.ndarray, np.ndarray]:
    """One row per label: true positives and misses as fractions of positives, false positives and true negatives of negatives."""
    counts = np.array(table, float)
    flat = np.stack([counts[:, 1, 1], counts[:, 1, 0], counts[:, 0, 1], counts[:, 0, 0]], axis=1)
    has, has_not = counts[:, 1].sum(axis=1), counts[:, 0].sum(axis=1)
    return flat, flat / np.maximum(np.stack([has, has, has_not, has_not], axis=1), 1e-9)


def _draw_matrix(axis: Any, counts: np.ndarray, shares: np.ndarray) -> None:
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="equal")
    for spine in axis.spines.values():
        spine.set_visible(False)
    is_integer = np.allclose(counts, np.round(counts))
    size = 9 if max(counts.shape) <= 6 else 7
    for (row, column), count in np.ndenumerate(counts):
        if count:
            shade = "white" if shares[row, column] > 0.6 else "black"
            axis.text(
                column,
                row,
                f"{count:.0f}" if is_integer else f"{count:.1f}",
                ha="center",
                va="center",
                color=shade,
                fontsize=size,
            )


def draw_risk_groups(evaluation: Evaluation, output: Path) -> None:
    """Survival of the halves below and above the median predicted risk, with numbers at risk below the axis."""
    groups_by_model = select_plain(evaluation, "risk_groups")
    models = select_leading(
        evaluation, [m for m, groups in groups_by_model.items() if groups["low"]["n"] and groups["high"]["n"]], 3
    )
    if not models:
        draw_message(output, "The models predict the same risk for all test samples: there are no groups to compare.")
        return
    figure, axes = new_figure(1, len(models), width=0.8 + 4.2 * len(models), height=4.6, sharey=True, squeeze=False)
    for axis, model in zip(axes[0], models, strict=True):
        for side, colour in SIDES.items():
            _draw_survival(
                axis,
                groups_by_model[model][side],
                colour,
                f"{side} risk (n = {groups_by_model[model][side]['n']}, {groups_by_model[model][side]['events']} events)",
            )
        p = groups_by_model[model]["p"]
        test_text = "" if p is None else f"\nlog-rank p {'< 0.0001' if p < 1e-4 else f'= {p:.2g}'}"
        axis.set_title(label_model(model, evaluation) + test_text, fontsize=10)
        axis.set(ylim=(0, 1.02), xlabel="\n\n\nfollow-up time")
        axis.set_xlim(left=0)
        for row, (side, colour) in enumerate(SIDES.items()):
            _draw_at_risk(axis, groups_by_model[model][side], colour, row)
        axis.legend(fontsize=8, loc="best")
    axes[0][0].set_ylabel("fraction without the event")
    axes[0][0].text(-0.045, -0.115, "at risk", transform=axes[0][0].transAxes, fontsize=7, ha="right", va="top")
    save_figure(figure, output)


def _draw_survival(axis: Any, curve: dict[str, Any], colour: str, legend: str) -> None:
    time = [0, *curve["time"]]
    axis.step(time, [1, *curve["value"]], where="post", color=colour, label=legend)
    axis.fill_between(time, [1, *curve["low"]], [1, *curve["high"]], step="post", color=colour, alpha=0.15, linewidth=0)
    indices = np.searchsorted(curve["time"], curve["censored"], side="right")
    axis.plot(curve["censored"], np.append(1, curve["value"])[indices], "|", color=colour, markersize=5)


def _draw_at_risk(axis: Any, curve: dict[str, Any], colour: str, row: int) -> None:
    for tick in axis.get_xticks():
        if 0 <= tick <= axis.get_xlim()[1]:
            axis.text(
                tick,
                -0.115 - 0.05 * row,
                str(_count_at_risk(curve, tick)),
                color=colour,
                fontsize=7,
                ha="center",
                va="top",
                transform=axis.get_xaxis_transform(),
            )


def _count_at_risk(curve: dict[str, Any], time: float) -> int:
    """Number of samples still followed at a time."""
    index = int(np.searchsorted(curve["time"], time, side="left"))
    return curve["at_risk"][index] if index < len(curve["time"]) else 0


def draw_numbers(evaluation: Evaluation, output: Path) -> None:
    """Predicted against observed scores (of profiles: totals), one panel per model; many examples as counts on a grid."""
    scatter_by_model = select_plain(evaluation, "scatter")
    models = select_leading(evaluation, list(scatter_by_model), 4)
    figure, axes = new_figure(1, len(models), width=1.2 + 3.4 * len(models), height=3.9, squeeze=False, sharex=True, sharey=True)
    metric, quantity = ("total_pearson", "total signal") if evaluation["kind"] == "profile" else ("pearson", "number")
    largest_count = max((np.max(scatter_by_model[model].get("counts", 2)) for model in models), default=2)
    for axis, model in zip(axes[0], models, strict=True):
        mappable = _draw_scatter(axis, scatter_by_model[model], LogNorm(1, max(largest_count, 2)))
        value = evaluation["metrics"][model][metric]["value"]
        axis.set_title(label_model(model, evaluation) + ("" if value is None else f"\nr = {value:.3f}"), fontsize=9)
        axis.axline((0, 0), slope=1, color="0.6", linestyle="--", linewidth=1, zorder=0)
    axes[0][0].set_ylabel(f"predicted {quantity}")
    figure.supxlabel(f"observed {quantity} (dashed: identity)", fontsize=10)
    if mappable is not None:
        figure.colorbar(mappable, ax=axes[0].tolist(), label="examples", shrink=0.8)
    save_figure(figure, output)


def _draw_scatter(axis: Any, scatter: dict[str, Any], norm: LogNorm) -> Any:
    """Points, or counts on a logarithmic scale; returns the mappable of the colour bar."""
    if "points" in scatter:
        axis.plot(*np.array(scatter["points"]).T, "o", color=COLOURS[0], markersize=2.5, alpha=0.5, markeredgewidth=0)
        return None
    counts = np.array(scatter["counts"]).T
    return axis.pcolormesh(
        scatter["observed"], scatter["predicted"], np.ma.masked_equal(counts, 0), cmap="viridis", norm=norm, rasterized=True
    )


DRAW_BY_KIND = {"survival": draw_risk_groups, "regression": draw_numbers, "profile": draw_numbers}
