"""Compute alignment statistics: mapped reads, duplicates, insert size, depth."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from readsight import pipes
from readsight.genome.intervals import Interval, merge_intervals, read_bed, read_contig_lengths, write_bed
from readsight.step import step


def parse_summary_numbers(stats: str) -> dict[str, float]:
    """Values of the SN lines of `samtools stats`, by name."""
    rows = [line.split("\t") for line in stats.splitlines() if line.startswith("SN\t")]
    return {row[1].rstrip(":"): float(row[2]) for row in rows}


def find_median_insert_size(stats: str) -> tuple[float | None, int]:
    """Median insert size in bases and number of pairs, from the IS lines of `samtools stats`; None without pairs."""
    rows = [line.split("\t") for line in stats.splitlines() if line.startswith("IS\t")]
    counts = [(int(row[1]), int(row[2])) for row in rows]
    pairs = sum(count for _, count in counts)
    cumulative = 0
    for size, count in sorted(counts):
        cumulative += count
        if pairs and 2 * cumulative >= pairs:
            return float(size), pairs
    return None, 0


def compute_mean_depth(summary: str, length: int) -> float:
    """Mean depth of the reference, or of the target regions if there are any, from mosdepth's summary.

    length: bases of the reference or of the targets. The mean of mosdepth is not used: it ignores contigs without reads.
    """
    rows = {line.split("\t")[0]: line.split("\t") for line in summary.splitlines()}
    row = rows.get("total_region") or rows["total"]
    return int(row[2]) / length


def summary_records(sample: str, stats: str, depth: str, length: int) -> list[dict]:
    """Records of a sample for summary.json. length: bases of the reference or of the targets."""
    numbers = parse_summary_numbers(stats)
    reads, mapped = int(numbers["raw total sequences"]), int(numbers["reads mapped"])
    duplicates = numbers["reads duplicated"] / mapped if mapped else None
    aligned = int(numbers["bases mapped (cigar)"])
    size, pairs = find_median_insert_size(stats)

    def make_record(metric: str, value: float | None, n: int, unit: str, description: str) -> dict:
        value = value if value is None else round(value, 6)
        named = {"key": f"align.{sample}.{metric}", "value": value, "low": None, "high": None}
        return named | {"n": n, "unit": unit, "description": description}

    figures = [
        make_record("reads", reads, reads, "reads", "Reads that were aligned"),
        make_record("mapped_fraction", mapped / reads, reads, "fraction", "Reads that map to the reference"),
        make_record("duplicate_fraction", duplicates, mapped, "fraction", "Mapped reads that are marked as duplicates"),
        make_record("error_rate", numbers["error rate"], aligned, "fraction", "Aligned bases that differ from the reference"),
        make_record(
            "mean_depth",
            compute_mean_depth(depth, length),
            length,
            "reads",
            "Mean depth of the reference (or of the targets), without duplicates",
        ),
    ]
    if size is not None:
        figures.append(
            make_record("insert_size_median", size, pairs, "bases", "Median distance between the outer ends of a pair")
        )
    return figures


def choose_depth_regions(targets: Path | None, lengths: dict[str, int]) -> list[Interval]:
    """Regions for mean depth: the targets with overlaps merged, so that each base counts once, or the reference."""
    return (
        merge_intervals(read_bed(targets, lengths), lengths)
        if targets
        else [(name, 0, length) for name, length in lengths.items()]
    )


def main(
    sample: str,
    cram: Path,
    fasta: Path,
    targets: Path | None,
    stats: Path,
    distribution: Path,
    depth: Path,
    summary: Path,
    scratch: Path,
) -> None:
    """Run samtools stats and mosdepth in parallel, and collect their results."""
    prefix = scratch / sample
    intervals = choose_depth_regions(targets, read_contig_lengths(Path(f"{fasta}.fai")))
    regions = ["--by", write_bed(scratch / "targets.bed", intervals)] if targets else []
    with ThreadPoolExecutor() as pool:
        tasks = [
            pool.submit(pipes.run_tool, ["samtools", "stats", "--reference", fasta, cram], stdout=scratch / "stats"),
            pool.submit(pipes.run_tool, ["mosdepth", "--no-per-base", "--fast-mode", *regions, "--fasta", fasta, prefix, cram]),
        ]
        for task in tasks:
            task.result()
    # drop the command line, which contains paths of this run
    lines = (scratch / "stats").read_text().splitlines(keepends=True)
    stats.write_text("".join(line for line in lines if not line.startswith("# The command line")))
    distribution.write_text(Path(f"{prefix}.mosdepth.global.dist.txt").read_text())
    depth.write_text(Path(f"{prefix}.mosdepth.summary.txt").read_text())
    figures = summary_records(sample, stats.read_text(), depth.read_text(), sum(end - start for _, start, end in intervals))
    summary.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    with step(snakemake) as job:
        main(
            job.wildcards.sample,
            job.input.cram,
            job.input.fasta,
            job.input.get("targets"),
            job.output.stats,
            job.output.distribution,
            job.output.depth,
            job.output.summary,
            job.scratch,
        )
