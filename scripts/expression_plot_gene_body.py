"""Plot gene body coverage from the 5' to the 3' end, one line per sample."""

from pathlib import Path

import numpy as np
import pandas as pd

from readsight.report import figure_style
from readsight.step import step

# Maximum number of coloured lines; in larger cohorts the samples with the strongest end bias are coloured.
MAX_NAMED = 8


def end_bias(curve: np.ndarray) -> float:
    """log2 ratio of the coverage of the last and first third; positive with 3' bias."""
    third = len(curve) // 3
    first, last = curve[:third].sum(), curve[-third:].sum()
    return float(np.log2(last / first)) if first > 0 and last > 0 else np.inf


def main(bodies: list[Path], samples: list[str], out: Path) -> None:
    """Draw the coverage along genes for each sample.

    bodies: tables of bin and coverage, scaled to a mean of 1, one file per sample.
    """
    coverages = [pd.read_csv(path, sep="\t")["coverage"].to_numpy(float) for path in bodies]
    curves = {sample: curve for sample, curve in zip(samples, coverages, strict=True) if len(curve)}
    if not curves:
        figure_style.draw_message(out, "No sample has a sufficiently long covered gene.")
        return
    most_biased = sorted(curves, key=lambda sample: -abs(end_bias(curves[sample])))[:MAX_NAMED]
    figure, axis = figure_style.new_figure(width=7, height=4)
    for sample in (s for s in curves if s not in most_biased):
        axis.plot(bin_centres(curves[sample]), curves[sample], color="0.75", linewidth=0.8)
    for i, sample in enumerate(s for s in curves if s in most_biased):
        axis.plot(
            bin_centres(curves[sample]), curves[sample], color=figure_style.COLOURS[i % len(figure_style.COLOURS)], label=sample
        )
    axis.axhline(1, color="0.5", linewidth=0.8, linestyle="--")
    axis.set(xlim=(0, 100), xlabel="position in the gene, 5' to 3' (%)", ylabel="coverage (mean of a gene: 1)")
    axis.set_ylim(bottom=0)
    if len(curves) > MAX_NAMED:
        axis.set_title(f"{len(curves)} samples; named: the {MAX_NAMED} with the strongest end bias")
    figure.legend(loc="outside right upper", fontsize=8)
    figure_style.save_figure(figure, out)


def bin_centres(curve: np.ndarray) -> np.ndarray:
    """Bin centres, percent of the gene."""
    return (np.arange(len(curve)) + 0.5) / len(curve) * 100


if __name__ == "__main__":
    with step(snakemake) as job:
        main(list(job.input.bodies), list(job.params.samples), job.output.gene_body)
