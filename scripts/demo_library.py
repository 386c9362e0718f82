"""Plant a library of synthetic elements with activity labels of known error rate."""

from pathlib import Path

from readsight.genome.codes import make_generator
from readsight.simulate.motifs import read_meme
from readsight.simulate.mpra_library import make_library
from readsight.step import step


def main(factors: Path, seed: int, size: int, library: Path, truth: Path) -> None:
    """Write the library (name, sequence, label) and, separately, the planted truth."""
    elements = make_library(size, read_meme(factors), make_generator(seed, "library"))
    library.write_text("name\tsequence\tlabel\n" + "".join(element.table_row() for element in elements))
    truth.write_text("name\tgrammar\tacts\tsites\n" + "".join(element.truth_row() for element in elements))


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(job.input.factors, job.params.seed, job.params.size, job.output.library, job.output.truth)
