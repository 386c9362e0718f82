"""Plot predicted variant effects, and how well they rank variants with known effects."""

import json
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from readsight.report.figure_style import COLOURS, new_figure, save_figure
from readsight.step import step
from readsight.text import format_estimate

BINS = 60
MAX_OFFSET = 5  # bases; larger distances share one bar
RANKING_NAMES = {
    "score": "the model's score", "motif_break": "broken or created motif", "conservation": "conservation",
    "gene_distance": "proximity to a gene", "tss_distance": "proximity to a transcription start", "gc_change": "change of GC content",
    "combined": "score and baselines together",
}  # fmt: skip
LABELS = ((1, "functional", COLOURS[1]), (0, "neutral", COLOURS[0]), (-1, "unknown", COLOURS[7]))


def group_by_label(table: pd.DataFrame) -> list[tuple[str, str, np.ndarray]]:
    """(name, colour, row mask) of each label that occurs."""
    label = table["label"].to_numpy() if "label" in table else np.full(len(table), -1)
    groups = [(name, colour, label == kind) for kind, name, colour in LABELS if (label == kind).any()]
    return groups if len(groups) > 1 or "label" in table else [("all variants", COLOURS[0], np.ones(len(table), bool))]


def draw_distribution(axis: Any, table: pd.DataFrame, results: dict[str, Any]) -> None:
    """Histogram of effect sizes by label, as fractions of each group."""
    is_single = len(results["tracks"]) == 1 and not results["sites"] and not results["pair"]
    column = f"delta.{results['tracks'][0]}" if is_single else "score"
    values = table[column].to_numpy(float)
    low, high = np.quantile(values, [0.001, 0.999]) if len(values) else (0.0, 1.0)
    low, high = (min(low, 0.0), max(high, 1e-6)) if not results["pair"] else (low, high + 1e-6)
    edges = np.linspace(low, high, BINS + 1)
    for group_name, colour, rows in group_by_label(table):
        group_values = np.clip(values[rows], low, high)
        weights = np.full(len(group_values), 1 / max(len(group_values), 1))
        axis.hist(group_values, edges, weights=weights, histtype="stepfilled", alpha=0.25, color=colour)
        axis.hist(
            group_values,
            edges,
            weights=weights,
            histtype="step",
            linewidth=1.4,
            color=colour,
            label=f"{group_name} ({len(group_values):,})",
        )
    axis.set_yscale("log")
    unit = {"regression": "predicted number", "profile": "log signal"}.get(results["outcome"]["kind"], "log odds")
    name = f"change of the {unit}: {results['tracks'][0]}" if is_single else "largest change of any head"
    axis.set(xlabel="largest gain or loss of a site" if results["sites"] else name, ylabel="fraction of variants")
    axis.set_title("Effects")
    axis.legend(fontsize=8, loc="upper center", ncols=1)


