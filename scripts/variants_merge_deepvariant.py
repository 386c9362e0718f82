"""Merge the DeepVariant calls of all samples in one piece of the genome."""

from pathlib import Path

from readsight.genome.intervals import read_contig_lengths
from readsight.pipes import Command, read_pipe, run_pipe, run_tool
from readsight.step import step
from readsight.variants.vcf_files import index_bcf, make_clean_feed, merge_samples


def build_sample_commands(reference: Path, out: Path) -> list[Command]:
    """Pipe for the calls of one sample with one alternative allele per record, so that samples are merged by allele."""
    return [
        ["bcftools", "norm", "--no-version", "-m", "-any", "-f", reference, "-Ou", "-"],
        ["bcftools", "view", "--no-version", "-c", "1", "-Ou", "-"],
        ["bcftools", "sort", "-Ob", "-o", out, "-"],
    ]


def main(vcfs: list[Path], reference: Path, out: Path, scratch: Path) -> None:
    """Write the calls of all samples, in the given order, as BCF."""
    lengths = read_contig_lengths(Path(f"{reference}.fai"))
    files = []
    for number, vcf in enumerate(vcfs):
        sample_bcf = scratch / f"sample{number}.bcf"
        with read_pipe([["bcftools", "view", "--no-version", "-Ov", vcf]]) as records:
            run_pipe(build_sample_commands(reference, sample_bcf), feed=make_clean_feed(records, lengths))
        index_bcf(sample_bcf)
        files.append(sample_bcf)
    run_tool(["bcftools", "view", "--no-version", "-Ob", "-o", out, merge_samples(files, "none", scratch)])


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(job.input.vcfs, job.input.reference, job.output.bcf, job.scratch)
