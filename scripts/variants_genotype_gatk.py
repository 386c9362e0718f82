"""Genotype all samples together in one piece of the genome (GATK GenomicsDBImport and GenotypeGVCFs)."""

import gzip
from pathlib import Path

from readsight.genome.intervals import contigs, read_piece
from readsight.pipes import Command, run
from readsight.step import step
from readsight.variants.vcf_files import empty_lines


def commands(reference: Path, gvcfs: Path, piece: Path, out: Path, scratch: Path, ploidy: int, mb: int) -> list[Command]:
    """The two tools, one after the other.

    gvcfs: a table of sample and GVCF. mb: memory of the whole job; GenomicsDB keeps its data outside
    of the Java heap, which takes three fifths. A call belongs to the piece that it starts in.
    """
    gatk = ["gatk", "--java-options", f"-Xmx{mb * 3 // 5}m"]
    place = scratch / "genomicsdb"
    load = [*gatk, "GenomicsDBImport", "--genomicsdb-workspace-path", place, "--sample-name-map", gvcfs, "-L", piece]
    load += ["--interval-padding", 100, "--merge-input-intervals", "--batch-size", 50, "--tmp-dir", scratch]
    genotype = [*gatk, "GenotypeGVCFs", "-R", reference, "-V", f"gendb://{place}", "-O", out, "-L", piece]
    genotype += ["--only-output-calls-starting-in-intervals", "--sample-ploidy", ploidy, "--tmp-dir", scratch]
    genotype += ["--create-output-variant-index", "false", "--add-output-vcf-command-line", "false"]
    return [load, genotype]


def main(
    reference: Path, gvcfs: list[Path], samples: list[str], piece: Path, out: Path, scratch: Path, ploidy: int, mb: int
) -> None:
    """Write the calls of a piece, as VCF; none, where the piece is empty. Samples come in the order of their names."""
    if not read_piece(piece):
        text = empty_lines(contigs(Path(f"{reference}.fai")), sorted(samples))
        out.write_bytes(gzip.compress(text.encode(), mtime=0))
        return
    table = scratch / "gvcfs.tsv"
    table.write_text("".join(f"{sample}\t{gvcf}\n" for sample, gvcf in sorted(zip(samples, gvcfs, strict=True))))
    for command in commands(reference, table, piece, out, scratch, ploidy, mb):
        run(command)


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