def draw_roc(axis: Any, evaluation: dict[str, Any], title: str) -> None:
    """ROC curves of the score and each baseline, with areas and intervals."""
    axis.plot([0, 1], [0, 1], color="0.8", linewidth=1, zorder=0)
    for index, (name, ranking) in enumerate(evaluation["ranks"].items()):
        if "curve" not in ranking:
            continue
        is_score = name == "score"
        label = f"{RANKING_NAMES.get(name, name)}: {format_estimate(ranking['auroc'])}"
        axis.plot(
            ranking["curve"]["false"], ranking["curve"]["true"], color=COLOURS[index % 7], linewidth=2.2 if is_score else 1.3,
            linestyle="-" if is_score else "--", label=label, zorder=3 if is_score else 2,
        )  # fmt: skip
    axis.set(xlabel="false positive rate", ylabel="true positive rate", xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
    axis.set_title(f"{title}: {evaluation['positives']:,} of {evaluation['variants']:,} are functional")
    axis.legend(fontsize=8, loc="lower right", title="AUROC [95 %]", title_fontsize=8)


def draw_changes(axis: Any, table: pd.DataFrame, results: dict[str, Any]) -> None:
    """Gains and losses of each kind of site: one point per variant, in rows by label."""
    rng = np.random.default_rng(1)
    groups = group_by_label(table)
    for row, track in enumerate(results["tracks"]):
        values = table[f"delta.{track}"].to_numpy(float)
        for shift, (group_name, colour, rows) in enumerate(groups):
            selected = np.flatnonzero(rows)
            selected = selected if len(selected) <= 3000 else rng.choice(selected, 3000, replace=False)
            middle = row + (shift - (len(groups) - 1) / 2) * 0.32
            axis.scatter(values[selected], middle + rng.uniform(-0.11, 0.11, len(selected)), s=5, color=colour, linewidths=0,
                         alpha=0.6, label=group_name if not row else None, rasterized=len(table) > 5000)  # fmt: skip
    axis.set_yticks(range(len(results["tracks"])), [track.replace("_", " ") for track in results["tracks"]])
    axis.set_ylim(len(results["tracks"]) - 0.45, -0.55)
    axis.set(xlabel="probability gained or lost", xlim=(-0.02, 1.02))
    axis.set_title("Gained and lost sites")


def draw_site_offsets(axis: Any, table: pd.DataFrame, results: dict[str, Any]) -> None:
    """Distance between the broken site and the base of the largest loss."""
    losses = [track for track in results["tracks"] if track.endswith("_loss")]
    rows = table[(table["site"] > 0) & (table["label"] != 0 if "label" in table else True)]
    best = rows[[f"delta.{track}" for track in losses]].to_numpy().argmax(axis=1)
    named_positions = rows[[f"at.{track}" for track in losses]].to_numpy(dtype=float, na_value=np.nan)[np.arange(len(rows)), best]
    offsets = named_positions - rows["site"].to_numpy(float)
    clipped = np.clip(np.nan_to_num(offsets, nan=MAX_OFFSET + 1), -MAX_OFFSET - 1, MAX_OFFSET + 1).astype(int)
    bars = np.arange(-MAX_OFFSET - 1, MAX_OFFSET + 2)
    counts = np.array([(clipped == bar).sum() for bar in bars])
    axis.bar(bars, counts, color=np.where(bars == 0, COLOURS[2], COLOURS[7]), width=0.8)
    for bar, count in zip(bars[counts > 0], counts[counts > 0], strict=True):
        axis.text(bar, count, f"{count:,}", ha="center", va="bottom", fontsize=8)
    axis.set_xticks(
        bars, [f"< −{MAX_OFFSET}", *[str(bar).replace("-", "−") for bar in bars[1:-1]], f"> {MAX_OFFSET}\nor none"], fontsize=8
    )
    axis.set(xlabel="bases from the broken site to the base of the largest loss", ylabel="variants")
    axis.set_title(f"Located broken sites: {format_estimate(results['site']['recall'])} of {results['site']['variants']:,}")


def format_notes(results: dict[str, Any], width: int) -> str:
    """Text below the panels, wrapped to `width` letters."""
    lines = [evaluation["verdict"] for evaluation in (results.get("evaluation") or {}).values()]
    if results["left_out"]:
        lines.append("Excluded: " + "; ".join(f"{row['alleles']:,} {row['reason']}" for row in results["left_out"]) + ".")
    if results["seen"]:
        lines.append(f"{results['seen']:,} of {results['scored']:,} alleles overlap training windows.")
    return "\n".join(textwrap.fill(text, width) for text in lines)


def main(evaluation: Path, table: Path, out: Path) -> None:
    """Plot all panels that have data in one figure."""
    results = json.loads(Path(evaluation).read_text())
    columns = [f"{name}.{track}" for track in results["tracks"] for name in (("delta", "at") if results["sites"] else ("delta",))]
    optional_columns = [name for name, entry in (("label", results.get("evaluation")), ("site", results.get("site"))) if entry]
    effects = pd.read_parquet(table, columns=["score", *columns, *optional_columns])
    panels: list[Any] = [lambda axis: draw_distribution(axis, effects, results)]
    for subset, subset_result in (results.get("evaluation") or {}).items():
        if subset_result["ranks"]:
            title = {"all": "All variants", "unseen": "Variants outside training windows"}[subset]
            panels.append(lambda axis, f=subset_result, t=title: draw_roc(axis, f, t))
    if results["sites"]:
        panels.append(lambda axis: draw_changes(axis, effects, results))
    if results.get("site"):
        panels.append(lambda axis: draw_site_offsets(axis, effects, results))
    column_count = 2 if len(panels) == 4 else min(3, len(panels))
    rows = -(-len(panels) // column_count)
    notes = format_notes(results, 75 * column_count)
    figure, axes = new_figure(
        rows, column_count, width=5.2 * column_count, height=4 * rows + 0.17 * (notes.count("\n") + 1), squeeze=False
    )
    flat = list(axes.ravel())
    for axis, draw_panel in zip(flat, panels, strict=False):
        draw_panel(axis)
    for axis in flat[len(panels) :]:
        axis.axis("off")
    figure.suptitle(
        f"{results['set']}: {results['scored']:,} alleles, by {results['model']} ({results['task']})",
        x=0.01,
        ha="left",
        fontsize=12,
    )
    if notes:
        figure.supxlabel(notes, fontsize=8, x=0.01, ha="left")
    save_figure(figure, out)


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(job.input.evaluation, job.input.table, job.output.effects)
