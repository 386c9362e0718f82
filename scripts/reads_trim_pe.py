"""Trim adapters and low-quality ends of paired reads; pairs stay complete."""

from readsight.reads import trimmomatic
from readsight.step import step

if __name__ == "__main__":
    with step(snakemake) as job:
        name = f"{job.wildcards.sample}.{job.wildcards.unit}"
        trimmomatic.trim_reads(
            name,
            job.input.fastqs,
            job.input.adapters,
            job.params.trim,
            job.output.fastqs,
            job.output.log,
            threads=job.threads,
            memory_mb=job.mem_mb,
            scratch=job.scratch,
        )
