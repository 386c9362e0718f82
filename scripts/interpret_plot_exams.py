"""Figures of the exams of attribution methods of a sequence model: a table of results, and deletion and insertion curves."""

import json
import textwrap
from pathlib import Path
from typing import Any

from matplotlib.patches import Rectangle

from readsight.interpret.tabular_attribution.results import METHOD_NAMES
from readsight.report.figure_style import COLOURS, draw_message, new_figure, save_figure
from readsight.step import step

GREEN, ORANGE, GREY = "#D5EBE3", "#F8D9C4", "#EEEEEE"  # pale bluish green and vermilion of the colour-blind-safe palette
WIDTH = 18  # characters per line of a column header
LEFT, TOP, CELL = 2.7, 0.92, (1.5, 0.5)  # inches: names of exams, column headers, one cell
LOWEST, HIGHEST = -1.5, 3.0  # limits of the drawn curves
COLUMNS = 3  # panels of curves per row

LINES = {
    "random_deletion": ("deleted at random", "0.45", "--"),
    "random_insertion": ("inserted at random", "0.45", ":"),
    "deletion": ("deleted", COLOURS[1], "-"),
    "insertion": ("inserted", COLOURS[0], "-"),
}


def format_number(value: float) -> str:
    """A number in few characters; values below 0.001 are abbreviated."""
    if value == 0:
        return "0"
    if abs(value) < 5e-4:
        return "< 0.001" if value > 0 else "> −0.001"
    return (f"{value:.3f}" if abs(value) < 0.01 else f"{value:.2f}").replace("-", "−")


def format_cell(row: dict[str, Any]) -> tuple[str, str, str]:
    """Texts of a cell: value, interval and outcome."""
    if row["value"] is None:
        return "n.d.", "", ""
    ends = None if row["low"] is None else (format_number(row["low"]), format_number(row["high"]))
    interval = "" if ends is None else ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"
    outcome = "reported" if row["limit"] is None else "pass" if row["passed"] else "FAILED"
    return format_number(row["value"]), interval, outcome


def cell_colour(row: dict[str, Any]) -> str:
    if row["value"] is None or (row["limit"] is None and row["passed"]):
        return GREY
    return GREEN if row["passed"] else ORANGE


def build_notes(methods: dict[str, Any]) -> list[str]:
    """Footnotes of the table: why methods failed, and why exams are not defined."""
    failed: dict[str, list[str]] = {}
    for method, result in methods.items():
        for row in result["exams"]:
            if not row["passed"]:
                failed.setdefault(f"{row['exam']}: {row['reason']}", []).append(METHOD_NAMES.get(method, method))
    lines = [f"FAILED {failure} ({', '.join(names)})." for failure, names in failed.items()]
    exams_by_reason: dict[str, list[str]] = {}
    for result in methods.values():
        for row in result["exams"]:
            if row["value"] is None and row["exam"] not in exams_by_reason.setdefault(row["reason"], []):
                exams_by_reason[row["reason"]].append(row["exam"])
    lines += [
        f"n.d., not defined ({', '.join(exams)}): {reason.removeprefix('not defined: ')}."
        for reason, exams in exams_by_reason.items()
    ]
    return [*lines, "Below each value: its 95 % interval over groups of examples. Reported: a value without a limit."]


def draw_table(report: dict[str, Any], out: Path) -> None:
    """One row per exam, one column per method: value, 95 % interval, pass or FAILED; the limit below the exam's name."""
    methods = report["methods"]
    exams = [row for row in next(iter(methods.values()))["exams"]]
    width = LEFT + CELL[0] * len(methods) + 0.1
    note_lines = [
        line for note in build_notes(methods) for line in textwrap.wrap(note, round(15 * width), subsequent_indent="    ")
    ]
    height = TOP + CELL[1] * len(exams) + 0.15 + 0.16 * len(note_lines)
    figure, axis = new_figure(width=width, height=height)
    axis.set(xlim=(0, width), ylim=(height, 0))
    axis.axis("off")
    for column, (method, result) in enumerate(methods.items()):
        x = LEFT + CELL[0] * column
        name = "\n".join(textwrap.wrap(METHOD_NAMES.get(method, method), WIDTH))
        failed = sum(not row["passed"] for row in result["exams"])
        status = f"FAILED {failed} exam{'s' * (failed > 1)}" if failed else "all exams passed"
        axis.text(x + CELL[0] / 2, 0.3, name, ha="center", va="center", fontsize=10, weight="bold")
        axis.text(
            x + CELL[0] / 2, 0.68, status, ha="center", va="center", fontsize=8.5, color=COLOURS[1] if failed else COLOURS[2]
        )
        for line, row in enumerate(result["exams"]):
            draw_cell(axis, x, TOP + CELL[1] * line, row)
    for line, row in enumerate(exams):
        y = TOP + CELL[1] * (line + 0.5)
        axis.text(0.08, y - 0.09, row["exam"], va="center", fontsize=9)
        limit = "no limit" if row["limit"] is None else f"limit: {row['side']} {row['limit']:g}"
        axis.text(0.08, y + 0.12, limit, va="center", fontsize=7.5, color="0.4")
    for line, text in enumerate(note_lines):
        axis.text(0.08, TOP + CELL[1] * len(exams) + 0.2 + 0.16 * line, text, va="center", fontsize=7.5, color="0.3")
    save_figure(figure, out)


