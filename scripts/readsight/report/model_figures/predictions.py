"""What models make of each class: confusion; of numbers, predicted beside observed; for survival, the risk groups' curves."""

import math
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.colors import LogNorm

from readsight.report.figure_style import COLOURS, empty, new, save
from readsight.report.model_figures.style import Found, label, leading, plain

SIDES = {"high": COLOURS[1], "low": COLOURS[0]}
CELLS = ("found", "missed", "false alarm", "rightly not")


def confusion(found: Found, out: Path) -> None:
    """True against predicted classes; for labels what became of each; of numbers both; for survival, curves of the two halves by risk."""
    if found["kind"] in OTHERWISE:
        OTHERWISE[found["kind"]](found, out)
        return
    tables = plain(found, "confusion")
    many = len(found["facts"]["classes"]) > 6
    models = leading(found, list(tables), 2 if many else 8)
    if not models:
        empty(out, "No model says classes: there is no confusion to draw.")
        return
    drawn = {m: _labels(tables[m]) if found["kind"] == "multilabel" else _classes(tables[m]) for m in models}
    rows, columns = drawn[models[0]][0].shape
    across = min(4, len(models)) if not many else len(models)
    down = math.ceil(len(models) / across)
    side = 0.55 if max(rows, columns) <= 6 else 0.38
    longest = max(len(c) for c in found["facts"]["classes"])
    size = {
        "width": across * max(2.3, side * columns + 0.3) + 0.09 * longest + 0.9,
        "height": down * (side * rows + 1.3 + 0.05 * longest),
    }
    figure, axes = new(down, across, squeeze=False, sharey=True, **size)
    for axis, model in zip(axes.flat, models, strict=False):
        counts, shares = drawn[model]
        _matrix(axis, counts, shares)
        axis.set_title(label(model, found), fontsize=9)
        axis.set_yticks(range(rows), found["facts"]["classes"], fontsize=8)
        names = CELLS if found["kind"] == "multilabel" else found["facts"]["classes"]
        axis.set_xticks(range(columns), names, fontsize=8, rotation=35, ha="right", rotation_mode="anchor")
        axis.tick_params(length=0)
    for axis in axes.flat[len(models) :]:
        axis.axis("off")
    if found["kind"] != "multilabel":
        bases = ", bases" if found["kind"] == "positions" else ""
        figure.supxlabel(f"predicted (likeliest class, calibrated{bases})", fontsize=9)
        figure.supylabel("true", fontsize=9)
    save(figure, out)


def _classes(table: list[list[float]]) -> tuple[np.ndarray, np.ndarray]:
    """Counts, and their shares of the true class."""
    counts = np.array(table, float)
    return counts, counts / np.maximum(counts.sum(axis=1, keepdims=True), 1e-9)


def _labels(table: list[list[list[float]]]) -> tuple[np.ndarray, np.ndarray]:
    """A row a label: found and missed as shares of those that have it, false alarms and the rest of those that have not."""
    counts = np.array(table, float)
    flat = np.stack([counts[:, 1, 1], counts[:, 1, 0], counts[:, 0, 1], counts[:, 0, 0]], axis=1)
    has, has_not = counts[:, 1].sum(axis=1), counts[:, 0].sum(axis=1)
    return flat, flat / np.maximum(np.stack([has, has, has_not, has_not], axis=1), 1e-9)


def _matrix(axis: Any, counts: np.ndarray, shares: np.ndarray) -> None:
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="equal")
    for spine in axis.spines.values():
        spine.set_visible(False)
    whole = np.allclose(counts, np.round(counts))
    size = 9 if max(counts.shape) <= 6 else 7
    for (row, column), count in np.ndenumerate(counts):
        if count:
            shade = "white" if shares[row, column] > 0.6 else "black"
            axis.text(
                column, row, f"{count:.0f}" if whole else f"{count:.1f}", ha="center", va="center", color=shade, fontsize=size
            )


