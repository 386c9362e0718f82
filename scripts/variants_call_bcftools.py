"""Call small variants of all samples jointly in one piece of the genome (bcftools mpileup and call)."""

from pathlib import Path

from readsight.genome.intervals import read_contig_lengths, read_plain_bed, span_contigs, write_bed
from readsight.pipes import Command, run_pipe, write_list
from readsight.step import step
from readsight.variants.vcf_files import write_empty_bcf

DEPTH = 1000
TAGS = "FORMAT/AD,FORMAT/ADF,FORMAT/ADR,FORMAT/DP,FORMAT/SP,INFO/AD,INFO/ADF,INFO/ADR,INFO/SCR"


def build_commands(
    reference: Path,
    crams: Path,
    spans_bed: Path,
    targets: Path | None,
    out: Path,
    ploidy: int,
    min_base_quality: int,
    min_mapping_quality: int,
) -> list[Command]:
    """Pipe of pile-up and multiallelic calling of variant sites.

    crams: file that lists alignments. spans_bed: regions read through the index. targets: regions of
    which positions are kept, if smaller. Qualities are Phred-scaled. A record belongs to the piece
    that contains its POS, so that neighbouring pieces share no record.
    """
    target_options = ["-T", targets] if targets else []
    mpileup = ["bcftools", "mpileup", "--no-version", "-Ou", "-f", reference, "-b", crams, "-R", spans_bed, *target_options]
    mpileup += ["-q", min_mapping_quality, "-Q", min_base_quality, "-d", DEPTH, "-L", DEPTH, "-a", TAGS]
    call = ["bcftools", "call", "--no-version", "-m", "-v", "-a", "GQ,GP", "--ploidy", ploidy, "-Ob", "-o", out, "-"]
    return [mpileup, call]


def main(
    reference: Path,
    crams: list[Path],
    piece: Path,
    out: Path,
    scratch: Path,
    samples: list[str],
    ploidy: int,
    min_base_quality: int,
    min_mapping_quality: int,
) -> None:
    """Write the calls of a piece as BCF; no calls if the piece is empty."""
    intervals = read_plain_bed(piece)
    if not intervals:
        return write_empty_bcf(out, read_contig_lengths(Path(f"{reference}.fai")), samples)
    files = write_list(crams, scratch / "crams.txt")
    wide_spans = span_contigs(intervals)
    # one index query per contig plus a filter is faster than one query per exon
    targets = piece if len(wide_spans) < len(intervals) else None
    spans_bed = write_bed(scratch / "spans.bed", wide_spans)
    run_pipe(build_commands(reference, files, spans_bed, targets, out, ploidy, min_base_quality, min_mapping_quality))


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(
            job.input.reference,
            job.input.crams,
            job.input.piece,
            job.output.bcf,
            job.scratch,
            job.params.samples,
            job.params.ploidy,
            job.params.min_base_quality,
            job.params.min_mapping_quality,
        )
