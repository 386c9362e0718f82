"""Call small variants of all samples together in one piece of the genome (bcftools mpileup and call)."""

from pathlib import Path

from readsight.genome.intervals import contigs, read_piece, spans, write_bed
from readsight.pipes import Command, listed, pipe
from readsight.step import step
from readsight.variants.vcf_files import write_empty

DEPTH = 1000
TAGS = "FORMAT/AD,FORMAT/ADF,FORMAT/ADR,FORMAT/DP,FORMAT/SP,INFO/AD,INFO/ADF,INFO/ADR,INFO/SCR"


def commands(
    reference: Path, crams: Path, spans_bed: Path, targets: Path | None, out: Path, ploidy: int, base: int, mapping: int
) -> list[Command]:
    """The pipe: pile-up, then multiallelic calling of variant sites.

    crams: a file that lists alignments. spans_bed: where the index jumps to. targets: where
    positions are kept, if that is less. base, mapping: least qualities, Phred. A record belongs
    to the piece that its POS lies in, so neighbouring pieces share none.
    """
    keep = ["-T", targets] if targets else []
    mpileup = ["bcftools", "mpileup", "--no-version", "-Ou", "-f", reference, "-b", crams, "-R", spans_bed, *keep]
    mpileup += ["-q", mapping, "-Q", base, "-d", DEPTH, "-L", DEPTH, "-a", TAGS]
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
    base: int,
    mapping: int,
) -> None:
    """Write the calls of a piece as BCF; none, where the piece is empty."""
    intervals = read_piece(piece)
    if not intervals:
        return write_empty(out, contigs(Path(f"{reference}.fai")), samples)
    files = listed(crams, scratch / "crams.txt")
    wide = spans(intervals)
    # one jump a contig and a filter are faster than a jump for every exon
    targets = piece if len(wide) < len(intervals) else None
    spans_bed = write_bed(scratch / "spans.bed", wide)
    pipe(commands(reference, files, spans_bed, targets, out, ploidy, base, mapping))


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
