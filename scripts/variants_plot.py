"""Draw the accuracy of small-variant calls: precision and recall, indels by length, quality of true and false calls."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from readsight.report import figure_style
from readsight.step import step

TYPES = {"snv": "Substitutions", "insertion": "Insertions", "deletion": "Deletions", "all": "All"}
METRICS = {"recall": "Recall: truth variants called", "precision": "Precision: calls that are true", "f1": "F1"}
VIEWS = {"whole": ("everywhere", "o"), "outside": ("outside the strata", "s")}
GREY = figure_style.COLOURS[7]
TRUE, FALSE, MISSED = figure_style.COLOURS[2], figure_style.COLOURS[1], GREY


def draw_accuracy(tables: dict[str, pd.DataFrame], path: Path) -> None:
    """Draw recall, precision and F1 with intervals, by type and caller, overall and outside the strata.

    tables: caller → table of metrics with all levels, samples and strata.
    """
    views = [(c, v) for c, table in tables.items() for v in VIEWS if v in set(table["stratum"])]
    height = 1.6 + len(TYPES) * (0.25 + 0.2 * len(views))
    figure, axes = figure_style.new_figure(1, len(METRICS), width=10, height=height, sharey=True)
    step_y = 0.8 / max(1, len(views))
    lows = []
    for axis, (metric, title) in zip(axes, METRICS.items(), strict=True):
        for i, (caller, view) in enumerate(views):
            colour = figure_style.COLOURS[list(tables).index(caller) % 7]
            for position, kind in enumerate(TYPES):
                row = _select_row(tables[caller], kind, view, "genotype")
                if row is None or np.isnan(row[metric]):
                    continue
                y = position - 0.4 + (i + 0.5) * step_y
                lows.append(_draw_point(axis, row, metric, y, colour, VIEWS[view][1], hollow=view != "whole"))
                allele = _select_row(tables[caller], kind, view, "allele")
                axis.plot(allele[metric], y, marker="|", markersize=9, color="black", linestyle="none")
        axis.set_title(title, loc="left")
        axis.set_yticks(range(len(TYPES)), TYPES.values())
        axis.grid(axis="x", color="#e5e5e5")
        axis.set_axisbelow(True)
    floor = max(0.0, np.floor((min(lows, default=0) - 0.02) * 20) / 20)
    for axis in axes:
        axis.set_xlim(floor, 1 + 0.02 * (1 - floor))
        axis.set_xlabel("Fraction")
    axes[0].invert_yaxis()
    _draw_legend(figure, views, list(tables))
    figure_style.save_figure(figure, path)


def _select_row(table: pd.DataFrame, kind: str, stratum: str, level: str) -> pd.Series | None:
    rows = table[(table["type"] == kind) & (table["stratum"] == stratum) & (table["level"] == level) & (table["sample"] == "all")]
    return rows.iloc[0] if len(rows) else None


def _draw_point(axis, row: pd.Series, metric: str, y: float, colour: str, marker: str, hollow: bool) -> float:
    """Draw a value with its interval; returns the lower limit of the interval."""
    low, high = (row[f"{metric}_{side}"] for side in ("low", "high"))
    low, high = (row[metric] if np.isnan(v) else v for v in (low, high))
    axis.plot([low, high], [y, y], color=colour, linewidth=1.5)
    axis.plot(row[metric], y, marker=marker, color=colour, markerfacecolor="white" if hollow else colour, markersize=6)
    return low


def _draw_legend(figure, views: list[tuple[str, str]], callers: list[str]) -> None:
    from matplotlib.lines import Line2D

    has_views = len({view for _, view in views}) > 1
    handles = []
    for caller, view in views:
        view_label, marker = VIEWS[view]
        colour = figure_style.COLOURS[callers.index(caller) % 7]
        face = colour if view == "whole" else "white"
        handles.append(
            Line2D(
                [],
                [],
                color=colour,
                marker=marker,
                markerfacecolor=face,
                label=f"{caller}, {view_label}" if has_views else caller,
            )
        )
    handles.append(Line2D([], [], color="black", marker="|", markersize=9, linestyle="none", label="genotype not compared"))
    figure.legend(handles=handles, loc="outside lower center", ncols=min(4, len(handles)), fontsize=9, frameon=False)


def draw_sizes(spectra: dict[str, dict], path: Path) -> None:
    """Draw indels by length: called and missed truth above the line, false calls below; one panel per caller."""
    figure, axes = figure_style.new_figure(len(spectra), 1, width=8, height=1 + 2.4 * len(spectra), sharex=True, squeeze=False)
    for axis, (caller, caller_spectra) in zip(axes[:, 0], spectra.items(), strict=True):
        counts = {name: np.array(values) for name, values in caller_spectra["sizes"].items()}
        change = counts.pop("change")
        axis.bar(change, counts["tp"], width=0.9, color=TRUE, label="true, called")
        axis.bar(change, counts["fn"], bottom=counts["tp"], width=0.9, color=MISSED, label="true, missed")
        axis.bar(change, -counts["fp"], width=0.9, color=FALSE, label="called, not true")
        axis.axhline(0, color="black", linewidth=0.8)
        _set_scale(axis, max((counts["tp"] + counts["fn"]).max(), counts["fp"].max()))
        axis.set_ylabel("Indels")
        axis.set_title(caller, loc="left")
    limit = max((np.abs(change[_has_indels(g)]).max(initial=5) for g in spectra.values()), default=5)
    axes[-1, 0].set_xlim(-limit - 1, limit + 1)
    axes[-1, 0].set_xlabel("Length change in bases (deletions left, insertions right)")
    axes[0, 0].legend(fontsize=9, frameon=False, loc="upper left")
    figure_style.save_figure(figure, path)


def _set_scale(axis, largest: int) -> None:
    """Scale counts in both directions; logarithmic above 10 if 1-base indels would hide longer ones."""
    if largest > 300:
        axis.set_yscale("symlog", linthresh=10)
    else:
        axis.yaxis.get_major_locator().set_params(integer=True)
        axis.margins(y=0.08)
    axis.yaxis.set_major_formatter(lambda value, _: f"{abs(value):,.0f}")


def _has_indels(caller_spectra: dict) -> np.ndarray:
    return np.sum([caller_spectra["sizes"][name] for name in ("tp", "fn", "fp")], axis=0) > 0


def draw_quality(spectra: dict[str, dict], path: Path) -> None:
    """Draw QUAL and depth of true and false candidates; one row of panels per caller."""
    columns = {"QUAL": "Call quality (QUAL)", "DP": "Depth (reads, all samples)"}
    figure, axes = figure_style.new_figure(len(spectra), 2, width=9, height=0.8 + 2.4 * len(spectra), squeeze=False)
    for row, (caller, caller_spectra) in zip(axes, spectra.items(), strict=True):
        for axis, (name, label) in zip(row, columns.items(), strict=True):
            edges = np.array(caller_spectra[name]["edges"])
            axis.set_xlabel(label)
            axis.set_title(caller, loc="left")
            if not len(edges):
                axis.text(0.5, 0.5, f"no call has {name}", transform=axis.transAxes, ha="center")
                continue
            for which, colour, class_label in (("tp", TRUE, "true"), ("fp", FALSE, "false")):
                counts = np.array(caller_spectra[name][which], dtype=float)
                fraction = counts / max(1, counts.sum())
                axis.stairs(
                    fraction, edges, fill=True, alpha=0.35, color=colour, label=f"{class_label} (n = {counts.sum():,.0f})"
                )
                axis.stairs(fraction, edges, color=colour, linewidth=1.2)
            axis.legend(fontsize=9, frameon=False)
        row[0].set_ylabel("Fraction of candidates")
    figure_style.save_figure(figure, path)


def main(
    callers: list[str], tables: list[Path], spectra: list[Path], out_accuracy: Path, out_sizes: Path, out_quality: Path
) -> None:
    tables_by_caller = {
        caller: pd.read_csv(path, sep="\t", dtype={"stratum": str, "sample": str})
        for caller, path in zip(callers, tables, strict=True)
    }
    spectra_by_caller = {caller: json.loads(path.read_text()) for caller, path in zip(callers, spectra, strict=True)}
    draw_accuracy(tables_by_caller, out_accuracy)
    draw_sizes(spectra_by_caller, out_sizes)
    draw_quality(spectra_by_caller, out_quality)


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(
            list(job.params.callers),
            job.input.tables,
            job.input.spectra,
            job.output.accuracy,
            job.output.sizes,
            job.output.quality,
        )
