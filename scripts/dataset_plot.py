"""Draw a split's certificate: what is in each test fold, sizes of the groups, leakage beside that of a random split."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from readsight.report.figure_style import COLOURS, new, save
from readsight.step import step

KINDS = {
    "same_group": "group also\ntrained on",
    "neighbour": "neighbour\ntrained on",
    "near_profile": "near-duplicate\ntrained on",
    "same_features": "twin in all\nfeatures",
    "exact": "the very\nsequence",
    "reverse_complement": "its reverse\ncomplement",
    "near": "one\nlike it",
    "overlap": "one that\noverlaps it",
}
ROLES = ("train", "validation", "test")
SIDES = (("random", COLOURS[7], "random split"), ("split", COLOURS[0], "this split"), ("redrawn", COLOURS[2], "drawn anew"))
SPREAD = 12  # more folds than this are not labelled one by one
EDGES = (1, 2, 4, 10, 30, 100, 1000, 10_000, 100_000, 1_000_000_000)  # largest cluster that a bar counts
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


def draw_roles(axis: Any, found: dict[str, Any]) -> None:
    """What training, validation and test hold, on average over the folds: classes, or labels, as parts; else examples."""
    rows = [row for row in found["folds"] if not row["repeat"] or "given" not in found]
    by_role = {role: [row for row in rows if row["role"] == role] for role in ROLES}
    by_role = {role: own for role, own in by_role.items() if own}
    counts = [sum(row["examples"] for row in own) / len(own) for own in by_role.values()]
    names, bottom = found["class_names"], np.zeros(len(by_role))
    several, plain = found["kind"] == "multilabel", len(names) == 1
    for place, (name, colour) in enumerate(zip(names, colours(len(names)), strict=True)):
        held = [sum(row["classes"][str(place)] for row in own) / len(own) for own in by_role.values()]
        heights = np.array(held) if plain else 100 * np.divide(held, counts)
        width = 0.8 / len(names) if several else 0.7
        at = np.arange(len(by_role)) + (width * (place + 0.5) - 0.4 if several else 0)
        axis.bar(
            at,
            heights,
            width=0.95 * width,
            bottom=bottom,
            color=colour,
            label=f"{short(name)} ({found['classes'][str(place)]:,})",
        )
        bottom = bottom if several else bottom + heights
    axis.set_xticks(range(len(by_role)), [f"{role}\n{count:,.0f}" for role, count in zip(by_role, counts, strict=True)])
    axis.set(ylabel="examples" if plain else "examples that have it (%)" if several else "examples (%)")
    axis.set_title("Examples of each side" if plain else "Labels of each side" if several else "Classes of each side")
    if not plain:
        axis.set(ylim=(0, 102 + 12 * -(-len(names) // 2)), yticks=range(0, 101, 20))
        axis.legend(loc="upper center", ncols=2, fontsize=8)


def draw_clusters(axis: Any, found: dict[str, Any]) -> None:
    """How many sequences stand alone, and in clusters of each size."""
    near = found["clusters"]["near"]
    edges = [edge for place, edge in enumerate(EDGES) if not place or EDGES[place - 1] < near["largest"]]
    held = [0] * len(edges)
    for size, count in near["sizes"]:
        held[sum(size > edge for edge in edges)] += size * count
    heights = [100 * count / found["examples"] for count in held]
    axis.bar_label(
        axis.bar(range(len(edges)), heights, color=COLOURS[0]),
        [told(height) if height else "" for height in heights],
        fontsize=8,
        padding=1,
    )
    spans = [f"{low + 1:,}–{high:,}" if low + 1 < high else f"{high}" for low, high in zip([0, *edges], edges, strict=False)]
    axis.set_xticks(range(len(edges)), spans, fontsize=8)
    if len(edges) > 6:
        axis.tick_params("x", rotation=30)
    axis.set(
        xlabel="sequences in the cluster",
        ylabel="sequences (%)",
        title=f"{near['count']:,} clusters of like sequences",
        ylim=(0, 118 if len(edges) > 2 else 150),  # a few wide bars would lie under the text
        yticks=range(0, 101, 20),
    )
    axis.text(0.98, 0.95, notes(found), transform=axis.transAxes, ha="right", va="top", fontsize=8, linespacing=1.4)


def notes(found: dict[str, Any]) -> str:
    """What else the clusters tell: the largest, what was left out for their sake, how the sides differ in GC content."""
    like = found["search"]
    lines = [
        f"alike: {100 * like['identity']:g} % identity over {100 * like['coverage']:g} % of the shorter",
        f"sequences in the largest: {found['clusters']['near']['largest']:,}",
    ]
    if found["left_out"]:
        lost = max(row["train"] + row["validation"] for row in found["left_out"])
        lines.append(f"left out of training and validation: {'up to ' if len(found['left_out']) > 1 else ''}{lost:,}")
    if found["gc"]:
        apart = max((row["difference"] for row in found["gc"]), key=abs)
        lines.append(f"GC of test − training: {apart:+.2f} s.d.".replace("-", "−"))
    return "\n".join(lines)


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
    sequences = "search" in found
    own = () if found["spec"]["by"] == "group" or not sequences else ("same_group",)
    kinds = [kind for kind in KINDS if kind in found["leakage"]["split"] and kind not in own]
    highest = max(100 * found["leakage"][side[0]][kind] for side in sides_of(found) for kind in kinds)
    sides = sides_of(found)
    width = 0.8 / len(sides)
    for place, (which, colour, label) in enumerate(sides):
        heights = [100 * found["leakage"][which][kind] for kind in kinds]
        at = [i + width * (place + 0.5) - 0.4 for i in range(len(kinds))]
        label = "given split" if which == "split" and "given" in found else label
        axis.bar_label(
            axis.bar(at, heights, width=0.95 * width, color=colour, label=label),
            fmt=told if sequences else "%.0f",
            fontsize=8,
        )
    axis.set_xticks(range(len(kinds)), [KINDS[kind] for kind in kinds])
    title = "Leakage of the given split" if "given" in found else "Leakage: before and after"
    axis.set(ylabel="test examples (%)", title=title)
    if sequences:
        axis.set_xlabel("what training holds of a test example")
        axis.tick_params("x", labelsize=9)
    if sequences and highest < 40:  # small parts are seen on a scale of their own
        axis.set(ylim=(0, 1.3 * max(highest, 1)))
    else:
        axis.set(ylim=(0, 125), yticks=range(0, 101, 20))
    axis.legend(loc="upper right", ncols=len(sides), fontsize=8, columnspacing=1)


def sides_of(found: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Divisions whose leakage is drawn: key, colour, words."""
    return [side for side in SIDES if found["leakage"].get(side[0])]


def told(part: float) -> str:
    """A part in per cent as a label: of small ones a figure behind the point."""
    return "0" if not part else "<0.1" if part < 0.1 else f"{part:.1f}" if part < 10 else f"{part:.0f}"


def main(certificate: Path, out: Path) -> None:
    """One figure of three panels."""
    found = json.loads(certificate.read_text())
    figure, (left, middle, right) = new(1, 3, width=12, height=3.6)
    if "search" in found:
        draw_roles(left, found)
        draw_clusters(middle, found)
    else:
        draw_classes(left, found)
        draw_groups(middle, found)
    draw_leakage(right, found)
    save(figure, out)


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(job.input.certificate, job.output.certificate)
