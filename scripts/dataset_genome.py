"""Write a genome as codes that windows are cut out of without reading the rest."""

from readsight.genome.store import build
from readsight.step import step

if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        build(job.input.fasta, job.output.codes, job.output.contigs)
