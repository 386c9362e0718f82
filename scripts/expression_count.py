"""Count fragments per gene with featureCounts, using the determined strandedness."""

import json
from pathlib import Path

from readsight import pipes
from readsight.expression import assignment_rate
from readsight.step import step

STRAND_CODES = {"unstranded": "0", "forward": "1", "reverse": "2"}


def format_counts(text: str) -> list[str]:
    """Reduce featureCounts' table to gene_id and count, with a header."""
    rows = [line.split("\t") for line in text.splitlines() if not line.startswith("#")][1:]
    return ["gene_id\tcount", *(f"{row[0]}\t{row[-1]}" for row in rows)]


def relabel_summary(summary: str, sample: str) -> str:
    """Replace the path in featureCounts' summary by the sample name."""
    lines = summary.splitlines()
    return "\n".join([f"Status\t{sample}", *lines[1:]]) + "\n"


def count_input_fragments(log: str) -> int:
    """Number of input fragments (pairs or single reads) from STAR's final log."""
    line = next(line for line in log.splitlines() if "Number of input reads" in line)
    return int(line.split("|")[1])


def main(job) -> None:
    """Run the counting. job: of rule expression_count. featureCounts cannot read CRAM, so a BAM is written to scratch."""
    sample, scratch = job.wildcards.sample, job.scratch.resolve()
    bam, out = scratch / f"{sample}.bam", scratch / "counts.txt"
    strandedness = json.loads(job.input.strandedness.read_text())["strandedness"]
    threads = str(job.threads)
    reference = ["--input-fmt-option", f"reference={job.input.fasta}"]
    pipes.run_tool(["samtools", "view", "--no-PG", "-@", threads, *reference, "-b", "--fast", "-o", bam, job.input.cram])
    pairs = ["-p", "--countReadPairs"] if job.params.paired else []
    command = [
        "featureCounts",
        "-a",
        job.input.gtf,
        "-F",
        "GTF",
        "-t",
        "exon",
        "-g",
        "gene_id",
        "-s",
        STRAND_CODES[strandedness],
        *pairs,
    ]
    pipes.run_tool([*command, "-T", threads, "--tmpDir", scratch, "-o", out, bam])
    counts = format_counts(out.read_text())
    total = sum(int(line.split("\t")[1]) for line in counts[1:])
    assignment_rate.check_assigned(sample, total, count_input_fragments(job.input.log.read_text()), job.params.min_assigned)
    job.output.counts.write_text("".join(f"{line}\n" for line in counts))
    job.output.summary.write_text(relabel_summary(Path(f"{out}.summary").read_text(), sample))


if __name__ == "__main__":
    with step(snakemake) as job:
        main(job)
