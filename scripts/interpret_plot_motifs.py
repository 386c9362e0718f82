"""Draw the motifs that a model goes by beside the known ones, what adding them does, and the filters of its first layer."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from readsight.interpret.motifs import meme
from readsight.interpret.motifs.meme import Known
from readsight.interpret.tabular_attribution.results import short, title
from readsight.report import logo
from readsight.report.figure_style import COLOURS, empty, new, save
from readsight.step import step

SHOWN = 12  # motifs that are drawn
FILTERS = 24  # and filters
ACROSS = 4  # of them a row
GREY = "#666666"
STYLES = {"++": "-", "+-": "--", "-+": "-.", "--": ":"}
ARROWS = {"+": "→", "-": "←"}


def heading(about: dict[str, Any], examined: dict[str, Any]) -> tuple[str, bool]:
    """What stands above, and whether the method passed its exams. examined: exams.json."""
    method = about["method"]
    held = examined.get("methods", {}).get(method)
    if held is None:
        return f"{method.replace('_', ' ')} (not examined)", True
    return title(method, held), held["passed"]


def motifs(about: dict[str, Any], table: pd.DataFrame, effects: pd.DataFrame, head: tuple[str, bool], out: Path) -> None:
    """A row a motif: what is known of it, its letters as high as they contribute, the likest known motif, the effect of adding it."""
    patterns = about["patterns"][:SHOWN]
    if not patterns:
        why = about["why"] or "no pattern recurs in the contributions"
        return empty(out, f"No motif was found: {why}.")
    rows = len(patterns)
    figure, axes = new(rows, 4, width=13, height=1.15 * rows + 1.1, squeeze=False, width_ratios=[2.5, 3.4, 3.4, 2])
    reach = limits(effects)
    for i, pattern in enumerate(patterns):
        row = table[table["motif"] == pattern["name"]].iloc[0]
        words, found, known, effect = axes[i]
        described(words, pattern, row)
        first, last = frame(pattern)
        contributing(found, pattern, about["unit"], first, last)
        likest(known, pattern, about, first, last)
        added(effect, effects[(effects["motif"] == pattern["name"]) & (effects["head"] == pattern["head"])], reach, i == rows - 1)
    heads = ("motif", f"contribution towards it ({about['unit']})", "likest known motif", "effect of adding it")
    for axis, words in zip(axes[0], heads, strict=True):
        place = {"xytext": (0, 24), "xycoords": "axes fraction", "textcoords": "offset points"}
        axis.annotate(words, (0, 1), weight="bold", fontsize=10, annotation_clip=False, **place)
    more = len(about["patterns"]) - rows
    note = f"{head[0]}; {about['sequences']:,} test sequences" + (
        f"; {more} more patterns stand in the table" if more > 0 else ""
    )
    figure.suptitle(note, x=0.01, ha="left", fontsize=11, color="black" if head[1] else COLOURS[1])
    save(figure, out)
    return None


def described(axis: Any, pattern: dict[str, Any], row: pd.Series) -> None:
    """Words of a motif."""
    axis.axis("off")
    axis.text(0, 0.98, short(pattern["name"], 30), weight="bold", va="top", transform=axis.transAxes)
    lines = [
        f"{row['seqlets']:,} seqlets in {row['examples']:,} sequences",
        f"{row['share']:.1%} of all contribution",
        f"{row['hits']:,} hits, {row['contributing']:,} contribute",
    ]
    axis.text(0, 0.68, "\n".join(lines), va="top", fontsize=8.5, color=GREY, transform=axis.transAxes)


def frame(pattern: dict[str, Any]) -> tuple[int, int]:
    """First and last place, in those of the pattern, so that the likest known motif has room too."""
    width = len(pattern["matrix"])
    if not pattern["matches"]:
        return 0, width
    like = pattern["matches"][0]
    return min(0, -like["offset"]), max(width, len(like["matrix"]) - like["offset"])


def contributing(axis: Any, pattern: dict[str, Any], unit: str, first: int, last: int) -> None:
    """Letters as high as they contribute towards what the motif speaks for."""
    logo.draw(axis, pattern["sign"] * np.array(pattern["contributions"]))
    bare(axis, first, last)
    axis.yaxis.set_major_locator(MaxNLocator(2))
    axis.tick_params("y", labelsize=8)
    axis.spines["left"].set_visible(True)


def likest(axis: Any, pattern: dict[str, Any], about: dict[str, Any], first: int, last: int) -> None:
    """The likest known motif, under the places of the pattern that it is like; one that is not like enough is pale."""
    if not pattern["matches"]:
        axis.axis("off")
        axis.text(0, 0.5, "no known motifs were given", fontsize=9, color=GREY, transform=axis.transAxes)
        return
    like = pattern["matches"][0]
    matrix = np.array(like["matrix"])
    matrix = matrix if like["strand"] == "+" else matrix[::-1, ::-1]
    near = like["q"] <= about["limits"]["match"]
    logo.draw(axis, logo.bits(matrix), -like["offset"], alpha=1.0 if near else 0.35)
    bare(axis, first, last)
    axis.set_ylim(0, 2)
    axis.set_yticks([])
    words = f"{short(like['name'], 30)}{'' if like['strand'] == '+' else ' ←'}, q = {like['q']:.1g}" + (
        "" if near else ": not like it"
    )
    axis.text(0, 1.04, words, va="bottom", fontsize=9, transform=axis.transAxes, color="black" if near else COLOURS[1])


def bare(axis: Any, first: int, last: int) -> None:
    axis.set_xlim(first, last)
    axis.set_xticks([])
    for side in ("left", "bottom"):
        axis.spines[side].set_visible(False)
    axis.axhline(0, color="0.6", linewidth=0.6, zorder=0)


def limits(effects: pd.DataFrame) -> tuple[float, float]:
    """Range of all effects, with 0 in it."""
    values = effects[["value", "low", "high"]].to_numpy(float)
    values = values[np.isfinite(values)]
    if not len(values):
        return -1.0, 1.0
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    room = 0.06 * (high - low) or 1.0
    return low - room, high + room


def added(axis: Any, rows: pd.DataFrame, reach: tuple[float, float], last: bool) -> None:
    """A point a strand, with its interval."""
    axis.axvline(0, color="0.6", linewidth=1, zorder=0)
    for height, (_, row) in zip((1, 0), rows.iterrows(), strict=False):
        colour = COLOURS[1] if row["value"] > 0 else COLOURS[0]
        if np.isfinite(row["low"]):
            axis.plot([row["low"], row["high"]], [height, height], color=colour, linewidth=2)
        axis.plot(row["value"], height, "o", color=colour, markersize=5)
        where = "" if not np.isfinite(row["place"]) else f" at its base {int(row['place']) + 1}"
        axis.text(1.02, height, f"{ARROWS[row['strand']]} {row['value']:+.2g}{where}", va="center", fontsize=8.5, transform=axis.get_yaxis_transform())  # fmt: skip
    axis.set(xlim=reach, ylim=(-0.7, 1.7), yticks=[])
    axis.spines["left"].set_visible(False)
    axis.tick_params("x", labelbottom=last, labelsize=8)
    if last:
        axis.set_xlabel("change of the explained number", fontsize=8.5)


def spacing(pairs: pd.DataFrame, named: dict[str, str], head: tuple[str, bool], why: str, out: Path) -> None:
    """A panel a pair of motifs: interaction by distance, a line a pair of strands."""
    if pairs.empty:
        return empty(out, f"No pair of motifs was put into sequences: {why}.")
    groups = list(pairs.groupby(["first", "second"], sort=False))
    across = min(3, len(groups))
    down = -(-len(groups) // across)
    figure, axes = new(down, across, width=4.2 * across + 1, height=2.9 * down + 0.8, squeeze=False, sharex=True, sharey=True)
    for axis, ((first, second), own) in zip(axes.ravel(), groups, strict=False):
        axis.axhline(0, color="0.6", linewidth=1, zorder=0)
        for colour, (strands, rows) in zip(COLOURS, own.groupby("strands", sort=False), strict=False):
            words = "".join(ARROWS[s] for s in strands)
            axis.plot(rows["distance"], rows["value"], STYLES[strands], color=colour, label=words, linewidth=1.6)
            axis.fill_between(rows["distance"], rows["low"], rows["high"], color=colour, alpha=0.15, linewidth=0)
        like = [named.get(name, "like no known motif") for name in (first, second)]
        axis.set_title(f"{first} + {second}\n{like[0]} + {like[1]}", fontsize=8.5)
    for axis in axes.ravel()[len(groups) :]:
        axis.axis("off")
    for axis in axes[:, 0]:
        axis.set_ylabel("both, less each alone")
    for axis in axes[-1]:
        axis.set_xlabel("bases between them")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside right upper", title="strands")
    figure.suptitle(head[0], x=0.01, ha="left", fontsize=11, color="black" if head[1] else COLOURS[1])
    save(figure, out)
    return None


def filters(known: list[Known], table: pd.DataFrame, matches: pd.DataFrame, out: Path) -> None:
    """Logos of filters: those that are like a known motif first, then those that tell most."""
    if not known:
        return empty(out, "The network has no first layer of filters whose words can be read as motifs.")
    like = matches.set_index("filter")
    told = table.set_index("filter")

    def order(one: Known) -> tuple[float, float]:
        q = like["q"].get(one.name, np.nan)
        return (q if np.isfinite(q) else 2.0, -told["information"][one.name])

    shown = sorted(known, key=order)[:FILTERS]
    down = -(-len(shown) // ACROSS)
    figure, axes = new(down, ACROSS, width=13, height=1.25 * down + 0.7, squeeze=False)
    highest = max(logo.bits(one.matrix).sum(axis=1).max() for one in shown)
    for axis, one in zip(axes.ravel(), shown, strict=False):
        logo.draw(axis, logo.bits(one.matrix))
        bare(axis, 0, len(one))
        axis.set_ylim(0, highest)
        axis.set_yticks([])
        name = like["match"].get(one.name)
        fit = f"{short(name, 24)}, q = {like['q'][one.name]:.1g}" if isinstance(name, str) and name else "like no known motif"
        row = told.loc[one.name]
        axis.set_title(f"{one.name}: {fit}\nin {row['examples']:.0%} of sequences{related(row['correlation'])}", fontsize=8)
    for axis in axes.ravel()[len(shown) :]:
        axis.axis("off")
    idle = len(table) - len(known)
    note = f"{len(known)} of {len(table)} filters are driven by words" + (f"; {idle} by none" if idle else "")
    figure.suptitle(f"{note}; {len(shown)} are drawn", x=0.01, ha="left", fontsize=11)
    save(figure, out)
    return None


def related(value: float) -> str:
    """A filter's correlation with the explained number, where there is one."""
    return f", r = {value:+.2f}" if np.isfinite(value) else ""


def main(inputs: dict[str, Path], outputs: dict[str, Path]) -> None:
    """Draw all three. inputs: about, table, marginal, spacing, filters, filter_table, filter_matches, exams. outputs: motifs, spacing, filters."""
    about = json.loads(inputs["about"].read_text())
    read = {
        name: pd.read_csv(inputs[name], sep="\t") for name in ("table", "marginal", "spacing", "filter_table", "filter_matches")
    }
    head = heading(about, json.loads(inputs["exams"].read_text()))
    motifs(about, read["table"], read["marginal"], head, outputs["motifs"])
    matched = read["table"].dropna(subset=["match"])
    named = {row["motif"]: short(row["match"], 20) for _, row in matched.iterrows()}
    why = about["why"] or "their places are asked about one by one"
    spacing(read["spacing"], named, head, why, outputs["spacing"])
    filters(meme.read(inputs["filters"], empty=True), read["filter_table"], read["filter_matches"], outputs["filters"])


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        names = ("about", "table", "marginal", "spacing", "filters", "filter_table", "filter_matches", "exams")
        main(
            {name: getattr(job.input, name) for name in names},
            {name: getattr(job.output, name) for name in ("motifs", "spacing", "filters")},
        )
