"""Build the index of bwa-mem2."""

from readsight import pipes
from readsight.step import step

if __name__ == "__main__":
    with step(snakemake) as job:
        pipes.run_tool(["bwa-mem2", "index", "-p", job.output[0].with_suffix(""), job.input.fasta])
