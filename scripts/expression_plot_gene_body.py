"""Draw coverage along genes, from their 5' to their 3' end, a line a sample."""

from pathlib import Path

import numpy as np
import pandas as pd

from readsight.report import figure_style
from readsight.step import step

# So many samples have a line of their own colour; of more, those that lean most have.
NAMED = 8


def end_bias(curve: np.ndarray) -> float:
    """Coverage of the last third over that of the first, as a logarithm: above 0 where the 3' end has more."""
    third = len(curve) // 3
    first, last = curve[:third].sum(), curve[-third:].sum()
    return float(np.log2(last / first)) if first > 0 and last > 0 else np.inf


def main(bodies: list[Path], samples: list[str], out: Path) -> None:
    """bodies: tables of bin and coverage, scaled to a mean of 1, a file a sample."""
    coverages = [pd.read_csv(path, sep="\t")["coverage"].to_numpy(float) for path in bodies]
    curves = {sample: curve for sample, curve in zip(samples, coverages, strict=True) if len(curve)}
    if not curves:
        figure_style.draw_message(out, "No sample has a gene with coverage that is long enough to tell of its ends.")
        return
    most_biased = sorted(curves, key=lambda sample: -abs(end_bias(curves[sample])))[:NAMED]
    figure, axis = figure_style.new_figure(width=7, height=4)
    for sample in (s for s in curves if s not in most_biased):
        axis.plot(bin_centres(curves[sample]), curves[sample], color="0.75", linewidth=0.8)
    for i, sample in enumerate(s for s in curves if s in most_biased):
        axis.plot(
            bin_centres(curves[sample]), curves[sample], color=figure_style.COLOURS[i % len(figure_style.COLOURS)], label=sample
        )
    axis.axhline(1, color="0.5", linewidth=0.8, linestyle="--")
    axis.set(xlim=(0, 100), xlabel="place along the gene, 5' to 3' (%)", ylabel="coverage (mean of a gene: 1)")
    axis.set_ylim(bottom=0)
    if len(curves) > NAMED:
        axis.set_title(f"{len(curves)} samples; named: the {NAMED} that lean most to one end")
    figure.legend(loc="outside right upper", fontsize=8)
    figure_style.save_figure(figure, out)


def bin_centres(curve: np.ndarray) -> np.ndarray:
    """Middles of the bins, in per cent of the gene."""
    return (np.arange(len(curve)) + 0.5) / len(curve) * 100


if __name__ == "__main__":
    with step(snakemake) as job:
        main(list(job.input.bodies), list(job.params.samples), job.output.gene_body)
