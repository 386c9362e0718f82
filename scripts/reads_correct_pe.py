"""Correct sequencing errors of paired reads."""

from readsight.reads import lighter
from readsight.step import step

if __name__ == "__main__":
    with step(snakemake) as job:
        lighter.correct_reads(job.input.fastqs, job.output.fastqs, job.input.fai, job.params.kmer, job.threads, job.scratch)
