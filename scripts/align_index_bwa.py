"""Build the bwa index of the reference."""

from readsight import pipes
from readsight.step import step

if __name__ == "__main__":
    with step(snakemake) as job:
        pipes.run_tool(["bwa", "index", "-p", job.output[0].with_suffix(""), job.input.fasta])
