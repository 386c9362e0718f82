"""Plot the SNV agreement of RNA and DNA samples; pairs of the sheet are outlined."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from readsight.report import figure_style
from readsight.step import step

# Maximum number of samples that are labelled by name.
MAX_NAMED = 60
EXPECTED_COLOUR, MISMATCH_COLOUR = "black", figure_style.COLOURS[1]


def main(matrix: Path, table: Path, out: Path) -> None:
    """Draw the agreement of each RNA sample with each DNA sample.

    matrix: RNA × DNA agreement. table: state of each RNA sample.
    """
    agreement = pd.read_csv(matrix, sep="\t", dtype={"sample": str}).set_index("sample")
    judgements = pd.read_csv(table, sep="\t", dtype=str, keep_default_na=False).set_index("sample")
    if not agreement.notna().any().any():
        figure_style.draw_message(out, "No SNV is covered in both RNA and DNA.")
        return
    figure, axis = figure_style.new_figure(
        width=min(10.0, 3.2 + 0.32 * agreement.shape[1]), height=min(12.0, 1.8 + 0.26 * len(agreement))
    )
    image = axis.imshow(agreement.to_numpy(), cmap="viridis", vmin=0.5, vmax=1, aspect="auto")
    for y, sample in enumerate(agreement.index):
        row = judgements.loc[sample]
        for name, colour in ((row["own"], EXPECTED_COLOUR), (row["best"], MISMATCH_COLOUR)):
            # the best match is outlined only if it differs from the expected one
            if name and (colour == EXPECTED_COLOUR or row["state"] in ("swapped", "another's")):
                box = (list(agreement.columns).index(name) - 0.5, y - 0.5)
                axis.add_patch(plt.Rectangle(box, 1, 1, fill=False, edgecolor=colour, linewidth=2))
    axis.set_xlabel("DNA")
    axis.set_ylabel("RNA")
    if agreement.shape[1] <= MAX_NAMED:
        axis.set_xticks(np.arange(agreement.shape[1]), agreement.columns, rotation=90, fontsize=8)
    if len(agreement) <= MAX_NAMED:
        axis.set_yticks(np.arange(len(agreement)), agreement.index, fontsize=8)
    axis.spines[:].set_visible(False)
    figure.colorbar(image, ax=axis, label="fraction of SNVs where RNA has no allele absent from the DNA", shrink=0.8)
    figure_style.save_figure(figure, out)


if __name__ == "__main__":
    with step(snakemake) as job:
        main(job.input.matrix, job.input.table, job.output.figure)
