"""Find one sample's likelihoods of variants in one piece of the genome (GATK HaplotypeCaller, GVCF)."""

import gzip
from pathlib import Path

from readsight.genome.intervals import contigs, read_piece
from readsight.pipes import Command, run
from readsight.step import step
from readsight.variants.vcf_files import empty_lines

# haplotypes are assembled from windows: a margin gives those at a piece's ends their whole surroundings
MARGIN = 100


def command(
    reference: Path,
    cram: Path,
    piece: Path,
    out: Path,
    scratch: Path,
    ploidy: int,
    base: int,
    mapping: int,
    threads: int,
    mb: int,
) -> Command:
    """HaplotypeCaller. mb: memory of the whole job; the Java heap takes four fifths. base, mapping: least qualities, Phred."""
    words = ["gatk", "--java-options", f"-Xmx{mb * 4 // 5}m", "HaplotypeCaller", "-R", reference, "-I", cram, "-O", out]
    words += ["-ERC", "GVCF", "-L", piece, "--interval-padding", MARGIN, "--sample-ploidy", ploidy]
    words += ["--min-base-quality-score", base, "--minimum-mapping-quality", mapping]
    words += ["--native-pair-hmm-threads", threads, "--tmp-dir", scratch]
    return [*words, "--add-output-vcf-command-line", "false"]


def main(
    reference: Path,
    cram: Path,
    piece: Path,
    out: Path,
    tbi: Path,
    scratch: Path,
    sample: str,
    ploidy: int,
    base: int,
    mapping: int,
    threads: int,
    mb: int,
) -> None:
    """Write the sample's GVCF of a piece and its index; a header alone, where the piece is empty."""
    if read_piece(piece):
        run(command(reference, cram, piece, out, scratch, ploidy, base, mapping, threads, mb))
        return
    out.write_bytes(gzip.compress(empty_lines(contigs(Path(f"{reference}.fai")), [sample]).encode(), mtime=0))
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
