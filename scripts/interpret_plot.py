"""Draw attributions: importance of features, example by example, and the exams of each method."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from readsight.interpret.tabular_attribution import results
from readsight.interpret.tabular_attribution.results import NAMES, Attributed, title
from readsight.report.figure_style import COLOURS, new, save
from readsight.step import step

SHOWN = 15
# So many classes have room for a panel each.
PANELS = 8


def shade(held: dict[str, Any]) -> str:
    """Colour of a method's title and bars: a failed one is not blue."""
    return COLOURS[0] if held["passed"] else COLOURS[1]


def importance(found: dict[str, Any], data: Attributed, labels: dict[str, str], out: Path) -> None:
    """Bars of mean |attribution| with intervals, a panel a method."""
    methods = found["methods"]
    figure, axes = new(1, len(methods), width=7.5 * len(methods), height=0.3 * SHOWN + 1, squeeze=False)
    for axis, (method, held) in zip(axes[0], methods.items(), strict=True):
        rows = held["importance"][:SHOWN]
        place = range(len(rows))
        axis.barh(place, [r["value"] for r in rows], color=shade(held), hatch=None if held["passed"] else "//", alpha=0.85)
        low = [r["value"] - (r["low"] if r["low"] is not None else r["value"]) for r in rows]
        high = [(r["high"] if r["high"] is not None else r["value"]) - r["value"] for r in rows]
        axis.errorbar(
            [r["value"] for r in rows], place, xerr=np.maximum([low, high], 0), fmt="none", color="0.2", linewidth=1, capsize=2
        )
        axis.set_yticks(place, [labels.get(r["feature"], r["feature"]) for r in rows], fontsize=8)
        axis.invert_yaxis()
        axis.set(xlabel=f"mean |attribution| ({data.unit})")
        axis.set_title(title(method, held), color="black" if held["passed"] else COLOURS[1])
    save(figure, out)


def beeswarm(found: dict[str, Any], data: Attributed, labels: dict[str, str], out: Path) -> None:
    """A point an example and feature: attribution along x, the feature's value as colour; a row a method, a panel a class."""
    towards = data.outputs[:PANELS]
    rows, columns = (len(found["methods"]), len(towards)) if len(towards) > 1 else (1, len(found["methods"]))
    width = 3.5 + 3.2 * columns if len(towards) > 1 else 7.5 * columns
    figure, axes = new(rows, columns, width=width, height=(0.34 * SHOWN + 1) * rows, squeeze=False)
    flat = iter(axes.ravel())
    drawn = None
    for method, held in found["methods"].items():
        names = [r["feature"] for r in held["importance"][:SHOWN]]
        for output, name in enumerate(towards):
            axis = next(flat)
            drawn = swarm(axis, data, method, names, output) or drawn
            first = output == 0
            axis.set_yticks(range(len(names)), [labels.get(n, n) for n in names] if first else [], fontsize=8)
            axis.set_ylim(len(names) - 0.4, -0.6)
            axis.set(xlabel=f"attribution ({data.unit}; right: {f'towards {name}' if name else 'more of it'})")
            words = name if held["passed"] else f"{name}: FAILED"
            if first:
                words = title(method, held) + (f"\n{name}" if len(towards) > 1 else "")
            axis.set_title(words, color="black" if held["passed"] else COLOURS[1])
    bar = figure.colorbar(drawn, ax=list(axes.ravel()), fraction=0.03, ticks=[-2, 0, 2], aspect=40)
    bar.ax.set_yticklabels(["low", "mean", "high"])
    bar.set_label("feature value (z-score, held within ±2)")
    if len(data.outputs) > PANELS:
        figure.supxlabel(f"The first {PANELS} of {len(data.outputs)} classes are drawn.", fontsize=9)
    save(figure, out)


def swarm(axis: Any, data: Attributed, method: str, names: list[str], output: int) -> Any:
    """Points of the named features, a row each."""
    drawn = None
    for row, name in enumerate(names):
        at = data.feature.index(name)
        seen = np.isfinite(data.values[:, at])  # a fold whose selection left the feature out says nothing of it
        x, value = data.attributions[method][seen, at, output], data.values[seen, at]
        drawn = axis.scatter(x, row + spread(x), c=np.clip(value, -2, 2), cmap="cividis", vmin=-2, vmax=2, s=7, linewidths=0)
    axis.axvline(0, color="0.6", linewidth=1, zorder=0)
    return drawn


def spread(x: np.ndarray) -> np.ndarray:
    """Vertical shifts in [−0.38, 0.38] that keep points of like x apart."""
    if not len(x) or np.ptp(x) == 0:
        return np.linspace(-0.38, 0.38, len(x))
    bins = np.round((x - x.min()) / np.ptp(x) * 80).astype(int)
    shift = np.zeros(len(x))
    fullest = np.bincount(bins).max()
    for b in np.unique(bins):
        here = np.flatnonzero(bins == b)
        step_up = np.arange(len(here))
        shift[here] = np.where(step_up % 2, 1, -1) * ((step_up + 1) // 2) / max(fullest / 2, 1) * 0.38
    return shift


def exams(found: dict[str, Any], data: Attributed, labels: dict[str, str], out: Path) -> None:
    """A table: a row an exam of a method, with value, limit and outcome."""
    rows = []
    for method, held in found["methods"].items():
        for exam in held["exams"]:
            outcome = "passed" if exam["passed"] else f"FAILED: {exam['reason']}"
            value = f"{exam['value']:.1e}" if 0 < abs(exam["value"]) < 1e-3 else f"{exam['value']:.3f}"
            rows.append([NAMES.get(method, method), exam["exam"], value, f"≤ {exam['limit']}", outcome])
    figure, axis = new(width=7, height=0.3 * len(rows) + 0.5)
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
    save(figure, out)


def main(attributions: Path, examined: Path, described: Path, outputs: dict[str, Path]) -> None:
    """Draw all three figures."""
    found, data, labels = json.loads(examined.read_text()), results.read(attributions), results.labels(described, 52)
    for draw in (importance, beeswarm, exams):
        draw(found, data, labels, outputs[draw.__name__])


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(
            job.input.attributions,
            job.input.exams,
            job.input.features,
            {name: getattr(job.output, name) for name in ("importance", "beeswarm", "exams")},
        )
