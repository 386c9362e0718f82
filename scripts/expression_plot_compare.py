"""Plot measured against planted expression: gene levels and fold changes."""

from pathlib import Path

import numpy as np
import pandas as pd

from readsight.report import figure_style
from readsight.step import step

STATES = {
    "found": (figure_style.COLOURS[2], "o", "planted, detected"),
    "missed": (figure_style.COLOURS[4], "o", "planted, missed"),
    "opposite": (figure_style.COLOURS[1], "X", "planted, detected with opposite sign"),
    "by variants": (figure_style.COLOURS[0], "s", "detected, explained by variants"),
    "false": (figure_style.COLOURS[1], "s", "detected, not planted"),
    "none": (figure_style.COLOURS[7], ".", "neither"),
}


def plot_levels(table: pd.DataFrame, path: Path) -> None:
    """Scatter plot of planted (x) against measured (y) log10(1 + TPM), one point per gene and sample."""
    across, up = np.log10(1 + table["planted_tpm"]), np.log10(1 + table["tpm"])
    figure, axis = figure_style.new_figure(width=5, height=4.6)
    top = float(max(across.max(), up.max(), 1.0)) * 1.03
    axis.plot([0, top], [0, top], color="#999999", linewidth=1, zorder=0)
    axis.scatter(across, up, s=9, alpha=0.5, color=figure_style.COLOURS[0], linewidths=0)
    axis.set(xlabel="planted, log10(1 + TPM)", ylabel="measured, log10(1 + TPM)")
    axis.set_title(f"{table['gene_id'].nunique()} genes of {table['sample'].nunique()} samples")
    figure_style.save_figure(figure, path)


def plot_fold_changes(genes: pd.DataFrame, path: Path) -> None:
    """Planted (x) against measured (y) fold changes of cases over controls, with 95 % intervals."""
    if genes.empty:
        figure_style.draw_message(path, "No contrast of case and control is configured.")
        return
    figure, axis = figure_style.new_figure(width=6.4, height=4.4)
    tested = genes.dropna(subset=["measured"])
    limit = 1.1 * float(tested[["planted", "measured"]].abs().max().max())
    axis.plot([-limit, limit], [-limit, limit], color="#999999", linewidth=1, zorder=0)
    for state, (colour, marker, label) in STATES.items():
        subset = tested[tested["state"] == state]
        if subset.empty:
            continue
        across, up, low, high = subset[["planted", "measured", "low", "high"]].to_numpy().T
        spread = [up - low, high - up]
        axis.errorbar(across, up, yerr=spread, fmt=marker, color=colour, elinewidth=0.6, markersize=5,
                      label=f"{label} ({len(subset)})")  # fmt: skip
    axis.set_ylim(-1.2 * limit, 1.2 * limit)  # the wide interval of a sex-specific gene would compress the axis
    axis.set(xlabel="planted log2 fold change", ylabel="measured log2 fold change")
    figure.legend(loc="outside right upper", fontsize=8)
    figure_style.save_figure(figure, path)


def main(table: Path, genes: Path, scatter: Path, fold_changes: Path) -> None:
    plot_levels(pd.read_csv(table, sep="\t"), scatter)
    plot_fold_changes(pd.read_csv(genes, sep="\t"), fold_changes)


if __name__ == "__main__":
    with step(snakemake) as job:
        main(job.input.table, job.input.genes, job.output.levels, job.output.changes)
