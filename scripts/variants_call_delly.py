"""Call structural variants of one sample from discordant pairs and split reads (Delly)."""

from pathlib import Path

from readsight.genome.intervals import read_contig_lengths
from readsight.pipes import Command
from readsight.step import step
from readsight.variants.delly import run_delly, write_note


def build_command(reference: Path, cram: Path, out: Path) -> Command:
    """Delly command for discovery."""
    return ["delly", "call", "-g", reference, "-o", out, cram]


def main(reference: Path, cram: Path, sample: str, out: Path, note_path: Path) -> None:
    """Write the sites of the sample as BCF, and a note with the reason if Delly cannot process the sample."""
    reason = run_delly(build_command(reference, cram, out), out, read_contig_lengths(Path(f"{reference}.fai")), sample)
    write_note(note_path, sample, reason)


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(job.input.reference, job.input.cram, job.wildcards.sample, job.output.bcf, job.output.note)
