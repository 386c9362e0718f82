"""Align all units of a sample with bwa, mark duplicates, and write CRAM, in one stream."""

from readsight.align import pipeline
from readsight.step import step

if __name__ == "__main__":
    with step(snakemake) as job:
        pipeline.align_reads("bwa", job)
