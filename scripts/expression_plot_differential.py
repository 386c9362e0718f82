"""Plot differential expression: volcano plot and MA plot."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from readsight.report import figure_style
from readsight.step import step

FDR = 0.05
MAX_NAMED = 12
# Width and height of a gene label, as fractions of the axes.
LABEL_SIZE = (0.27, 0.04)
UP, DOWN, GREY = figure_style.COLOURS[1], figure_style.COLOURS[0], "#aaaaaa"


def gene_colours(table: pd.DataFrame) -> np.ndarray:
    """Colour of each gene: higher in the tested group, lower, or not significant."""
    significant = (table["padj"] < FDR).to_numpy()
    return np.where(significant, np.where(table["log2_fold_change"] > 0, UP, DOWN), GREY)


def rank_genes(shown: pd.DataFrame) -> list[str]:
    """Significant genes by shrunken fold change times −log10 padj (Xiao et al. 2014, there without shrinkage)."""
    differ = shown[shown["padj"] < FDR]
    score = differ["shrunken"].abs() * -np.log10(differ["padj"].clip(lower=1e-300))
    return list(score.sort_values(ascending=False, kind="stable").index)


def plot_volcano(table: pd.DataFrame, change: str, path: Path) -> None:
    """Plot fold change against adjusted p-value. change: label of the x axis."""
    tested_genes = table[table["padj"].notna()]
    if tested_genes.empty:
        figure_style.draw_message(path, "No gene has sufficient expression for a test.")
        return
    smallest = tested_genes["padj"][tested_genes["padj"] > 0].min()
    height = -np.log10(tested_genes["padj"].clip(lower=smallest if np.isfinite(smallest) else 1e-300))
    figure, axis = figure_style.new_figure(width=6.5, height=4.5)
    plot_points(axis, tested_genes, tested_genes["log2_fold_change"], height)
    axis.axvline(0, color="black", linewidth=0.8)
    axis.axhline(-np.log10(FDR), color="#666666", linewidth=0.8, linestyle="--")
    axis.set(xlabel=change, ylabel="−log10 of the adjusted p-value", title=describe_counts(tested_genes))
    figure_style.save_figure(figure, path)


def plot_abundance(table: pd.DataFrame, change: str, path: Path) -> None:
    """Plot mean normalised count against fold change, estimated and shrunken."""
    measured_genes = table[table["log2_fold_change"].notna() & (table["base_mean"] > 0)]
    if measured_genes.empty:
        figure_style.draw_message(path, "No gene has sufficient expression for a test.")
        return
    figure, axes = figure_style.new_figure(1, 2, width=11, height=4.5, sharey=True)
    for axis, column, estimate in zip(axes, ("log2_fold_change", "shrunken"), ("as estimated", "shrunken (apeglm)"), strict=True):
        plot_points(axis, measured_genes, measured_genes["base_mean"], measured_genes[column], "log")
        axis.axhline(0, color="black", linewidth=0.8)
        axis.set(xlabel=f"Mean of normalised counts; fold change {estimate}")
    axes[0].set(ylabel=change, title=describe_counts(measured_genes))
    figure_style.save_figure(figure, path)


def describe_counts(shown: pd.DataFrame) -> str:
    """Title with the number of significant genes by direction."""
    tint = gene_colours(shown)
    tested = shown["padj"].notna().sum()
    return f"{(tint == UP).sum():,} genes higher, {(tint == DOWN).sum():,} lower, of {tested:,} tested (FDR {FDR})"


def plot_points(axis: Any, shown: pd.DataFrame, x: pd.Series, y: pd.Series, x_scale: str = "linear") -> None:
    """Plot one point per gene, coloured by direction, and label the top genes without overlap. x_scale: of the x axis."""
    axis.scatter(x, y, c=gene_colours(shown), s=14, linewidths=0, alpha=0.8, rasterized=len(shown) > 5000)
    axis.set_xscale(x_scale)
    axis.margins(0.12)
    axis.autoscale_view()  # axis limits must be final for the label positions below
    label_positions: list[tuple[float, float]] = []
    for gene in rank_genes(shown):
        if len(label_positions) == MAX_NAMED or not np.isfinite([x[gene], y[gene]]).all():
            break
        page_x, page_y = axis.transAxes.inverted().transform(axis.transData.transform((x[gene], y[gene])))
        if all(abs(page_x - a) > LABEL_SIZE[0] or abs(page_y - b) > LABEL_SIZE[1] for a, b in label_positions):
            label_positions.append((page_x, page_y))
            name = shown.at[gene, "gene_name"]
            axis.annotate(name, (x[gene], y[gene]), xytext=(4, 3), textcoords="offset points", fontsize=8)


def main(path: Path, reference: str, tested: str, out_volcano: Path, out_abundance: Path) -> None:
    table = pd.read_csv(path, sep="\t", dtype={"gene_id": str, "gene_name": str}, index_col="gene_id")
    change = f"log2 fold change, {tested} over {reference}"
    plot_volcano(table, change, out_volcano)
    plot_abundance(table, change, out_abundance)


if __name__ == "__main__":
    with step(snakemake) as job:
        groups = job.params.groups
        main(job.input.table, groups["reference"], groups["tested"], job.output.volcano, job.output.abundance)
