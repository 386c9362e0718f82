"""Scores of models as points and intervals: beside their baselines, against each other, and over divisions."""

from pathlib import Path
from typing import Any

import numpy as np

from readsight.evaluation.verdict.findings import plainly
from readsight.models.model_spec import Variant
from readsight.report.figure_style import COLOURS, empty, new, save
from readsight.report.model_figures.style import GREY, Found, colours, label, places, title, wrapped
from readsight.wording import BALANCES, METRICS

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


def chance(found: Found) -> dict[str, tuple[float, str]]:
    """Metric → what it is by chance, and the words for it."""
    lines = {metric: (0.5, "chance") for metric in ("auroc", "macro_auroc", "c_index", "uno_c")}
    lines |= dict.fromkeys(("mcc", "pearson", "spearman", "total_pearson"), (0.0, "chance"))
    facts = found["facts"]
    if found["kind"] == "positions" and facts["chance"] is not None:
        return lines | dict.fromkeys(("top_k", "macro_auprc"), (facts["chance"], "share of sites"))
    if "chance" not in facts:
        return lines
    if "base_rate" in facts:
        lines["auprc"] = (facts["base_rate"], "base rate")
    lines["balanced_accuracy" if found["kind"] != "multilabel" else "macro_auprc"] = (facts["chance"], "chance")
    if base := found["metrics"].get("base_rate", {}).get("accuracy"):
        lines["accuracy"] = (base["value"], "commonest class")
    return lines


def performance(found: Found, out: Path) -> None:
    """Points with intervals, a panel a metric, a row a model; the verdict above them."""
    panels = PANELS[{"auprc": "calls", "auroc": "sequences"}.get(found["primary"], found["kind"])]
    shade, rows, lines = colours(found), places(list(found["metrics"])), chance(found)
    words, above = wrapped(found["headline"], 190 if len(panels) > 2 else 125)
    depth = max(rows.values()) + 1
    figure, axes = new(1, len(panels), width=13 if len(panels) > 2 else 9, height=0.34 * depth + 1.1 + above, sharey=True)
    for axis, metric in zip(axes, panels, strict=True):
        for model, y in rows.items():
            point(axis, found["metrics"][model].get(metric), y, shade[model], hollow=not plainly(model))
        if metric in lines:
            line, what = lines[metric]
            axis.axvline(line, color="0.6", linestyle="--", linewidth=1, zorder=0)
            axis.text(line, 1.0, what, fontsize=8, color="0.4", ha="center", va="bottom", transform=axis.get_xaxis_transform())
        axis.margins(x=0.08)
        axis.set_xlabel(title(metric, found), fontsize=9)
    axes[0].set_yticks(list(rows.values()), [label(m, found) for m in rows], fontsize=9)
    axes[0].set_ylim(max(rows.values()) + 0.6, -0.8)
    figure.suptitle(words, fontsize=9, x=0.01, ha="left")
    save(figure, out)


def point(axis: Any, cell: dict[str, Any] | None, y: float, colour: str, hollow: bool = False, form: str = "{:.3f}") -> None:
    """A value with its interval and its number."""
    if cell is None or cell["value"] is None:
        return
    if cell["low"] is not None:
        axis.plot([cell["low"], cell["high"]], [y, y], color=colour, linewidth=1.8, solid_capstyle="butt")
    axis.plot(cell["value"], y, "o", color=colour, markersize=5, markerfacecolor="white" if hollow else colour)
    text = form.format(cell["value"]).replace("-", "−")
    axis.annotate(text, (cell["value"], y), xytext=(0, 4), textcoords="offset points", ha="center", fontsize=7)


