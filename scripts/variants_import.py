"""Import calls of the user: any VCF or BCF of the project's genome, with the contigs of the reference."""

from pathlib import Path

from readsight.genome.intervals import read_contig_lengths
from readsight.step import step
from readsight.variants.vcf_files import import_vcf


def main(vcf: Path, fai: Path, out: Path, scratch: Path) -> None:
    """Write the calls as BCF, sorted by the contigs of the reference.

    Samples are optional. Raises InputError if the file is not VCF, belongs to
    another genome, or uses tags that its header does not define.
    """
    sort = ["bcftools", "sort", "-T", scratch / "sort", "-Ob", "-o", out, "-"]
    import_vcf(vcf, read_contig_lengths(fai), [sort], scratch, "variants.vcf")


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(job.input.vcf, job.input.fai, job.output.bcf, job.scratch)
