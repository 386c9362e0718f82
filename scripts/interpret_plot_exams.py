"""Draw how each attribution method of a model of sequences fared in its exams, and its curves of deletion and insertion."""

import json
import textwrap
from pathlib import Path
from typing import Any

from matplotlib.patches import Rectangle

from readsight.interpret.tabular_attribution.results import NAMES
from readsight.report.figure_style import COLOURS, empty, new, save
from readsight.step import step

GREEN, ORANGE, GREY = "#D5EBE3", "#F8D9C4", "#EEEEEE"  # pale bluish green and vermilion of the colour-blind-safe palette
WIDTH = 18  # letters of a line in a head
LEFT, TOP, CELL = 2.7, 0.92, (1.5, 0.5)  # inches: names of exams, heads of methods, a cell
LOWEST, HIGHEST = -1.5, 3.0  # of curves that are drawn
COLUMNS = 3  # panels of curves side by side

LINES = {
    "random_deletion": ("deleted at random", "0.45", "--"),
    "random_insertion": ("inserted at random", "0.45", ":"),
    "deletion": ("deleted", COLOURS[1], "-"),
    "insertion": ("inserted", COLOURS[0], "-"),
}


def number(value: float) -> str:
    """A value in few letters; what is below 0.001 is told as that."""
    if value == 0:
        return "0"
    if abs(value) < 5e-4:
        return "< 0.001" if value > 0 else "> −0.001"
    return (f"{value:.3f}" if abs(value) < 0.01 else f"{value:.2f}").replace("-", "−")


def words(row: dict[str, Any]) -> tuple[str, str, str]:
    """What a cell says: value, interval and outcome."""
    if row["value"] is None:
        return "n.d.", "", ""
    ends = None if row["low"] is None else (number(row["low"]), number(row["high"]))
    interval = "" if ends is None else ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"
    outcome = "told" if row["limit"] is None else "pass" if row["passed"] else "FAILED"
    return number(row["value"]), interval, outcome


def shade(row: dict[str, Any]) -> str:
    if row["value"] is None or (row["limit"] is None and row["passed"]):
        return GREY
    return GREEN if row["passed"] else ORANGE


def notes(methods: dict[str, Any]) -> list[str]:
    """What the table's cells have no room for: why a method failed, and why an exam is not defined."""
    failed: dict[str, list[str]] = {}
    for method, held in methods.items():
        for row in held["exams"]:
            if not row["passed"]:
                failed.setdefault(f"{row['exam']}: {row['reason']}", []).append(NAMES.get(method, method))
    found = [f"FAILED {what} ({', '.join(names)})." for what, names in failed.items()]
    why: dict[str, list[str]] = {}
    for held in methods.values():
        for row in held["exams"]:
            if row["value"] is None and row["exam"] not in why.setdefault(row["reason"], []):
                why[row["reason"]].append(row["exam"])
    found += [f"n.d., not defined ({', '.join(exams)}): {reason.removeprefix('not defined: ')}." for reason, exams in why.items()]
    return [*found, "Under a value: its 95 % interval over groups of examples. Told: a value that is not judged."]


def table(found: dict[str, Any], out: Path) -> None:
    """A row an exam, a column a method: value, 95 % interval, pass or FAILED; the limit beside the exam."""
    methods = found["methods"]
    exams = [row for row in next(iter(methods.values()))["exams"]]
    width = LEFT + CELL[0] * len(methods) + 0.1
    below = [line for note in notes(methods) for line in textwrap.wrap(note, round(15 * width), subsequent_indent="    ")]
    height = TOP + CELL[1] * len(exams) + 0.15 + 0.16 * len(below)
    figure, axis = new(width=width, height=height)
    axis.set(xlim=(0, width), ylim=(height, 0))
    axis.axis("off")
    for column, (method, held) in enumerate(methods.items()):
        x = LEFT + CELL[0] * column
        name = "\n".join(textwrap.wrap(NAMES.get(method, method), WIDTH))
        failed = sum(not row["passed"] for row in held["exams"])
        told = f"FAILED {failed} exam{'s' * (failed > 1)}" if failed else "all exams passed"
        axis.text(x + CELL[0] / 2, 0.3, name, ha="center", va="center", fontsize=10, weight="bold")
        axis.text(x + CELL[0] / 2, 0.68, told, ha="center", va="center", fontsize=8.5, color=COLOURS[1] if failed else COLOURS[2])
        for line, row in enumerate(held["exams"]):
            cell(axis, x, TOP + CELL[1] * line, row)
    for line, row in enumerate(exams):
        y = TOP + CELL[1] * (line + 0.5)
        axis.text(0.08, y - 0.09, row["exam"], va="center", fontsize=9)
        limit = "no limit" if row["limit"] is None else f"limit: {row['side']} {row['limit']:g}"
        axis.text(0.08, y + 0.12, limit, va="center", fontsize=7.5, color="0.4")
    for line, text in enumerate(below):
        axis.text(0.08, TOP + CELL[1] * len(exams) + 0.2 + 0.16 * line, text, va="center", fontsize=7.5, color="0.3")
    save(figure, out)


