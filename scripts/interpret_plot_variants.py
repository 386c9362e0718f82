"""Draw what variants are predicted to do, and how well that tells what is known of them."""

import json
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from readsight.report.figure_style import COLOURS, new, save
from readsight.step import step
from readsight.wording import figure as shown

BINS = 60
FURTHEST = 5  # bases off, beyond which sites that are named wrongly are one bar
LINES = {
    "score": "the model's score", "motif_break": "motif broken or made", "conservation": "conservation",
    "gene_distance": "nearness to a gene", "tss_distance": "nearness to a transcript's start", "gc_change": "change of GC content",
    "combined": "score and baselines together",
}  # fmt: skip
KINDS = ((1, "does something", COLOURS[1]), (0, "does nothing", COLOURS[0]), (-1, "not known", COLOURS[7]))


def kinds(table: pd.DataFrame) -> list[tuple[str, str, np.ndarray]]:
    """(words, colour, which rows) of the kinds of variants that there are."""
    label = table["label"].to_numpy() if "label" in table else np.full(len(table), -1)
    found = [(words, colour, label == kind) for kind, words, colour in KINDS if (label == kind).any()]
    return found if len(found) > 1 or "label" in table else [("all variants", COLOURS[0], np.ones(len(table), bool))]


def distribution(axis: Any, table: pd.DataFrame, told: dict[str, Any]) -> None:
    """How large effects are, by what is known of the variants: parts of each kind, in bins."""
    single = len(told["tracks"]) == 1 and not told["sites"] and not told["pair"]
    column = f"delta.{told['tracks'][0]}" if single else "score"
    values = table[column].to_numpy(float)
    low, high = np.quantile(values, [0.001, 0.999]) if len(values) else (0.0, 1.0)
    low, high = (min(low, 0.0), max(high, 1e-6)) if not told["pair"] else (low, high + 1e-6)
    edges = np.linspace(low, high, BINS + 1)
    for words, colour, rows in kinds(table):
        own = np.clip(values[rows], low, high)
        weights = np.full(len(own), 1 / max(len(own), 1))
        axis.hist(own, edges, weights=weights, histtype="stepfilled", alpha=0.25, color=colour)
        axis.hist(own, edges, weights=weights, histtype="step", linewidth=1.4, color=colour, label=f"{words} ({len(own):,})")
    axis.set_yscale("log")
    unit = {"regression": "predicted number", "profile": "log signal"}.get(told["outcome"]["kind"], "log odds")
    name = f"change of the {unit}: {told['tracks'][0]}" if single else "largest change of any head"
    axis.set(xlabel="most that a site is gained or lost" if told["sites"] else name, ylabel="part of the variants")
    axis.set_title("Effects")
    axis.legend(fontsize=8, loc="upper center", ncols=1)


