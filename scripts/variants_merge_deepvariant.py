"""Join the samples' DeepVariant calls of one piece into one table of genotypes."""

from pathlib import Path

from readsight.genome.intervals import contigs
from readsight.pipes import Command, pipe, reading, run
from readsight.step import step
from readsight.variants.vcf_files import cleaned, index, join


def alone(reference: Path, out: Path) -> list[Command]:
    """One sample's real calls, an alternative allele a record, so that samples meet allele by allele."""
    return [
        ["bcftools", "norm", "--no-version", "-m", "-any", "-f", reference, "-Ou", "-"],
        ["bcftools", "view", "--no-version", "-c", "1", "-Ou", "-"],
        ["bcftools", "sort", "-Ob", "-o", out, "-"],
    ]


def main(vcfs: list[Path], reference: Path, out: Path, scratch: Path) -> None:
    """Write the calls of all samples, in the order given, as BCF."""
    lengths = contigs(Path(f"{reference}.fai"))
    files = []
    for number, vcf in enumerate(vcfs):
        single = scratch / f"sample{number}.bcf"
        with reading([["bcftools", "view", "--no-version", "-Ov", vcf]]) as records:
            pipe(alone(reference, single), feed=cleaned(records, lengths))
        index(single)
        files.append(single)
    run(["bcftools", "view", "--no-version", "-Ob", "-o", out, join(files, "none", scratch)])


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(job.input.vcfs, job.input.reference, job.output.bcf, job.scratch)
