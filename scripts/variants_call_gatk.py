"""Compute genotype likelihoods of one sample in one piece of the genome (GATK HaplotypeCaller, GVCF)."""

import gzip
from pathlib import Path

from readsight.genome.intervals import read_contig_lengths, read_plain_bed
from readsight.pipes import Command, run_tool
from readsight.step import step
from readsight.variants.vcf_files import format_empty_vcf

# haplotypes are assembled in windows: the margin (bases) gives windows at the ends of a piece their full context
MARGIN = 100


def build_command(
    reference: Path,
    cram: Path,
    piece: Path,
    out: Path,
    scratch: Path,
    ploidy: int,
    min_base_quality: int,
    min_mapping_quality: int,
    threads: int,
    memory_mb: int,
) -> Command:
    """HaplotypeCaller command. memory_mb: of the job; the Java heap takes four fifths. Qualities are Phred-scaled."""
    arguments = [
        "gatk",
        "--java-options",
        f"-Xmx{memory_mb * 4 // 5}m",
        "HaplotypeCaller",
        "-R",
        reference,
        "-I",
        cram,
        "-O",
        out,
    ]
    arguments += ["-ERC", "GVCF", "-L", piece, "--interval-padding", MARGIN, "--sample-ploidy", ploidy]
    arguments += ["--min-base-quality-score", min_base_quality, "--minimum-mapping-quality", min_mapping_quality]
    arguments += ["--native-pair-hmm-threads", threads, "--tmp-dir", scratch]
    return [*arguments, "--add-output-vcf-command-line", "false"]


def main(
    reference: Path,
    cram: Path,
    piece: Path,
    out: Path,
    tbi: Path,
    scratch: Path,
    sample: str,
    ploidy: int,
    min_base_quality: int,
    min_mapping_quality: int,
    threads: int,
    memory_mb: int,
) -> None:
    """Write the GVCF of the sample in a piece, and its index; only a header if the piece is empty."""
    if read_plain_bed(piece):
        run_tool(
            build_command(reference, cram, piece, out, scratch, ploidy, min_base_quality, min_mapping_quality, threads, memory_mb)
        )
        return
    out.write_bytes(gzip.compress(format_empty_vcf(read_contig_lengths(Path(f"{reference}.fai")), [sample]).encode(), mtime=0))
    tbi.touch()


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(
            job.input.reference,
            job.input.cram,
            job.input.piece,
            job.output.gvcf,
            job.output.tbi,
            job.scratch,
            job.wildcards.sample,
            job.params.ploidy,
            job.params.min_base_quality,
            job.params.min_mapping_quality,
            job.threads,
            job.mem_mb,
        )
