"""Plot a split's certificate: content of each test fold, group sizes, and leakage compared with a random split."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from readsight.report.figure_style import COLOURS, new_figure, save_figure
from readsight.step import step

KINDS = {
    "same_group": "group in\ntraining",
    "neighbour": "neighbour in\ntraining",
    "near_profile": "near-duplicate\nin training",
    "same_features": "identical\nfeatures",
    "exact": "identical\nsequence",
    "reverse_complement": "reverse\ncomplement",
    "near": "similar\nsequence",
    "overlap": "overlapping\ninterval",
}
ROLES = ("train", "validation", "test")
DIVISIONS = (("random", COLOURS[7], "random split"), ("split", COLOURS[0], "this split"), ("redrawn", COLOURS[2], "resplits"))
MAX_LABELS = 12  # with more folds, only some are labelled
EDGES = (1, 2, 4, 10, 30, 100, 1000, 10_000, 100_000, 1_000_000_000)  # largest cluster size of each bar
MAX_NAME_LENGTH = 16  # longest name in a legend, in characters


def class_colours(count: int) -> list[str]:
    """One colour per class; with two classes the first is the warm one."""
    return [COLOURS[1], COLOURS[0]] if count == 2 else [COLOURS[i % len(COLOURS)] for i in range(count)]


def shorten_name(name: str) -> str:
    """A name truncated to fit a legend."""
    return name if len(name) <= MAX_NAME_LENGTH else name[: MAX_NAME_LENGTH - 1] + "…"


def fold_label(row: dict[str, Any], certificate: dict[str, Any]) -> str:
    """Display name of a test fold: repeat.fold, from 1; for a user-provided split `given`, and the numbers of its resplits."""
    if "given" in certificate:
        return f"{row['fold'] + 1}" if row["repeat"] else "given"
    return f"{row['repeat'] + 1}.{row['fold'] + 1}"


def draw_classes(axis: Any, certificate: dict[str, Any]) -> None:
    """Content of each test fold: stacked bars of classes or events; for multilabel, the percentage with each label."""
    rows = [row for row in certificate["folds"] if row["role"] == "test"]
    is_multilabel = certificate.get("kind") == "multilabel"
    bottom, highest = [0] * len(rows), 0.0
    names = certificate["class_names"]
    for index, (name, colour) in enumerate(zip(names, class_colours(len(names)), strict=True)):
        heights = [row["classes"][str(index)] for row in rows]
        label = f"{shorten_name(name)} ({certificate['classes'][str(index)]})"
        if is_multilabel:
            percentages = [100 * n / row["examples"] for n, row in zip(heights, rows, strict=True)]
            axis.plot(range(len(rows)), percentages, "o-", color=colour, label=label, lw=1, ms=4)
            highest = max(highest, *percentages)
            continue
        axis.bar(range(len(rows)), heights, bottom=bottom, color=colour, label=label)
        bottom = [a + b for a, b in zip(bottom, heights, strict=True)]
    labelled_rows = range(0, len(rows), 1 + len(rows) // MAX_LABELS)
    axis.set_xticks(list(labelled_rows), [fold_label(rows[i], certificate) for i in labelled_rows])
    # Space for the legend, which has one line per two names.
    headroom = 1.1 + 0.11 * -(-len(names) // 2)
    subject = {"multilabel": "Labels", "survival": "Events"}.get(certificate.get("kind", ""), "Classes")
    axis.set(
        xlabel="split: given, and resplits" if "given" in certificate else "repeat.fold",
        ylabel="test examples with the label (%)" if is_multilabel else "test examples",
        title=f"{subject} of each test fold",
        ylim=(0, headroom * max(highest, *bottom, 1)),
    )
    axis.legend(loc="upper right", ncols=2, fontsize=8)


def draw_roles(axis: Any, certificate: dict[str, Any]) -> None:
    """Content of training, validation and test, averaged over folds: percentages of classes or labels, or example counts."""
    rows = [row for row in certificate["folds"] if not row["repeat"] or "given" not in certificate]
    by_role = {role: [row for row in rows if row["role"] == role] for role in ROLES}
    by_role = {role: role_rows for role, role_rows in by_role.items() if role_rows}
    counts = [sum(row["examples"] for row in role_rows) / len(role_rows) for role_rows in by_role.values()]
    names, bottom = certificate["class_names"], np.zeros(len(by_role))
    is_multilabel, is_single = certificate["kind"] == "multilabel", len(names) == 1
    for index, (name, colour) in enumerate(zip(names, class_colours(len(names)), strict=True)):
        means = [sum(row["classes"][str(index)] for row in role_rows) / len(role_rows) for role_rows in by_role.values()]
        heights = np.array(means) if is_single else 100 * np.divide(means, counts)
        width = 0.8 / len(names) if is_multilabel else 0.7
        positions = np.arange(len(by_role)) + (width * (index + 0.5) - 0.4 if is_multilabel else 0)
        axis.bar(
            positions,
            heights,
            width=0.95 * width,
            bottom=bottom,
            color=colour,
            label=f"{shorten_name(name)} ({certificate['classes'][str(index)]:,})",
        )
        bottom = bottom if is_multilabel else bottom + heights
    axis.set_xticks(range(len(by_role)), [f"{role}\n{count:,.0f}" for role, count in zip(by_role, counts, strict=True)])
    axis.set(ylabel="examples" if is_single else "examples with the label (%)" if is_multilabel else "examples (%)")
    axis.set_title("Examples of each side" if is_single else "Labels of each side" if is_multilabel else "Classes of each side")
    if not is_single:
        axis.set(ylim=(0, 102 + 12 * -(-len(names) // 2)), yticks=range(0, 101, 20))
        axis.legend(loc="upper center", ncols=2, fontsize=8)


def draw_clusters(axis: Any, certificate: dict[str, Any]) -> None:
    """Percentage of sequences in clusters of each size."""
    clusters = certificate["clusters"]["near"]
    edges = [edge for index, edge in enumerate(EDGES) if not index or EDGES[index - 1] < clusters["largest"]]
    counts = [0] * len(edges)
    for size, count in clusters["sizes"]:
        counts[sum(size > edge for edge in edges)] += size * count
    heights = [100 * count / certificate["examples"] for count in counts]
    axis.bar_label(
        axis.bar(range(len(edges)), heights, color=COLOURS[0]),
        [format_percent(height) if height else "" for height in heights],
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
        title=f"{clusters['count']:,} clusters of similar sequences",
        ylim=(0, 118 if len(edges) > 2 else 150),  # space for the text above wide bars
        yticks=range(0, 101, 20),
    )
    axis.text(0.98, 0.95, cluster_notes(certificate), transform=axis.transAxes, ha="right", va="top", fontsize=8, linespacing=1.4)


def cluster_notes(certificate: dict[str, Any]) -> str:
    """Notes on the clusters: the largest, how many examples they exclude, GC difference between test and training."""
    search = certificate["search"]
    lines = [
        f"similar: {100 * search['identity']:g} % identity over {100 * search['coverage']:g} % of the shorter sequence",
        f"largest cluster: {certificate['clusters']['near']['largest']:,}",
    ]
    if certificate["left_out"]:
        excluded = max(row["train"] + row["validation"] for row in certificate["left_out"])
        lines.append(f"excluded from training and validation: {'up to ' if len(certificate['left_out']) > 1 else ''}{excluded:,}")
    if certificate["gc"]:
        gc_difference = max((row["difference"] for row in certificate["gc"]), key=abs)
        lines.append(f"GC of test − training: {gc_difference:+.2f} s.d.".replace("-", "−"))
    return "\n".join(lines)


def draw_groups(axis: Any, certificate: dict[str, Any]) -> None:
    """Groups by size."""
    sizes, divided_count = certificate["groups"]["sizes"], len(certificate.get("given", {}).get("divided_groups", []))
    axis.bar(range(1, len(sizes) + 1), sizes, width=1, color=COLOURS[0])
    axis.set(
        xlabel="group, largest first",
        ylabel="examples",
        xlim=(0.5, max(10, len(sizes)) + 0.5),
        title=f"{certificate['groups']['count']} groups, "
        + (f"{divided_count} divided by the given split" if divided_count else "never divided"),
    )
    axis.yaxis.get_major_locator().set_params(integer=True)


def draw_leakage(axis: Any, certificate: dict[str, Any]) -> None:
    """Grouped bars: percentage of test examples with a relative in training."""
    sequences = "search" in certificate
    hidden_kinds = () if certificate["spec"]["by"] == "group" or not sequences else ("same_group",)
    kinds = [kind for kind in KINDS if kind in certificate["leakage"]["split"] and kind not in hidden_kinds]
    divisions = list_divisions(certificate)
    highest = max(100 * certificate["leakage"][division][kind] for division, _, _ in divisions for kind in kinds)
    width = 0.8 / len(divisions)
    for index, (division, colour, label) in enumerate(divisions):
        heights = [100 * certificate["leakage"][division][kind] for kind in kinds]
        positions = [i + width * (index + 0.5) - 0.4 for i in range(len(kinds))]
        label = "given split" if division == "split" and "given" in certificate else label
        axis.bar_label(
            axis.bar(positions, heights, width=0.95 * width, color=colour, label=label),
            fmt=format_percent if sequences else "%.0f",
            fontsize=8,
        )
    axis.set_xticks(range(len(kinds)), [KINDS[kind] for kind in kinds])
    title = "Leakage of the given split" if "given" in certificate else "Leakage: before and after"
    axis.set(ylabel="test examples (%)", title=title)
    if sequences:
        axis.set_xlabel("relative in training")
        axis.tick_params("x", labelsize=9)
    if sequences and highest < 40:  # small percentages need a narrower axis
        axis.set(ylim=(0, 1.3 * max(highest, 1)))
    else:
        axis.set(ylim=(0, 125), yticks=range(0, 101, 20))
    axis.legend(loc="upper right", ncols=len(divisions), fontsize=8, columnspacing=1)


def list_divisions(certificate: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Divisions with a measured leakage: key, colour, label."""
    return [division for division in DIVISIONS if certificate["leakage"].get(division[0])]


def format_percent(percent: float) -> str:
    """A percentage as a label, with one decimal if it is small."""
    return "0" if not percent else "<0.1" if percent < 0.1 else f"{percent:.1f}" if percent < 10 else f"{percent:.0f}"


def main(certificate: Path, out: Path) -> None:
    """One figure with three panels."""
    content = json.loads(certificate.read_text())
    figure, (left, middle, right) = new_figure(1, 3, width=12, height=3.6)
    if "search" in content:
        draw_roles(left, content)
        draw_clusters(middle, content)
    else:
        draw_classes(left, content)
        draw_groups(middle, content)
    draw_leakage(right, content)
    save_figure(figure, out)


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(job.input.certificate, job.output.certificate)
