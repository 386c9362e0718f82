"""Genotype one sample at the structural variants of all samples (Delly)."""

from pathlib import Path

from readsight.genome.intervals import read_contig_lengths
from readsight.pipes import Command, capture_output
from readsight.step import step
from readsight.variants.delly import run_delly, write_note
from readsight.variants.vcf_files import index_bcf, write_empty_bcf


def build_command(reference: Path, sites: Path, cram: Path, out: Path) -> Command:
    """Delly command for genotyping of given sites."""
    return ["delly", "call", "-g", reference, "-v", sites, "-o", out, cram]


def main(reference: Path, sites: Path, cram: Path, sample: str, out: Path, note_path: Path, scratch: Path) -> None:
    """Write the genotypes of the sample as BCF, and a note; an empty file if there are no sites."""
    lengths = read_contig_lengths(Path(f"{reference}.fai"))
    reason = None
    sites_copy = scratch / "sites.bcf"
    sites_copy.symlink_to(sites.resolve())
    index_bcf(sites_copy)
    if capture_output(["bcftools", "index", "-n", sites_copy]).strip() == "0":
        write_empty_bcf(out, lengths, [sample])
    else:
        reason = run_delly(build_command(reference, sites_copy, cram, out), out, lengths, sample)
    write_note(note_path, sample, reason)


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
