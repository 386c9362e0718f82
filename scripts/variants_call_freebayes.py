"""Call small variants of all samples jointly in one piece of the genome (freebayes)."""

from pathlib import Path

from readsight.genome.intervals import pad_intervals, read_contig_lengths, read_plain_bed, write_bed
from readsight.pipes import Command, read_pipe, run_pipe, write_list
from readsight.step import step
from readsight.variants.vcf_files import make_clean_feed, write_empty_bcf

# freebayes starts new haplotypes at the start of a region: the margin (bases) keeps this effect outside the piece
MARGIN = 500


def build_command(
    reference: Path, crams: Path, targets: Path, ploidy: int, min_base_quality: int, min_mapping_quality: int
) -> Command:
    """freebayes command for germline calls. crams: file that lists alignments. Qualities are Phred-scaled.

    An allele needs two reads and 15 % of the reads of a sample: below this, a
    heterozygote is improbable and errors are frequent.
    """
    arguments = [
        "freebayes",
        "-f",
        reference,
        "-L",
        crams,
        "-t",
        targets,
        "-p",
        ploidy,
        "-q",
        min_base_quality,
        "-m",
        min_mapping_quality,
    ]
    arguments += ["--min-alternate-count", 2, "--min-alternate-fraction", 0.15, "--use-best-n-alleles", 6]
    return [*arguments, "--genotype-qualities", "--strict-vcf"]


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
    """Write the calls whose POS is in the piece as BCF; no calls if the piece is empty."""
    intervals = read_plain_bed(piece)
    lengths = read_contig_lengths(Path(f"{reference}.fai"))
    if not intervals:
        return write_empty_bcf(out, lengths, samples)
    files = write_list(crams, scratch / "crams.txt")
    padded_targets = write_bed(scratch / "targets.bed", pad_intervals(intervals, lengths, MARGIN))
    # freebayes does not keep the order of the samples
    order = write_list(samples, scratch / "samples.txt")
    view_command = [
        "bcftools",
        "view",
        "--no-version",
        "-T",
        piece,
        "--targets-overlap",
        "pos",
        "-S",
        order,
        "-I",
        "-Ob",
        "-o",
        out,
        "-",
    ]
    with read_pipe([build_command(reference, files, padded_targets, ploidy, min_base_quality, min_mapping_quality)]) as records:
        run_pipe([view_command], feed=make_clean_feed(records, lengths))


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
