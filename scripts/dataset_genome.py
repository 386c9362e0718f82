"""Write a genome as integer codes, so that windows can be read without loading the chromosome."""

from readsight.genome.store import build_genome
from readsight.step import step

if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        build_genome(job.input.fasta, job.output.codes, job.output.contigs)
