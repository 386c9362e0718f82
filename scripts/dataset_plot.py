"""Draw a split's certificate: what is in each test fold, sizes of the groups, leakage beside that of a random split."""

import json
from pathlib import Path
from typing import Any

from readsight.figures import COLOURS, new, save
from readsight.step import step

KINDS = {
    "same_group": "group also\ntrained on",
    "neighbour": "neighbour\ntrained on",
    "near_profile": "near-duplicate\ntrained on",
    "same_features": "twin in all\nfeatures",
}
SIDES = (("random", COLOURS[7], "random split"), ("split", COLOURS[0], "this split"), ("redrawn", COLOURS[2], "drawn anew"))
SPREAD = 12  # more folds than this are not labelled one by one
NAMED = 16  # letters of a name that a legend has room for


def colours(count: int) -> list[str]:
    """A colour for each class; of two the first is the warm one."""
    return [COLOURS[1], COLOURS[0]] if count == 2 else [COLOURS[i % len(COLOURS)] for i in range(count)]


def short(name: str) -> str:
    """A name that fits a legend."""
    return name if len(name) <= NAMED else name[: NAMED - 1] + "…"


def label_of(row: dict[str, Any], found: dict[str, Any]) -> str:
    """What a test fold is called: repeat and fold, from 1; of a given split `given`, and the number of those drawn anew."""
    if "given" in found:
        return f"{row['fold'] + 1}" if row["repeat"] else "given"
    return f"{row['repeat'] + 1}.{row['fold'] + 1}"


def draw_classes(axis: Any, found: dict[str, Any]) -> None:
    """What each test fold holds: stacked bars of classes, or of events; of several labels at once, the part that has each."""
    rows = [row for row in found["folds"] if row["role"] == "test"]
    several = found.get("kind") == "multilabel"
    bottom, highest = [0] * len(rows), 0.0
    names = found["class_names"]
    for place, (name, colour) in enumerate(zip(names, colours(len(names)), strict=True)):
        heights = [row["classes"][str(place)] for row in rows]
        label = f"{short(name)} ({found['classes'][str(place)]})"
        if several:
            parts = [100 * n / row["examples"] for n, row in zip(heights, rows, strict=True)]
            axis.plot(range(len(rows)), parts, "o-", color=colour, label=label, lw=1, ms=4)
            highest = max(highest, *parts)
            continue
        axis.bar(range(len(rows)), heights, bottom=bottom, color=colour, label=label)
        bottom = [a + b for a, b in zip(bottom, heights, strict=True)]
    shown = range(0, len(rows), 1 + len(rows) // SPREAD)
    axis.set_xticks(list(shown), [label_of(rows[i], found) for i in shown])
    # Room for the legend, which grows by a line for every two names.
    room = 1.1 + 0.11 * -(-len(names) // 2)
    what = {"multilabel": "Labels", "survival": "Events"}.get(found.get("kind", ""), "Classes")
    axis.set(
        xlabel="split: given, and drawn anew" if "given" in found else "repeat.fold",
        ylabel="test examples that have it (%)" if several else "test examples",
        title=f"{what} of each test fold",
        ylim=(0, room * max(highest, *bottom, 1)),
    )
    axis.legend(loc="upper right", ncols=2, fontsize=8)


def draw_groups(axis: Any, found: dict[str, Any]) -> None:
    """Groups by size."""
    sizes, divided = found["groups"]["sizes"], len(found.get("given", {}).get("divided_groups", []))
    axis.bar(range(1, len(sizes) + 1), sizes, width=1, color=COLOURS[0])
    axis.set(
        xlabel="group, largest first",
        ylabel="examples",
        xlim=(0.5, max(10, len(sizes)) + 0.5),
        title=f"{found['groups']['count']} groups, " + (f"{divided} divided by the given split" if divided else "never divided"),
    )
    axis.yaxis.get_major_locator().set_params(integer=True)


def draw_leakage(axis: Any, found: dict[str, Any]) -> None:
    """Bars side by side: part of the test examples with a relative on the training side."""
    kinds = [kind for kind in KINDS if kind in found["leakage"]["split"]]
    sides = [side for side in SIDES if side[0] in found["leakage"]]
    width = 0.8 / len(sides)
    for place, (which, colour, label) in enumerate(sides):
        heights = [100 * found["leakage"][which][kind] for kind in kinds]
        at = [i + width * (place + 0.5) - 0.4 for i in range(len(kinds))]
        label = "given split" if which == "split" and "given" in found else label
        axis.bar_label(axis.bar(at, heights, width=0.95 * width, color=colour, label=label), fmt="%.0f", fontsize=8)
    axis.set_xticks(range(len(kinds)), [KINDS[kind] for kind in kinds])
    title = "Leakage of the given split" if "given" in found else "Leakage: before and after"
    axis.set(ylabel="test examples (%)", title=title, ylim=(0, 125), yticks=range(0, 101, 20))
    axis.legend(loc="upper right", ncols=len(sides), fontsize=8, columnspacing=1)


def main(certificate: Path, out: Path) -> None:
    """One figure of three panels."""
    found = json.loads(certificate.read_text())
    figure, (left, middle, right) = new(1, 3, width=12, height=3.6)
    draw_classes(left, found)
    draw_groups(middle, found)
    draw_leakage(right, found)
    save(figure, out)


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(job.input.certificate, job.output.certificate)
