"""Genotype one sample at every structural variant found in any (Delly)."""

from pathlib import Path

from readsight.genome.intervals import contigs
from readsight.pipes import Command, capture
from readsight.step import step
from readsight.variants.delly import attempt, note
from readsight.variants.vcf_files import index, write_empty


def command(reference: Path, sites: Path, cram: Path, out: Path) -> Command:
    """Delly's genotyping of given sites."""
    return ["delly", "call", "-g", reference, "-v", sites, "-o", out, cram]


def main(reference: Path, sites: Path, cram: Path, sample: str, out: Path, words: Path, scratch: Path) -> None:
    """Write the sample's genotypes as BCF, and a note; no site, no genotype."""
    lengths = contigs(Path(f"{reference}.fai"))
    reason = None
    copy = scratch / "sites.bcf"
    copy.symlink_to(sites.resolve())
    index(copy)
    if capture(["bcftools", "index", "-n", copy]).strip() == "0":
        write_empty(out, lengths, [sample])
    else:
        reason = attempt(command(reference, copy, cram, out), out, lengths, sample)
    note(words, sample, reason)


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(
            job.input.reference,
            job.input.sites,
            job.input.cram,
            job.wildcards.sample,
            job.output.bcf,
            job.output.note,
            job.scratch,
        )
