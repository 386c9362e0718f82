"""Build Salmon's index of the transcripts."""

import json
from pathlib import Path

from readsight import pipes
from readsight.step import step

LONGEST = 31


def kmer_length(lints: list[Path]) -> int:
    """k of the index: 31, and less for reads under 75 bases (an odd number, about half of the shortest unit's reads)."""
    shortest = min(int(json.loads(path.read_text())["max_length"] or 0) for path in lints)
    return LONGEST if shortest >= 75 else max(11, min(LONGEST, (shortest // 2) | 1))


def main(fasta: Path, lints: list[Path], index: list[Path], threads: int, scratch: Path) -> None:
    """Build the index; its files go where index[0] stands."""
    command = ["salmon", "--no-version-check", "index", "-t", fasta, "-i", index[0].parent, "-k", str(kmer_length(lints))]
    pipes.run_tool([*command, "--keepDuplicates", "--no-clip", "-p", str(max(2, threads)), "--tmpdir", scratch / "index"])


if __name__ == "__main__":
    with step(snakemake) as job:
        main(job.input.fasta, job.input.lints, job.output.index, job.threads, job.scratch)
