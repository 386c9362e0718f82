"""Report the quality of single-end reads before and after cleaning (FastQC)."""

from readsight.reads import fastqc
from readsight.step import step

if __name__ == "__main__":
    with step(snakemake) as job:
        name = f"{job.wildcards.sample}.{job.wildcards.unit}"
        groups = {"raw": job.input.raw, "clean": job.input.get("clean", [])}
        fastqc.run_fastqc(name, groups, job.output.html, job.output.zip, job.threads, job.scratch)
