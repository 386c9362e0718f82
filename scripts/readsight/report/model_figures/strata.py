"""Figure of scores on strata of the test sequences."""

from pathlib import Path

from readsight.report.figure_style import draw_message, new_figure, save_figure
from readsight.report.model_figures.scores import get_chance_levels
from readsight.report.model_figures.style import Evaluation, assign_colours, label_metric, label_model

TITLES = {"gc": "GC", "repeat": "repeats", "chromosome": "chromosome"}
MAX_ROWS = 30  # rows per panel


def draw_strata(evaluation: Evaluation, output: Path) -> None:
    """The primary metric by GC content, repeats and chromosome, one panel each, with the models' usual colours."""
    strata = evaluation.get("strata")
    if not strata:
        draw_message(output, "Strata by GC content, repeats and chromosome exist for sequences only.")
        return
    panels = {by: [row for row in strata["rows"] if row["by"] == by][:MAX_ROWS] for by in TITLES}
    panels = {by: rows for by, rows in panels.items() if rows}
    models, shade = list(strata["rows"][0]["models"]), assign_colours(evaluation)
    deepest = max(map(len, panels.values()))
    figure, axes = new_figure(
        1, len(panels), width=2.5 + 3.6 * len(panels), height=1.7 + 0.42 * deepest, sharex=True, squeeze=False
    )
    line = get_chance_levels(evaluation).get(strata["metric"])
    for axis, (by, rows) in zip(axes[0], panels.items(), strict=True):
        for position, row in enumerate(rows):
            for number, model in enumerate(models):
                cell, y = row["models"][model], position + 0.16 * (2 * number - len(models) + 1)
                if cell["value"] is None:
                    axis.text(
                        0.98,
                        y,
                        "not defined",
                        transform=axis.get_yaxis_transform(),
                        fontsize=7,
                        color="0.5",
                        ha="right",
                        va="center",
                    )
                    continue
                if cell["low"] is not None:
                    axis.plot([cell["low"], cell["high"]], [y, y], color=shade[model], linewidth=1.6, solid_capstyle="butt")
                axis.plot(cell["value"], y, "o", color=shade[model], markersize=4.5)
        if line:
            axis.axvline(line[0], color="0.6", linestyle="--", linewidth=1, zorder=0)
        axis.set_yticks(range(len(rows)), [f"{row['name']}  (n = {row['examples']:,})" for row in rows], fontsize=8)
        axis.set_ylim(deepest - 0.4, -0.6)
        axis.set_title(TITLES[by], fontsize=10)
    for model in models:
        axes[0][0].plot([], [], "o-", color=shade[model], markersize=4.5, label=label_model(model, evaluation))
    figure.legend(*axes[0][0].get_legend_handles_labels(), loc="outside upper left", ncols=len(models), fontsize=8)
    figure.supxlabel(label_metric(strata["metric"], evaluation) + (f"; dashed: {line[1]}" if line else ""), fontsize=9)
    save_figure(figure, output)
