"""Genotype all samples jointly in one piece of the genome (GATK GenomicsDBImport and GenotypeGVCFs)."""

import gzip
from pathlib import Path

from readsight.genome.intervals import read_contig_lengths, read_plain_bed
from readsight.pipes import Command, run_tool
from readsight.step import step
from readsight.variants.vcf_files import format_empty_vcf


def build_commands(
    reference: Path, gvcfs: Path, piece: Path, out: Path, scratch: Path, ploidy: int, memory_mb: int
) -> list[Command]:
    """Commands of the two tools, in order.

    gvcfs: table of samples and GVCFs. memory_mb: of the job; the Java heap takes three fifths, because
    GenomicsDB keeps its data outside of it. A call belongs to the piece that contains its start.
    """
    gatk = ["gatk", "--java-options", f"-Xmx{memory_mb * 3 // 5}m"]
    workspace = scratch / "genomicsdb"
    import_command = [
        *gatk,
        "GenomicsDBImport",
        "--genomicsdb-workspace-path",
        workspace,
        "--sample-name-map",
        gvcfs,
        "-L",
        piece,
    ]
    import_command += ["--interval-padding", 100, "--merge-input-intervals", "--batch-size", 50, "--tmp-dir", scratch]
    genotype_command = [*gatk, "GenotypeGVCFs", "-R", reference, "-V", f"gendb://{workspace}", "-O", out, "-L", piece]
    genotype_command += ["--only-output-calls-starting-in-intervals", "--sample-ploidy", ploidy, "--tmp-dir", scratch]
    genotype_command += ["--create-output-variant-index", "false", "--add-output-vcf-command-line", "false"]
    return [import_command, genotype_command]


def main(
    reference: Path, gvcfs: list[Path], samples: list[str], piece: Path, out: Path, scratch: Path, ploidy: int, memory_mb: int
) -> None:
    """Write the calls of a piece as VCF, with samples sorted by name; no calls if the piece is empty."""
    if not read_plain_bed(piece):
        text = format_empty_vcf(read_contig_lengths(Path(f"{reference}.fai")), sorted(samples))
        out.write_bytes(gzip.compress(text.encode(), mtime=0))
        return
    table = scratch / "gvcfs.tsv"
    table.write_text("".join(f"{sample}\t{gvcf}\n" for sample, gvcf in sorted(zip(samples, gvcfs, strict=True))))
    for command in build_commands(reference, table, piece, out, scratch, ploidy, memory_mb):
        run_tool(command)


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(
            job.input.reference,
            job.input.gvcfs,
            job.params.samples,
            job.input.piece,
            job.output.vcf,
            job.scratch,
            job.params.ploidy,
            job.mem_mb,
        )
