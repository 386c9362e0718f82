"""Check the complete FASTQ files of a sequencing unit."""

import json
from pathlib import Path

from readsight.formats import fastq
from readsight.step import step


def main(fastqs: list[Path], out: Path) -> None:
    """Write the counts of the unit; raises InputError with all faults."""
    out.write_text(json.dumps(fastq.check_unit(fastqs), indent=1) + "\n")


if __name__ == "__main__":
    with step(snakemake) as job:
        main(job.input.fastqs, job.output.json)
