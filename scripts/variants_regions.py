"""Split the genome, or the target regions, into pieces of equal length for the callers."""

from pathlib import Path

from readsight.errors import InputError
from readsight.genome.intervals import merge_intervals, read_bed, read_contig_lengths, split_evenly, write_bed
from readsight.step import step


def main(fai: Path, targets: Path | None, outs: list[Path]) -> None:
    """Write one BED file per piece, in contig and position order."""
    lengths = read_contig_lengths(fai)
    full_contigs = [(name, 0, length) for name, length in lengths.items()]
    regions = merge_intervals(read_bed(targets, lengths), lengths) if targets else merge_intervals(full_contigs, lengths)
    if not regions:
        raise InputError(f"{targets or fai}: there are no regions to call variants in")
    for out, piece in zip(outs, split_evenly(regions, len(outs)), strict=True):
        write_bed(out, piece)


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(job.input.fai, job.input.get("targets"), job.output.beds)
