"""Call small variants of all samples together in one piece of the genome (freebayes)."""

from pathlib import Path

from readsight.genome.intervals import contigs, padded, read_piece, write_bed
from readsight.pipes import Command, listed, pipe, reading
from readsight.step import step
from readsight.variants.vcf_files import cleaned, write_empty

# freebayes begins its haplotypes afresh at the start of a region: a margin lets it settle before the piece begins
MARGIN = 500


def command(reference: Path, crams: Path, targets: Path, ploidy: int, base: int, mapping: int) -> Command:
    """freebayes for germline calls. crams: a file that lists alignments. base, mapping: least qualities, Phred.

    An allele needs two reads and 15 % of a sample's reads: at less than that a
    heterozygote is improbable, and errors abound.
    """
    words = ["freebayes", "-f", reference, "-L", crams, "-t", targets, "-p", ploidy, "-q", base, "-m", mapping]
    words += ["--min-alternate-count", 2, "--min-alternate-fraction", 0.15, "--use-best-n-alleles", 6]
    return [*words, "--genotype-qualities", "--strict-vcf"]


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
    """Write the calls whose POS lies in the piece, as BCF; none, where the piece is empty."""
    intervals = read_piece(piece)
    lengths = contigs(Path(f"{reference}.fai"))
    if not intervals:
        return write_empty(out, lengths, samples)
    files = listed(crams, scratch / "crams.txt")
    wide = write_bed(scratch / "targets.bed", padded(intervals, lengths, MARGIN))
    # freebayes puts the samples in an order of its own
    order = listed(samples, scratch / "samples.txt")
    own = ["bcftools", "view", "--no-version", "-T", piece, "--targets-overlap", "pos", "-S", order, "-I", "-Ob", "-o", out, "-"]
    with reading([command(reference, files, wide, ploidy, base, mapping)]) as records:
        pipe([own], feed=cleaned(records, lengths))


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
