"""Draw a split's certificate: classes of each fold, sizes of the groups, leakage beside that of a random split."""

import json
from pathlib import Path
from typing import Any

from readsight.figures import COLOURS, new, save
from readsight.step import step

KINDS = {"same_group": "group also\ntrained on", "neighbour": "neighbour\ntrained on", "same_features": "twin in all\nfeatures"}


def draw_classes(axis: Any, found: dict[str, Any]) -> None:
    """Stacked bars: examples of each class in each test fold."""
    rows = [row for row in found["folds"] if row["role"] == "test"]
    bottom = [0] * len(rows)
    for place, (key, name) in enumerate(zip(sorted(found["classes"]), found["class_names"], strict=True)):
        heights = [row["classes"][key] for row in rows]
        axis.bar(
            range(len(rows)), heights, bottom=bottom, color=COLOURS[1 - place % 2], label=f"{name} ({found['classes'][key]})"
        )
        bottom = [a + b for a, b in zip(bottom, heights, strict=True)]
    axis.set_xticks(range(len(rows)), [f"{row['repeat'] + 1}.{row['fold'] + 1}" for row in rows])
    axis.set(xlabel="repeat.fold", ylabel="test examples", title="Classes of each test fold", ylim=(0, 1.3 * max(bottom)))
    axis.legend(loc="upper right", ncols=2, fontsize=8)


def draw_groups(axis: Any, found: dict[str, Any]) -> None:
    """Groups by size."""
    sizes = found["groups"]["sizes"]
    axis.bar(range(1, len(sizes) + 1), sizes, width=1, color=COLOURS[0])
    axis.set(
        xlabel="group, largest first",
        ylabel="examples",
        xlim=(0.5, max(10, len(sizes)) + 0.5),
        title=f"{found['groups']['count']} groups, never divided",
    )


def draw_leakage(axis: Any, found: dict[str, Any]) -> None:
    """Paired bars: part of the test examples with a relative on the training side."""
    kinds = [kind for kind in KINDS if kind in found["leakage"]["split"]]
    for shift, (which, colour, label) in enumerate((("random", COLOURS[7], "random split"), ("split", COLOURS[0], "this split"))):
        heights = [100 * found["leakage"][which][kind] for kind in kinds]
        bars = axis.bar([i + 0.4 * shift - 0.2 for i in range(len(kinds))], heights, width=0.38, color=colour, label=label)
        axis.bar_label(bars, fmt="%.0f", fontsize=8)
    axis.set_xticks(range(len(kinds)), [KINDS[kind] for kind in kinds])
    axis.set(ylabel="test examples (%)", title="Leakage: before and after", ylim=(0, 125))
    axis.legend(loc="upper right", ncols=2, fontsize=8)


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
