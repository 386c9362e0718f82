"""Draw a task's models beside their baselines: performance, curves, calibration, learning."""

import json
import textwrap
from pathlib import Path
from typing import Any

from readsight.figures import COLOURS, empty, new, save
from readsight.step import step
from readsight.verdict import CONTROL

NAMES = {
    "network": "network",
    "logistic": "logistic regression",
    "forest": "forest",
    CONTROL: "shuffled labels (control)",
    "base_rate": "base rate",
}


def label(model: str, found: dict[str, Any]) -> str:
    """A model's name in a figure."""
    return f"{found['facts']['feature']} alone" if model == "single_feature" else NAMES.get(model, model)


def colours(found: dict[str, Any]) -> dict[str, str]:
    """A colour a model, the same in every figure; grey for the control and the base rate."""
    own = [m for m in found["metrics"] if m not in (CONTROL, "base_rate")]
    return {CONTROL: COLOURS[7], "base_rate": COLOURS[7]} | dict(zip(own, COLOURS, strict=False))


def performance(found: dict[str, Any], out: Path) -> None:
    """Points with intervals, a panel a metric, a row a model; the verdict under them."""
    rare = found["facts"]["rare"]
    panels = {
        "auroc": ("AUROC (higher is better)", 0.5, "chance"),
        "auprc": (f"AUPRC of {rare}s (higher is better)", found["facts"]["base_rate"], "base rate"),
        "brier": ("Brier score (lower is better)", None, None),
    }
    models, shade = list(found["metrics"]), colours(found)
    figure, axes = new(1, 3, width=12, height=0.42 * len(models) + 2.0, sharey=True)
    for axis, (metric, (title, line, words)) in zip(axes, panels.items(), strict=True):
        for row, model in enumerate(models):
            cell = found["metrics"][model].get(metric)
            if cell is None or cell["value"] is None:
                continue
            if cell["low"] is not None:
                axis.plot([cell["low"], cell["high"]], [row, row], color=shade[model], linewidth=2)
            axis.plot(cell["value"], row, "o", color=shade[model])
            axis.annotate(
                f"{cell['value']:.3f}", (cell["value"], row), xytext=(0, 5), textcoords="offset points", ha="center", fontsize=8
            )
        if line is not None:
            axis.axvline(line, color="0.6", linestyle="--", linewidth=1)
            axis.text(line, -0.55, f" {words}", fontsize=8, color="0.4", ha="left", va="top")
        axis.set(xlabel=title)
    axes[0].set_yticks(range(len(models)), [label(m, found) for m in models])
    axes[0].set_ylim(len(models) - 0.4, -0.6)
    figure.suptitle(textwrap.fill(found["verdict"], 160), fontsize=9, x=0.01, ha="left")
    save(figure, out)


def curves(found: dict[str, Any], out: Path) -> None:
    """ROC and precision–recall curves."""
    figure, (left, right) = new(1, 2, width=9, height=4.2)
    for model, curve in found["curves"].items():
        style = {"color": colours(found)[model], "label": label(model, found)}
        left.plot([0, *curve["grid"]], [0, *curve["recall_at_fpr"]], **style)
        right.plot(curve["grid"], curve["precision_at_recall"], **style)
    left.plot([0, 1], [0, 1], color="0.6", linestyle="--", linewidth=1)
    right.axhline(found["facts"]["base_rate"], color="0.6", linestyle="--", linewidth=1)
    rare = found["facts"]["rare"]
    common = {"xlim": (0, 1), "ylim": (0, 1.02)}
    left.set(xlabel="false-positive rate", ylabel=f"{rare}s found (recall)", title="ROC", **common)
    right.set(xlabel=f"{rare}s found (recall)", ylabel="precision", title="Precision–recall (dashed: base rate)", **common)
    left.legend(loc="lower right", fontsize=8)
    save(figure, out)


def calibration(found: dict[str, Any], out: Path) -> None:
    """Predicted against observed, before and after calibration; lines are 95 % intervals, the area of a point is its examples."""
    figure, axes = new(1, 2, width=9, height=4.4, sharex=True, sharey=True)
    rare = found["facts"]["rare"]
    for axis, kind, title in zip(
        axes, ("raw", "calibrated"), ("Before calibration", "After (fitted on validation)"), strict=True
    ):
        axis.plot([0, 1], [0, 1], color="0.6", linestyle="--", linewidth=1)
        for model, both in found["reliability"].items():
            rows = both[kind]
            x, y = [r["predicted"] for r in rows], [r["observed"] for r in rows]
            error = found["metrics"][model]["ece_raw" if kind == "raw" else "ece"]["value"]
            name = f"{label(model, found)} (ECE {error:.3f})"
            axis.plot(x, y, color=colours(found)[model], linewidth=1, label=name)
            ends = [[r[side] if r[side] is not None else r["observed"] for r in rows] for side in ("low", "high")]
            axis.vlines(x, *ends, color=colours(found)[model], linewidth=1, alpha=0.5)
            largest = max(r["n"] for r in rows)
            axis.scatter(x, y, s=[8 + 40 * r["n"] / largest for r in rows], color=colours(found)[model])
        axis.set(
            xlabel=f"predicted probability of a {rare}",
            ylabel="observed frequency",
            title=title,
            xlim=(-0.02, 1.02),
            ylim=(-0.02, 1.02),
        )
        axis.legend(loc="upper left", fontsize=8)
    save(figure, out)


def learning(found: dict[str, Any], out: Path) -> None:
    """Training and validation loss by epoch, a thin line a fold, the median thick."""
    if not found["learning"]:
        empty(out, "None of this task's models learns in epochs: there is no learning curve.")
        return
    model, folds = next(iter(found["learning"].items()))
    figure, axis = new(width=6, height=4)
    for part, colour, words in (
        ("train", COLOURS[1], "training (balanced, with dropout)"),
        ("validation", COLOURS[0], "validation"),
    ):
        for number, rows in enumerate(folds):
            axis.plot(
                [r["epoch"] + 1 for r in rows],
                [r[part] for r in rows],
                color=colour,
                alpha=0.5,
                linewidth=1,
                label=words if not number else None,
            )
    for number, rows in enumerate(folds):
        best = min(rows, key=lambda r: r["validation"])
        axis.plot(
            best["epoch"] + 1, best["validation"], "o", color=COLOURS[0], markersize=4, label="epoch kept" if not number else None
        )
    axis.set(
        xlabel="epoch",
        ylabel="cross-entropy (nats)",
        title=f"Learning curves of the {label(model, found)}, a line a fold",
        yscale="log",
    )
    axis.legend(fontsize=8)
    save(figure, out)


def main(evaluation: Path, outputs: dict[str, Path]) -> None:
    """Draw all four figures."""
    found = json.loads(evaluation.read_text())
    for draw in (performance, curves, calibration, learning):
        draw(found, outputs[draw.__name__])


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(
            job.input.evaluation,
            {name: getattr(job.output, name) for name in ("performance", "curves", "calibration", "learning")},
        )