def cell(axis: Any, x: float, y: float, row: dict[str, Any]) -> None:
    """A cell of the table, its corner at x, y."""
    (value, interval, outcome), (width, height) = words(row), CELL
    failed, judged = outcome == "FAILED", row["limit"] is not None
    box = Rectangle((x + 0.03, y + 0.025), width - 0.06, height - 0.05, facecolor=shade(row), linewidth=0)
    box.set(hatch="///" if failed else None, edgecolor="#F0BE9C" if failed else "none")
    axis.add_patch(box)
    middle = y + height / 2
    if not outcome:
        axis.text(x + width / 2, middle, value, ha="center", va="center", fontsize=9, color="0.5")
        return
    up = 0.09 if interval else 0
    colour = COLOURS[1] if failed else "0.25" if judged else "0.5"
    axis.text(x + 0.1, middle - up, value, va="center", fontsize=9.5)
    axis.text(x + 0.1, middle + 0.13, interval, va="center", fontsize=6.5, color="0.35")
    weight = "bold" if failed else "normal"
    axis.text(x + width - 0.1, middle - up, outcome, ha="right", va="center", fontsize=8.5, weight=weight, color=colour)


def curves(found: dict[str, Any], out: Path) -> None:
    """What is left of the output's change while places are deleted, and inserted: a panel a method, random orders in grey."""
    drawn = {method: held for method, held in found["methods"].items() if held.get("curves")}
    if not drawn:
        empty(out, "No method gave attributions that are numbers: there are no curves.")
        return
    columns = min(COLUMNS, len(drawn))
    rows = -(-len(drawn) // columns)
    figure, axes = new(rows, columns, width=3.9 * columns + 0.6, height=3.1 * rows + 0.9, squeeze=False, sharex=True, sharey=True)
    for axis in axes.ravel()[len(drawn) :]:
        axis.axis("off")
    for axis, (method, held) in zip(axes.ravel(), drawn.items(), strict=False):
        panel(axis, held)
        axis.set_title(headed(method, held), fontsize=10, color="black" if held["passed"] else COLOURS[1])
    for axis in axes.ravel()[max(0, len(drawn) - columns) : len(drawn)]:
        axis.tick_params(labelbottom=True)
    values = [v for held in drawn.values() for name in LINES for v in held["curves"][name]["value"] if v is not None]
    if values:
        axes[0][0].set_ylim(max(LOWEST, min(values) - 0.45), min(HIGHEST, max(values) + 0.2))
    figure.supxlabel("places exchanged, the method's foremost first (%)", fontsize=10)
    figure.supylabel("what is left of the output's change\n(1: the sequence, 0: its shuffles)", fontsize=10)
    figure.legend(*axes[0][0].get_legend_handles_labels(), loc="outside upper left", ncols=2, fontsize=9)
    save(figure, out)


def panel(axis: Any, held: dict[str, Any]) -> None:
    """The four curves of a method, with bands."""
    own = held["curves"]
    x = [100 * part for part in own["parts"]]
    for name, (label, colour, style) in LINES.items():
        curve = own[name]
        if None not in curve["low"]:
            axis.fill_between(x, curve["low"], curve["high"], color=colour, alpha=0.18, linewidth=0)
        axis.plot(x, curve["value"], color=colour, linestyle=style, linewidth=1.6, label=label)
    for height in (0, 1):
        axis.axhline(height, color="0.85", linewidth=0.8, zorder=0)
    areas = {row["exam"]: row for row in held["exams"] if row["exam"] in ("deletion", "insertion")}
    told = [f"{name} {row['value']:.2f}{'' if row['passed'] else ' FAILED'}" for name, row in areas.items()]
    axis.text(
        0.98, 0.03, "area against random: " + ", ".join(told), transform=axis.transAxes, ha="right", fontsize=7.5, color="0.3"
    )


def headed(method: str, held: dict[str, Any]) -> str:
    """A method's name, and what it failed, in lines that a panel has room for."""
    failed = [row["exam"] for row in held["exams"] if not row["passed"]]
    name = NAMES.get(method, method)
    return "\n".join([name, *textwrap.wrap(f"FAILED {', '.join(failed)}", 46, max_lines=2, placeholder=" …")]) if failed else name


def main(examined: Path, outputs: dict[str, Path]) -> None:
    """Draw both figures. examined: exams.json."""
    found = json.loads(examined.read_text())
    for draw in (table, curves):
        draw(found, outputs[draw.__name__])


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(job.input.exams, {name: getattr(job.output, name) for name in ("table", "curves")})