def luck(found: Found, out: Path) -> None:
    """A strip a model: its score on each division, their quartiles, and the given split marked."""
    own = {model: of for model, of in found["luck"].items() if of["values"]}
    if not own:
        given = found["facts"]["given"]
        words = (
            "The given split is the only division of this task (split.resplits is 0)" if given else "This task has one division"
        )
        empty(out, f"{words}: its luck cannot be told.")
        return
    some = next(iter(own.values()))
    shade, rows = colours(found), places(list(own))
    figure, axis = new(width=8.5, height=0.34 * (max(rows.values()) + 1) + 1.5)
    for model, y in rows.items():
        values, q = np.sort(own[model]["values"]), own[model]["quantiles"]
        axis.plot(
            [q["lower_quartile"], q["upper_quartile"]], [y, y], color=shade[model], linewidth=7, alpha=0.25, solid_capstyle="butt"
        )
        axis.plot(values, y + spread(values), "o", color=shade[model], markersize=3, alpha=0.7, markeredgewidth=0)
        axis.plot([q["median"]] * 2, [y - 0.3, y + 0.3], color=shade[model], linewidth=2)
        if own[model]["given"] is not None:
            axis.plot(own[model]["given"], y, "D", color="black", markersize=6, markerfacecolor="none", markeredgewidth=1.3)
            at = f"above {own[model]['percentile']:.0f} %"
            axis.text(1.01, y, at, transform=axis.get_yaxis_transform(), fontsize=8, va="center")
    metric, count = METRICS.get(some["metric"], some["metric"]), len(some["values"])
    given = some["given"] is not None
    axis.set_yticks(list(rows.values()), [label(m, found) for m in rows], fontsize=9)
    axis.set_ylim(max(rows.values()) + 0.6, -0.6)
    axis.set_xlabel(metric)
    words = f"Each point: one of {count} {some['of']}. Line: their median; band: their middle half."
    words += "\n◇: the given split; at the right, the part of the divisions that it scores above." if given else ""
    figure.suptitle(words, fontsize=9, x=0.01, ha="left")
    save(figure, out)


def spread(values: np.ndarray) -> np.ndarray:
    """Shifts within ±0.25 that keep equal values apart. values: sorted."""
    shift = np.zeros(len(values))
    reach = 0.012 * max(values[-1] - values[0], 1e-9)
    for place in range(1, len(values)):
        near = values[place] - values[place - 1] <= reach
        shift[place] = shift[place - 1] + 1 if near else 0
    most = max(shift.max(), 4)
    return np.where(shift % 2, -1, 1) * np.ceil(shift / 2) * 0.5 / most


def comparisons(found: Found, out: Path) -> None:
    """Paired differences of the primary metric: the first model less the others, balances, modalities together less alone."""
    sections = {words: rows for words, rows in (_against(found), _balances(found), _modalities(found)) if rows}
    if not sections:
        empty(out, "This task has one model: there is nothing to compare it with.")
        return
    count = sum(len(rows) + 1.4 for rows in sections.values())
    figure, axis = new(width=9.5, height=0.3 * count + 1.2)
    y, ticks, names = 0.0, [], []
    for words, rows in sections.items():
        axis.text(0.005, y, words, transform=axis.get_yaxis_transform(), fontsize=9, fontweight="bold", va="center")
        y += 1
        for text, cell in rows:
            sure = cell["low"] is not None and (cell["low"] > 0 or cell["high"] < 0)
            point(axis, cell, y, (BETTER if cell["value"] > 0 else WORSE) if sure else GREY, form="{:+.3f}")
            ticks.append(y)
            names.append(text)
            y += 1
        y += 0.4
    axis.axvline(0, color="0.3", linewidth=1, zorder=0)
    axis.set_yticks(ticks, names, fontsize=9)
    axis.set_ylim(y - 0.4, -0.8)
    axis.set_xlabel(f"difference in {METRICS.get(found['primary'], found['primary'])}, 95 % interval (grey: it holds 0)")
    save(figure, out)


Rows = tuple[str, list[tuple[str, dict[str, Any]]]]


def _against(found: Found) -> Rows:
    metric = found["primary"]
    cells = {m: own[metric] for m, own in found["differences"].items() if plainly(m) and own[metric]["value"] is not None}
    return f"{label(found['first'], found)} less …", [(label(m, found), cell) for m, cell in cells.items()]


def _balances(found: Found) -> Rows:
    rows = [row for row in found["balances"] if row["difference"][found["primary"]]["value"] is not None]
    own = BALANCES.get(rows[0]["own"], "the task's own balance") if rows else ""
    return f"other balances less {own.removeprefix('with ')}", [
        (label(row["variant"], found), row["difference"][found["primary"]]) for row in rows
    ]


def _modalities(found: Found) -> Rows:
    rows = [row for row in found["modalities"] if row["difference"][found["primary"]]["value"] is not None]
    return "all modalities together less one alone", [
        (f"{label(row['joined'], found)} less {_short(row, found)}", row["difference"][found["primary"]]) for row in rows
    ]


def _short(row: dict[str, Any], found: Found) -> str:
    """`mrna alone` of the same model; the whole name of another."""
    same = Variant.of(row["alone"]).model == row["joined"]
    return f"{row['modality']} alone" if same else label(row["alone"], found)
