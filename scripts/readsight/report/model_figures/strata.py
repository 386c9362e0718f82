"""Scores on parts of the test sequences."""

from pathlib import Path

from readsight.report.figure_style import empty, new, save
from readsight.report.model_figures.scores import chance
from readsight.report.model_figures.style import Found, colours, label, title

TITLES = {"gc": "GC", "repeat": "repeats", "chromosome": "chromosome"}
MOST = 30  # rows of a panel


def strata(found: Found, out: Path) -> None:
    """The primary metric by GC, repeats and chromosome, a panel each; a colour a model, as in the other figures."""
    own = found.get("strata")
    if not own:
        empty(out, "Scores are told by GC, repeats and chromosome of sequences alone.")
        return
    panels = {by: [row for row in own["rows"] if row["by"] == by][:MOST] for by in TITLES}
    panels = {by: rows for by, rows in panels.items() if rows}
    models, shade = list(own["rows"][0]["models"]), colours(found)
    deepest = max(map(len, panels.values()))
    figure, axes = new(1, len(panels), width=2.5 + 3.6 * len(panels), height=1.7 + 0.42 * deepest, sharex=True, squeeze=False)
    line = chance(found).get(own["metric"])
    for axis, (by, rows) in zip(axes[0], panels.items(), strict=True):
        for place, row in enumerate(rows):
            for number, model in enumerate(models):
                cell, y = row["models"][model], place + 0.16 * (2 * number - len(models) + 1)
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
        axes[0][0].plot([], [], "o-", color=shade[model], markersize=4.5, label=label(model, found))
    figure.legend(*axes[0][0].get_legend_handles_labels(), loc="outside upper left", ncols=len(models), fontsize=8)
    figure.supxlabel(title(own["metric"], found) + (f"; dashed: {line[1]}" if line else ""), fontsize=9)
    save(figure, out)