def draw_cell(axis: Any, x: float, y: float, row: dict[str, Any]) -> None:
    """A cell of the table with its upper left corner at x, y."""
    (value, interval, outcome), (width, height) = format_cell(row), CELL
    is_failed, is_judged = outcome == "FAILED", row["limit"] is not None
    box = Rectangle((x + 0.03, y + 0.025), width - 0.06, height - 0.05, facecolor=cell_colour(row), linewidth=0)
    box.set(hatch="///" if is_failed else None, edgecolor="#F0BE9C" if is_failed else "none")
    axis.add_patch(box)
    middle = y + height / 2
    if not outcome:
        axis.text(x + width / 2, middle, value, ha="center", va="center", fontsize=9, color="0.5")
        return
    shift = 0.09 if interval else 0
    colour = COLOURS[1] if is_failed else "0.25" if is_judged else "0.5"
    axis.text(x + 0.1, middle - shift, value, va="center", fontsize=9.5)
    axis.text(x + 0.1, middle + 0.13, interval, va="center", fontsize=6.5, color="0.35")
    weight = "bold" if is_failed else "normal"
    axis.text(x + width - 0.1, middle - shift, outcome, ha="right", va="center", fontsize=8.5, weight=weight, color=colour)


def draw_curves(report: dict[str, Any], out: Path) -> None:
    """Remaining change of the output during deletion and insertion of positions: one panel per method, random orders in grey."""
    results = {method: result for method, result in report["methods"].items() if result.get("curves")}
    if not results:
        draw_message(out, "No method gave finite attributions: there are no curves.")
        return
    columns = min(COLUMNS, len(results))
    rows = -(-len(results) // columns)
    figure, axes = new_figure(
        rows, columns, width=3.9 * columns + 0.6, height=3.1 * rows + 0.9, squeeze=False, sharex=True, sharey=True
    )
    for axis in axes.ravel()[len(results) :]:
        axis.axis("off")
    for axis, (method, result) in zip(axes.ravel(), results.items(), strict=False):
        draw_panel(axis, result)
        axis.set_title(panel_title(method, result), fontsize=10, color="black" if result["passed"] else COLOURS[1])
    for axis in axes.ravel()[max(0, len(results) - columns) : len(results)]:
        axis.tick_params(labelbottom=True)
    values = [v for result in results.values() for name in LINES for v in result["curves"][name]["value"] if v is not None]
    if values:
        axes[0][0].set_ylim(max(LOWEST, min(values) - 0.45), min(HIGHEST, max(values) + 0.2))
    figure.supxlabel("positions replaced, most important first (%)", fontsize=10)
    figure.supylabel("remaining change of the output\n(1: sequence, 0: shuffles)", fontsize=10)
    figure.legend(*axes[0][0].get_legend_handles_labels(), loc="outside upper left", ncols=2, fontsize=9)
    save_figure(figure, out)


def draw_panel(axis: Any, result: dict[str, Any]) -> None:
    """The four curves of a method, with bands."""
    curves = result["curves"]
    x = [100 * fraction for fraction in curves["parts"]]
    for name, (label, colour, style) in LINES.items():
        curve = curves[name]
        if None not in curve["low"]:
            axis.fill_between(x, curve["low"], curve["high"], color=colour, alpha=0.18, linewidth=0)
        axis.plot(x, curve["value"], color=colour, linestyle=style, linewidth=1.6, label=label)
    for level in (0, 1):
        axis.axhline(level, color="0.85", linewidth=0.8, zorder=0)
    areas = {row["exam"]: row for row in result["exams"] if row["exam"] in ("deletion", "insertion")}
    area_texts = [f"{name} {row['value']:.2f}{'' if row['passed'] else ' FAILED'}" for name, row in areas.items()]
    axis.text(
        0.98,
        0.03,
        "area relative to random: " + ", ".join(area_texts),
        transform=axis.transAxes,
        ha="right",
        fontsize=7.5,
        color="0.3",
    )


def panel_title(method: str, result: dict[str, Any]) -> str:
    """A method's name and the exams it failed, wrapped to the width of a panel."""
    failed = [row["exam"] for row in result["exams"] if not row["passed"]]
    name = METHOD_NAMES.get(method, method)
    return "\n".join([name, *textwrap.wrap(f"FAILED {', '.join(failed)}", 46, max_lines=2, placeholder=" …")]) if failed else name


def main(examined: Path, outputs: dict[str, Path]) -> None:
    """Draw both figures. examined: exams.json."""
    report = json.loads(examined.read_text())
    draw_table(report, outputs["table"])
    draw_curves(report, outputs["curves"])


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(job.input.exams, {name: getattr(job.output, name) for name in ("table", "curves")})
