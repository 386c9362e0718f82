"""Draw differential expression: fold change against certainty (volcano), and against abundance (MA)."""

from pathlib import Path

import numpy as np
import pandas as pd

from readsight import figures
from readsight.step import step

FDR = 0.05
NAMED = 12
UP, DOWN, GREY = figures.COLOURS[1], figures.COLOURS[0], "#aaaaaa"


def colours(table: pd.DataFrame) -> np.ndarray:
    """Of each gene: more in the tested group, less, or not told apart."""
    significant = (table["padj"] < FDR).to_numpy()
    return np.where(significant, np.where(table["log2_fold_change"] > 0, UP, DOWN), GREY)


def volcano(table: pd.DataFrame, change: str, path: Path) -> None:
    """Fold change against the adjusted p-value. change: what the horizontal axis is called."""
    shown = table[table["padj"].notna()]
    if shown.empty:
        figures.empty(path, "No gene was expressed enough to be tested.")
        return
    smallest = shown["padj"][shown["padj"] > 0].min()
    height = -np.log10(shown["padj"].clip(lower=smallest if np.isfinite(smallest) else 1e-300))
    _draw(shown, shown["log2_fold_change"], height, change, "−log10 of the adjusted p-value", path, across=False)


def abundance(table: pd.DataFrame, change: str, path: Path) -> None:
    """Mean normalised count against fold change."""
    shown = table[table["log2_fold_change"].notna() & (table["base_mean"] > 0)]
    if shown.empty:
        figures.empty(path, "No gene was expressed enough to be tested.")
        return
    _draw(shown, shown["base_mean"], shown["log2_fold_change"], "Mean of normalised counts", change, path, across=True)


def _draw(shown: pd.DataFrame, x: pd.Series, y: pd.Series, xlabel: str, ylabel: str, path: Path, across: bool) -> None:
    figure, axis = figures.new(width=6.5, height=4.5)
    tint = colours(shown)
    axis.scatter(x, y, c=tint, s=14, linewidths=0, alpha=0.8, rasterized=len(shown) > 5000)
    (axis.axhline if across else axis.axvline)(0, color="black", linewidth=0.8)
    if across:
        axis.set_xscale("log")
    else:
        axis.axhline(-np.log10(FDR), color="#666666", linewidth=0.8, linestyle="--")
    best = shown[shown["padj"] < FDR].sort_values("p_value", kind="stable").index[:NAMED]
    for gene in best:
        name = shown.at[gene, "gene_name"]
        axis.annotate(name, (x[gene], y[gene]), xytext=(4, 3), textcoords="offset points", fontsize=8)
    axis.margins(0.12)
    axis.set_xlabel(xlabel)
    axis.set_ylabel(ylabel)
    counts = {words: int((tint == colour).sum()) for words, colour in (("more", UP), ("less", DOWN))}
    axis.set_title(f"{counts['more']} genes more, {counts['less']} less, of {shown['padj'].notna().sum():,} tested (FDR {FDR})")
    figures.save(figure, path)


def main(path: Path, reference: str, tested: str, out_volcano: Path, out_abundance: Path) -> None:
    table = pd.read_csv(path, sep="\t", dtype={"gene_id": str, "gene_name": str}, index_col="gene_id")
    change = f"log2 fold change, {tested} over {reference}"
    volcano(table, change, out_volcano)
    abundance(table, change, out_abundance)


if __name__ == "__main__":
    with step(snakemake) as job:
        main(job.input.table, job.params.reference, job.params.tested, job.output.volcano, job.output.abundance)
