"""Plot discovered motifs next to known ones, effects of inserting them, and first-layer filters."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from readsight.interpret.motifs import meme
from readsight.interpret.motifs.meme import NamedMotif
from readsight.interpret.tabular_attribution.results import method_title, shorten
from readsight.report import logo
from readsight.report.figure_style import COLOURS, draw_message, new_figure, save_figure
from readsight.step import step

MAX_MOTIFS = 12  # motifs in the figure
MAX_FILTERS = 24  # filters in the figure
FILTERS_PER_ROW = 4  # filters per row
GREY = "#666666"
STYLES = {"++": "-", "+-": "--", "-+": "-.", "--": ":"}
ARROWS = {"+": "→", "-": "←"}


def make_caption(description: dict[str, Any], exam_results: dict[str, Any]) -> tuple[str, bool]:
    """Caption, and whether the method passed its exams. exam_results: exams.json."""
    method = description["method"]
    exam_result = exam_results.get("methods", {}).get(method)
    if exam_result is None:
        return f"{method.replace('_', ' ')} (not examined)", True
    return method_title(method, exam_result), exam_result["passed"]


def plot_motifs(
    description: dict[str, Any], table: pd.DataFrame, effects: pd.DataFrame, caption: tuple[str, bool], out: Path
) -> None:
    """One row per motif: statistics, contribution logo, best known motif, effect of inserting it."""
    patterns = description["patterns"][:MAX_MOTIFS]
    if not patterns:
        reason = description["why"] or "no recurring pattern in the contributions"
        return draw_message(out, f"No motif was discovered: {reason}.")
    rows = len(patterns)
    figure, axes = new_figure(rows, 4, width=13, height=1.15 * rows + 1.1, squeeze=False, width_ratios=[2.5, 3.4, 3.4, 2])
    effect_range = compute_effect_range(effects)
    for i, pattern in enumerate(patterns):
        row = table[table["motif"] == pattern["name"]].iloc[0]
        label_axis, contribution_axis, known_axis, effect_axis = axes[i]
        draw_description(label_axis, pattern, row)
        first, last = align_frames(pattern)
        draw_contributions(contribution_axis, pattern, description["unit"], first, last)
        draw_best_match(known_axis, pattern, description, first, last)
        draw_effects(
            effect_axis,
            effects[(effects["motif"] == pattern["name"]) & (effects["head"] == pattern["head"])],
            effect_range,
            i == rows - 1,
        )
    heads = ("motif", f"contribution ({description['unit']})", "best known motif", "effect of insertion")
    for axis, heading in zip(axes[0], heads, strict=True):
        text_style = {"xytext": (0, 24), "xycoords": "axes fraction", "textcoords": "offset points"}
        axis.annotate(heading, (0, 1), weight="bold", fontsize=10, annotation_clip=False, **text_style)
    omitted = len(description["patterns"]) - rows
    note = f"{caption[0]}; {description['sequences']:,} test sequences" + (
        f"; {omitted} more patterns are in the table" if omitted > 0 else ""
    )
    figure.suptitle(note, x=0.01, ha="left", fontsize=11, color="black" if caption[1] else COLOURS[1])
    save_figure(figure, out)
    return None


def draw_description(axis: Any, pattern: dict[str, Any], row: pd.Series) -> None:
    """Text with the statistics of a motif."""
    axis.axis("off")
    axis.text(0, 0.98, shorten(pattern["name"], 30), weight="bold", va="top", transform=axis.transAxes)
    lines = [
        f"{row['seqlets']:,} seqlets in {row['examples']:,} sequences",
        f"{row['share']:.1%} of all contribution",
        f"{row['hits']:,} hits, {row['contributing']:,} contribute",
    ]
    axis.text(0, 0.68, "\n".join(lines), va="top", fontsize=8.5, color=GREY, transform=axis.transAxes)


def align_frames(pattern: dict[str, Any]) -> tuple[int, int]:
    """First and last position, in pattern coordinates, that show both the pattern and the best known motif."""
    width = len(pattern["matrix"])
    if not pattern["matches"]:
        return 0, width
    match = pattern["matches"][0]
    return min(0, -match["offset"]), max(width, len(match["matrix"]) - match["offset"])


def draw_contributions(axis: Any, pattern: dict[str, Any], unit: str, first: int, last: int) -> None:
    """Logo with letter heights equal to the contributions in the direction of the motif."""
    logo.draw_letters(axis, pattern["sign"] * np.array(pattern["contributions"]))
    hide_axes(axis, first, last)
    axis.yaxis.set_major_locator(MaxNLocator(2))
    axis.tick_params("y", labelsize=8)
    axis.spines["left"].set_visible(True)


def draw_best_match(axis: Any, pattern: dict[str, Any], description: dict[str, Any], first: int, last: int) -> None:
    """Logo of the best known motif, aligned to the pattern; pale if the match is not significant."""
    if not pattern["matches"]:
        axis.axis("off")
        axis.text(0, 0.5, "no known motifs given", fontsize=9, color=GREY, transform=axis.transAxes)
        return
    match = pattern["matches"][0]
    matrix = np.array(match["matrix"])
    matrix = matrix if match["strand"] == "+" else matrix[::-1, ::-1]
    is_significant = match["q"] <= description["limits"]["match"]
    logo.draw_letters(axis, logo.information_heights(matrix), -match["offset"], alpha=1.0 if is_significant else 0.35)
    hide_axes(axis, first, last)
    axis.set_ylim(0, 2)
    axis.set_yticks([])
    caption = f"{shorten(match['name'], 30)}{'' if match['strand'] == '+' else ' ←'}, q = {match['q']:.1g}" + (
        "" if is_significant else ": not significant"
    )
    axis.text(
        0, 1.04, caption, va="bottom", fontsize=9, transform=axis.transAxes, color="black" if is_significant else COLOURS[1]
    )


def hide_axes(axis: Any, first: int, last: int) -> None:
    axis.set_xlim(first, last)
    axis.set_xticks([])
    for side in ("left", "bottom"):
        axis.spines[side].set_visible(False)
    axis.axhline(0, color="0.6", linewidth=0.6, zorder=0)


def compute_effect_range(effects: pd.DataFrame) -> tuple[float, float]:
    """Range of all effects, including 0."""
    values = effects[["value", "low", "high"]].to_numpy(float)
    values = values[np.isfinite(values)]
    if not len(values):
        return -1.0, 1.0
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    margin = 0.06 * (high - low) or 1.0
    return low - margin, high + margin


def draw_effects(axis: Any, rows: pd.DataFrame, effect_range: tuple[float, float], is_last: bool) -> None:
    """One point with interval per strand."""
    axis.axvline(0, color="0.6", linewidth=1, zorder=0)
    for height, (_, row) in zip((1, 0), rows.iterrows(), strict=False):
        colour = COLOURS[1] if row["value"] > 0 else COLOURS[0]
        if np.isfinite(row["low"]):
            axis.plot([row["low"], row["high"]], [height, height], color=colour, linewidth=2)
        axis.plot(row["value"], height, "o", color=colour, markersize=5)
        suffix = "" if not np.isfinite(row["place"]) else f" at base {int(row['place']) + 1}"
        axis.text(1.02, height, f"{ARROWS[row['strand']]} {row['value']:+.2g}{suffix}", va="center", fontsize=8.5, transform=axis.get_yaxis_transform())  # fmt: skip
    axis.set(xlim=effect_range, ylim=(-0.7, 1.7), yticks=[])
    axis.spines["left"].set_visible(False)
    axis.tick_params("x", labelbottom=is_last, labelsize=8)
    if is_last:
        axis.set_xlabel("change of the explained output", fontsize=8.5)


def plot_spacing(pairs: pd.DataFrame, match_names: dict[str, str], caption: tuple[str, bool], reason: str, out: Path) -> None:
    """One panel per pair of motifs: interaction by distance, one line per combination of strands."""
    if pairs.empty:
        return draw_message(out, f"No pair of motifs was inserted: {reason}.")
    groups = list(pairs.groupby(["first", "second"], sort=False))
    across = min(3, len(groups))
    down = -(-len(groups) // across)
    figure, axes = new_figure(
        down, across, width=4.2 * across + 1, height=2.9 * down + 0.8, squeeze=False, sharex=True, sharey=True
    )
    for axis, ((first, second), pair_rows) in zip(axes.ravel(), groups, strict=False):
        axis.axhline(0, color="0.6", linewidth=1, zorder=0)
        for colour, (strands, rows) in zip(COLOURS, pair_rows.groupby("strands", sort=False), strict=False):
            arrows = "".join(ARROWS[s] for s in strands)
            axis.plot(rows["distance"], rows["value"], STYLES[strands], color=colour, label=arrows, linewidth=1.6)
            axis.fill_between(rows["distance"], rows["low"], rows["high"], color=colour, alpha=0.15, linewidth=0)
        match_labels = [match_names.get(name, "no known motif") for name in (first, second)]
        axis.set_title(f"{first} + {second}\n{match_labels[0]} + {match_labels[1]}", fontsize=8.5)
    for axis in axes.ravel()[len(groups) :]:
        axis.axis("off")
    for axis in axes[:, 0]:
        axis.set_ylabel("joint minus single effects")
    for axis in axes[-1]:
        axis.set_xlabel("distance (bases)")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside right upper", title="strands")
    figure.suptitle(caption[0], x=0.01, ha="left", fontsize=11, color="black" if caption[1] else COLOURS[1])
    save_figure(figure, out)
    return None


def plot_filters(filter_motifs: list[NamedMotif], table: pd.DataFrame, matches: pd.DataFrame, out: Path) -> None:
    """Logos of filters: those that match a known motif first, then by information."""
    if not filter_motifs:
        return draw_message(out, "The network has no first layer with filters that can be read as motifs.")
    match_table = matches.set_index("filter")
    indexed_table = table.set_index("filter")

    def sort_key(motif: NamedMotif) -> tuple[float, float]:
        q = match_table["q"].get(motif.name, np.nan)
        return (q if np.isfinite(q) else 2.0, -indexed_table["information"][motif.name])

    selected = sorted(filter_motifs, key=sort_key)[:MAX_FILTERS]
    down = -(-len(selected) // FILTERS_PER_ROW)
    figure, axes = new_figure(down, FILTERS_PER_ROW, width=13, height=1.25 * down + 0.7, squeeze=False)
    highest = max(logo.information_heights(motif.matrix).sum(axis=1).max() for motif in selected)
    for axis, motif in zip(axes.ravel(), selected, strict=False):
        logo.draw_letters(axis, logo.information_heights(motif.matrix))
        hide_axes(axis, 0, len(motif))
        axis.set_ylim(0, highest)
        axis.set_yticks([])
        name = match_table["match"].get(motif.name)
        match_label = (
            f"{shorten(name, 24)}, q = {match_table['q'][motif.name]:.1g}" if isinstance(name, str) and name else "no known motif"
        )
        row = indexed_table.loc[motif.name]
        axis.set_title(
            f"{motif.name}: {match_label}\nin {row['examples']:.0%} of sequences{format_correlation(row['correlation'])}",
            fontsize=8,
        )
    for axis in axes.ravel()[len(selected) :]:
        axis.axis("off")
    idle = len(table) - len(filter_motifs)
    note = f"{len(filter_motifs)} of {len(table)} filters are activated" + (f"; {idle} are not" if idle else "")
    figure.suptitle(f"{note}; {len(selected)} are shown", x=0.01, ha="left", fontsize=11)
    save_figure(figure, out)
    return None


def format_correlation(value: float) -> str:
    """Correlation of a filter with the explained output, if defined."""
    return f", r = {value:+.2f}" if np.isfinite(value) else ""


def main(inputs: dict[str, Path], outputs: dict[str, Path]) -> None:
    """Plot all three figures.

    Parameters
    ----------
    inputs : about, table, marginal, spacing, filters, filter_table, filter_matches, exams.
    outputs : motifs, spacing, filters.
    """
    description = json.loads(inputs["about"].read_text())
    tables = {
        name: pd.read_csv(inputs[name], sep="\t") for name in ("table", "marginal", "spacing", "filter_table", "filter_matches")
    }
    caption = make_caption(description, json.loads(inputs["exams"].read_text()))
    plot_motifs(description, tables["table"], tables["marginal"], caption, outputs["motifs"])
    matched_rows = tables["table"].dropna(subset=["match"])
    match_names = {row["motif"]: shorten(row["match"], 20) for _, row in matched_rows.iterrows()}
    reason = description["why"] or "pairs are not inserted for outcomes per position"
    plot_spacing(tables["spacing"], match_names, caption, reason, outputs["spacing"])
    plot_filters(meme.read(inputs["filters"], empty=True), tables["filter_table"], tables["filter_matches"], outputs["filters"])


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        names = ("about", "table", "marginal", "spacing", "filters", "filter_table", "filter_matches", "exams")
        main(
            {name: getattr(job.input, name) for name in names},
            {name: getattr(job.output, name) for name in ("motifs", "spacing", "filters")},
        )