def risk_groups(found: Found, out: Path) -> None:
    """Survival of the halves below and above the median predicted risk, with those still at risk under the axis."""
    own = plain(found, "risk_groups")
    models = leading(found, [m for m, of in own.items() if of["low"]["n"] and of["high"]["n"]], 3)
    if not models:
        empty(out, "The models give all test samples one risk: there are no groups to compare.")
        return
    figure, axes = new(1, len(models), width=0.8 + 4.2 * len(models), height=4.6, sharey=True, squeeze=False)
    for axis, model in zip(axes[0], models, strict=True):
        for side, colour in SIDES.items():
            _survival(
                axis, own[model][side], colour, f"{side} risk (n = {own[model][side]['n']}, {own[model][side]['events']} events)"
            )
        p = own[model]["p"]
        words = "" if p is None else f"\nlog-rank p {'< 0.0001' if p < 1e-4 else f'= {p:.2g}'}"
        axis.set_title(label(model, found) + words, fontsize=10)
        axis.set(ylim=(0, 1.02), xlabel="\n\n\nfollow-up time")
        axis.set_xlim(left=0)
        for place, (side, colour) in enumerate(SIDES.items()):
            _at_risk(axis, own[model][side], colour, place)
        axis.legend(fontsize=8, loc="best")
    axes[0][0].set_ylabel("part without the event")
    axes[0][0].text(-0.045, -0.115, "at risk", transform=axes[0][0].transAxes, fontsize=7, ha="right", va="top")
    save(figure, out)


def _survival(axis: Any, curve: dict[str, Any], colour: str, words: str) -> None:
    time = [0, *curve["time"]]
    axis.step(time, [1, *curve["value"]], where="post", color=colour, label=words)
    axis.fill_between(time, [1, *curve["low"]], [1, *curve["high"]], step="post", color=colour, alpha=0.15, linewidth=0)
    at = np.searchsorted(curve["time"], curve["censored"], side="right")
    axis.plot(curve["censored"], np.append(1, curve["value"])[at], "|", color=colour, markersize=5)


def _at_risk(axis: Any, curve: dict[str, Any], colour: str, row: int) -> None:
    for tick in axis.get_xticks():
        if 0 <= tick <= axis.get_xlim()[1]:
            axis.text(
                tick,
                -0.115 - 0.05 * row,
                str(_still(curve, tick)),
                color=colour,
                fontsize=7,
                ha="center",
                va="top",
                transform=axis.get_xaxis_transform(),
            )


def _still(curve: dict[str, Any], time: float) -> int:
    """How many are followed at least until a time."""
    place = int(np.searchsorted(curve["time"], time, side="left"))
    return curve["at_risk"][place] if place < len(curve["time"]) else 0


def numbers(found: Found, out: Path) -> None:
    """Predicted against observed numbers (of profiles, totals): a panel a model; many examples as counts on a grid."""
    own = plain(found, "scatter")
    models = leading(found, list(own), 4)
    figure, axes = new(1, len(models), width=1.2 + 3.4 * len(models), height=3.9, squeeze=False, sharex=True, sharey=True)
    metric, words = ("total_pearson", "total signal") if found["kind"] == "profile" else ("pearson", "number")
    most = max((np.max(own[model].get("counts", 2)) for model in models), default=2)
    for axis, model in zip(axes[0], models, strict=True):
        drawn = _scatter(axis, own[model], LogNorm(1, max(most, 2)))
        value = found["metrics"][model][metric]["value"]
        axis.set_title(label(model, found) + ("" if value is None else f"\nr = {value:.3f}"), fontsize=9)
        axis.axline((0, 0), slope=1, color="0.6", linestyle="--", linewidth=1, zorder=0)
    axes[0][0].set_ylabel(f"predicted {words}")
    figure.supxlabel(f"observed {words} (dashed: they are equal)", fontsize=10)
    if drawn is not None:
        figure.colorbar(drawn, ax=axes[0].tolist(), label="examples", shrink=0.8)
    save(figure, out)


def _scatter(axis: Any, own: dict[str, Any], norm: LogNorm) -> Any:
    """Points, or counts on a logarithmic scale: then what a colour bar is drawn of."""
    if "points" in own:
        axis.plot(*np.array(own["points"]).T, "o", color=COLOURS[0], markersize=2.5, alpha=0.5, markeredgewidth=0)
        return None
    counts = np.array(own["counts"]).T
    return axis.pcolormesh(
        own["observed"], own["predicted"], np.ma.masked_equal(counts, 0), cmap="viridis", norm=norm, rasterized=True
    )


OTHERWISE = {"survival": risk_groups, "regression": numbers, "profile": numbers}
