"""Write the reference in upper case, with ambiguous bases as N, and its index and dictionary."""

from readsight.formats import fasta
from readsight.step import step

if __name__ == "__main__":
    with step(snakemake) as job:
        fasta.normalise(job.input.fasta, job.output.fasta, job.output.fai, job.output.dict)
