"""Build the Salmon index of the transcripts."""

import json
from pathlib import Path

from readsight import pipes
from readsight.step import step

MAX_KMER = 31


def kmer_length(lints: list[Path]) -> int:
    """k-mer length of the index: 31; for reads under 75 bases an odd number near half the shortest read length."""
    shortest = min(int(json.loads(path.read_text())["max_length"] or 0) for path in lints)
    return MAX_KMER if shortest >= 75 else max(11, min(MAX_KMER, (shortest // 2) | 1))


def main(fasta: Path, lints: list[Path], index: list[Path], threads: int, scratch: Path) -> None:
    """Build the index in the folder of index[0]."""
    command = ["salmon", "--no-version-check", "index", "-t", fasta, "-i", index[0].parent, "-k", str(kmer_length(lints))]
    pipes.run_tool([*command, "--keepDuplicates", "--no-clip", "-p", str(max(2, threads)), "--tmpdir", scratch / "index"])


if __name__ == "__main__":
    with step(snakemake) as job:
        main(job.input.fasta, job.input.lints, job.output.index, job.threads, job.scratch)