def roc(axis: Any, found: dict[str, Any], title: str) -> None:
    """ROC curves of the score and of each baseline, with areas and their intervals."""
    axis.plot([0, 1], [0, 1], color="0.8", linewidth=1, zorder=0)
    for place, (name, held) in enumerate(found["ranks"].items()):
        if "curve" not in held:
            continue
        own = name == "score"
        label = f"{LINES.get(name, name)}: {shown(held['auroc'])}"
        axis.plot(
            held["curve"]["false"], held["curve"]["true"], color=COLOURS[place % 7], linewidth=2.2 if own else 1.3,
            linestyle="-" if own else "--", label=label, zorder=3 if own else 2,
        )  # fmt: skip
    axis.set(xlabel="false positive rate", ylabel="true positive rate", xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
    axis.set_title(f"{title}: {found['positives']:,} of {found['variants']:,} do something")
    axis.legend(fontsize=8, loc="lower right", title="AUROC [95 %]", title_fontsize=8)


def changes(axis: Any, table: pd.DataFrame, told: dict[str, Any]) -> None:
    """Gains and losses of each kind of site: a point a variant, in rows by what is known."""
    draw = np.random.default_rng(1)
    groups = kinds(table)
    for row, track in enumerate(told["tracks"]):
        values = table[f"delta.{track}"].to_numpy(float)
        for shift, (words, colour, rows) in enumerate(groups):
            own = np.flatnonzero(rows)
            own = own if len(own) <= 3000 else draw.choice(own, 3000, replace=False)
            middle = row + (shift - (len(groups) - 1) / 2) * 0.32
            axis.scatter(values[own], middle + draw.uniform(-0.11, 0.11, len(own)), s=5, color=colour, linewidths=0,
                         alpha=0.6, label=words if not row else None, rasterized=len(table) > 5000)  # fmt: skip
    axis.set_yticks(range(len(told["tracks"])), [track.replace("_", " ") for track in told["tracks"]])
    axis.set_ylim(len(told["tracks"]) - 0.45, -0.55)
    axis.set(xlabel="probability gained or lost", xlim=(-0.02, 1.02))
    axis.set_title("Sites gained and lost")


def naming(axis: Any, table: pd.DataFrame, told: dict[str, Any]) -> None:
    """How far from the broken site the largest loss is named."""
    losses = [track for track in told["tracks"] if track.endswith("_loss")]
    rows = table[(table["site"] > 0) & (table["label"] != 0 if "label" in table else True)]
    best = rows[[f"delta.{track}" for track in losses]].to_numpy().argmax(axis=1)
    at = rows[[f"at.{track}" for track in losses]].to_numpy(dtype=float, na_value=np.nan)[np.arange(len(rows)), best]
    off = at - rows["site"].to_numpy(float)
    held = np.clip(np.nan_to_num(off, nan=FURTHEST + 1), -FURTHEST - 1, FURTHEST + 1).astype(int)
    bars = np.arange(-FURTHEST - 1, FURTHEST + 2)
    counts = np.array([(held == bar).sum() for bar in bars])
    axis.bar(bars, counts, color=np.where(bars == 0, COLOURS[2], COLOURS[7]), width=0.8)
    for bar, count in zip(bars[counts > 0], counts[counts > 0], strict=True):
        axis.text(bar, count, f"{count:,}", ha="center", va="bottom", fontsize=8)
    axis.set_xticks(
        bars, [f"< −{FURTHEST}", *[str(bar).replace("-", "−") for bar in bars[1:-1]], f"> {FURTHEST}\nor none"], fontsize=8
    )
    axis.set(xlabel="bases from the broken site to the base of the largest loss", ylabel="variants")
    axis.set_title(f"Broken sites named: {shown(told['site']['recall'])} of {told['site']['variants']:,}")


def words(told: dict[str, Any], width: int) -> str:
    """What stands below the panels, in lines of so many letters."""
    found = [held["verdict"] for held in (told.get("evaluation") or {}).values()]
    if told["left_out"]:
        found.append("Left out: " + "; ".join(f"{row['alleles']:,} {row['reason']}" for row in told["left_out"]) + ".")
    if told["seen"]:
        found.append(f"{told['seen']:,} of {told['scored']:,} alleles lie where the model learned.")
    return "\n".join(textwrap.fill(text, width) for text in found)


def main(evaluation: Path, table: Path, out: Path) -> None:
    """Draw one figure of all panels that there is something for."""
    told = json.loads(Path(evaluation).read_text())
    columns = [f"{name}.{track}" for track in told["tracks"] for name in (("delta", "at") if told["sites"] else ("delta",))]
    more = [name for name, there in (("label", told.get("evaluation")), ("site", told.get("site"))) if there]
    held = pd.read_parquet(table, columns=["score", *columns, *more])
    panels: list[Any] = [lambda axis: distribution(axis, held, told)]
    for part, found in (told.get("evaluation") or {}).items():
        if found["ranks"]:
            title = {"all": "All variants", "unseen": "Away from what was learned"}[part]
            panels.append(lambda axis, f=found, t=title: roc(axis, f, t))
    if told["sites"]:
        panels.append(lambda axis: changes(axis, held, told))
    if told.get("site"):
        panels.append(lambda axis: naming(axis, held, told))
    across = 2 if len(panels) == 4 else min(3, len(panels))
    rows = -(-len(panels) // across)
    text = words(told, 75 * across)
    figure, axes = new(rows, across, width=5.2 * across, height=4 * rows + 0.17 * (text.count("\n") + 1), squeeze=False)
    flat = list(axes.ravel())
    for axis, draw in zip(flat, panels, strict=False):
        draw(axis)
    for axis in flat[len(panels) :]:
        axis.axis("off")
    figure.suptitle(
        f"{told['set']}: {told['scored']:,} alleles, by {told['model']} ({told['task']})", x=0.01, ha="left", fontsize=12
    )
    if text:
        figure.supxlabel(text, fontsize=8, x=0.01, ha="left")
    save(figure, out)


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(job.input.evaluation, job.input.table, job.output.effects)
