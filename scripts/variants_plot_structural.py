"""Draw the accuracy of structural variant calls: true, missed and false variants by type and size."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.ticker import NullFormatter

from readsight.report import figure_style
from readsight.step import step

TYPES = {"DEL": "Deletions", "DUP": "Duplications", "INV": "Inversions", "INS": "Insertions"}
STATUS = {
    ("truth", "TP"): ("true, called", figure_style.COLOURS[2], "o"),
    ("truth", "FN"): ("true, missed", figure_style.COLOURS[7], "X"),
    ("calls", "FP"): ("called, not true", figure_style.COLOURS[1], "D"),
}


def draw_structural(tables: dict[str, pd.DataFrame], sites: dict[str, pd.DataFrame], path: Path) -> None:
    """Left: recall and precision by type, with intervals. Right: every variant by size.

    tables, sites: caller → table of metrics, table of variants.
    """
    figure, axes = figure_style.new_figure(len(tables), 2, width=10, height=0.9 + 2.8 * len(tables), squeeze=False)
    for row, caller in zip(axes, tables, strict=True):
        _draw_metrics(row[0], tables[caller], caller)
        _draw_sizes(row[1], sites[caller])
    figure_style.save_figure(figure, path)


def _draw_metrics(axis, table: pd.DataFrame, caller: str) -> None:
    table = table[table["sample"] == "all"].set_index("type")
    names = [*TYPES, "all"]
    for position, name in enumerate(names):
        row = table.loc[name.lower()]
        for shift, metric, colour in ((-0.15, "recall", figure_style.COLOURS[0]), (0.15, "precision", figure_style.COLOURS[4])):
            if np.isnan(row[metric]):
                continue
            axis.plot([row[f"{metric}_low"], row[f"{metric}_high"]], [position + shift] * 2, color=colour)
            axis.plot(row[metric], position + shift, "o", color=colour)
    labels = [f"{TYPES.get(n, 'All')} (truth {table.loc[n.lower(), ['tp', 'fn']].sum():.0f})" for n in names]
    axis.set_yticks(range(len(names)), labels)
    axis.invert_yaxis()
    axis.set_xlim(0, 1.02)
    axis.set_xlabel("Fraction")
    axis.set_title(caller, loc="left")
    handles = [
        axis.plot([], [], "o", color=figure_style.COLOURS[i], label=name)[0] for i, name in ((0, "recall"), (4, "precision"))
    ]
    axis.legend(handles=handles, fontsize=9, frameon=False, loc="lower left")


def _draw_sizes(axis, sites: pd.DataFrame) -> None:
    rng = np.random.default_rng(1)
    for (side, status), (label, colour, marker) in STATUS.items():
        selected = sites[(sites["side"] == side) & (sites["status"] == status)]
        y = np.array([list(TYPES).index(t) for t in selected["type"]], dtype=float) + rng.uniform(-0.3, 0.3, len(selected))
        axis.plot(selected["size"], y, marker, color=colour, markersize=5, alpha=0.8, label=f"{label} ({len(selected):,})")
    axis.set_yticks(range(len(TYPES)), TYPES.values())
    axis.set_ylim(len(TYPES) - 0.5, -0.5)
    axis.set_xscale("log")
    smallest, largest = sites["size"].min() if len(sites) else 50, sites["size"].max() if len(sites) else 50
    axis.set_xlim(10 ** np.floor(np.log10(smallest)), 10 ** np.ceil(np.log10(largest + 1)))
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.set_xlabel("Size (bases)")
    axis.set_title("Variants, summed over samples", loc="left")
    axis.legend(fontsize=9, frameon=False, loc="upper left", bbox_to_anchor=(1, 1))


def main(callers: list[str], tables: list[Path], sites: list[Path], out: Path) -> None:
    tables_by_caller = {
        caller: pd.read_csv(path, sep="\t", dtype={"sample": str}) for caller, path in zip(callers, tables, strict=True)
    }
    sites_by_caller = {
        caller: pd.read_csv(path, sep="\t", dtype={"sample": str}) for caller, path in zip(callers, sites, strict=True)
    }
    draw_structural(tables_by_caller, sites_by_caller, out)


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(list(job.params.callers), job.input.tables, job.input.sites, job.output.structural)
