"""Find one sample's structural variants from discordant pairs and split reads (Delly)."""

from pathlib import Path

from readsight.genome.intervals import contigs
from readsight.pipes import Command
from readsight.step import step
from readsight.variants.delly import attempt, note


def command(reference: Path, cram: Path, out: Path) -> Command:
    """Delly's discovery."""
    return ["delly", "call", "-g", reference, "-o", out, cram]


def main(reference: Path, cram: Path, sample: str, out: Path, words: Path) -> None:
    """Write the sample's sites as BCF, and a note; a sample that Delly cannot judge has none, and the note says why."""
    reason = attempt(command(reference, cram, out), out, contigs(Path(f"{reference}.fai")), sample)
    note(words, sample, reason)


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(job.input.reference, job.input.cram, job.wildcards.sample, job.output.bcf, job.output.note)
