"""Quality metrics of an RNA sample: assignment, ribosomal RNA, duplicates, gene body coverage, count agreement."""

import bisect
import json
from pathlib import Path

from readsight import pipes
from readsight.align.pipeline import count_mapped
from readsight.formats.gtf import Transcript, merge_spans, read_gtf
from readsight.genome.intervals import read_contig_lengths, write_bed
from readsight.step import step

RIBOSOMAL_BIOTYPES = {"rRNA", "Mt_rRNA", "rRNA_pseudogene"}
BINS = 20
MAX_GENES = 500
MIN_LENGTH = 500


def read_counts(path: Path) -> dict[str, int]:
    """Read a table with columns gene_id and count: gene → count."""
    return {row[0]: int(row[1]) for row in (line.split("\t") for line in path.read_text().splitlines()[1:])}


def count_agreement(first: dict[str, int], second: dict[str, int]) -> float | None:
    """Agreement of two count tables: sum of the smaller over sum of the larger counts; 1 if equal."""
    genes = first.keys() | second.keys()
    pairs = [(first.get(gene, 0), second.get(gene, 0)) for gene in genes]
    larger = sum(map(max, pairs))
    return sum(map(min, pairs)) / larger if larger else None


def select_transcripts(transcripts: list[Transcript], counts: dict[str, int]) -> list[Transcript]:
    """Longest transcript of each gene, for the genes with most fragments; short transcripts are uninformative."""
    longest: dict[str, Transcript] = {}
    for transcript in transcripts:
        current = longest.get(transcript.gene)
        if transcript.length >= MIN_LENGTH and (current is None or transcript.length > current.length):
            longest[transcript.gene] = transcript
    expressed = [t for t in longest.values() if counts.get(t.gene)]
    return sorted(expressed, key=lambda t: (-counts[t.gene], t.gene))[:MAX_GENES]


def gene_body_coverage(transcripts: list[Transcript], depth: dict[str, tuple[list[int], list[int]]]) -> list[float]:
    """Mean coverage from 5' to 3' in BINS bins, each transcript scaled to a mean of 1.

    depth: contig → (sorted 0-based positions, their depths); contigs without coverage may be missing.
    """
    total, used = [0.0] * BINS, 0
    for transcript in transcripts:
        positions, depths = depth.get(transcript.contig, ([], []))
        length, bins, offset = transcript.length, [0] * BINS, 0
        for start, end in merge_spans(transcript.exons):
            for i in range(bisect.bisect_left(positions, start), bisect.bisect_left(positions, end)):
                bins[(offset + positions[i] - start) * BINS // length] += depths[i]
            offset += end - start
        if sum(bins):
            ordered = bins[::-1] if transcript.strand == "-" else bins
            total = [t + b * BINS / sum(bins) for t, b in zip(total, ordered, strict=True)]
            used += 1
    return [t / used for t in total] if used else []


def read_depths(cram: Path, fasta: Path, bed: Path) -> dict[str, tuple[list[int], list[int]]]:
    """Depth at the bases of a BED file, including duplicates."""
    depth_by_contig: dict[str, tuple[list[int], list[int]]] = {}
    with pipes.read_pipe([["samtools", "depth", "-G", "0x704", "-g", "0x400", "--reference", fasta, "-b", bed, cram]]) as lines:
        for line in lines:
            contig, position, depth = line.decode().split("\t")
            positions, values = depth_by_contig.setdefault(contig, ([], []))
            positions.append(int(position) - 1)
            values.append(int(depth))
    return depth_by_contig


def summary_records(sample: str, figures: dict[str, tuple[float | None, int, str]]) -> list[dict]:
    """Summary records of a sample. figures: name → (value, n, description)."""
    units = {"gene_body_bias": "ratio", "reads": "fragments"}
    return [
        {"key": f"expression.{sample}.{name}", "value": value if value is None else round(value, 6), "low": None, "high": None}
        | {"n": n, "unit": units.get(name, "fraction"), "description": description}
        for name, (value, n, description) in figures.items()
    ]


def main(job) -> None:
    """Compute the metrics. job: of rule expression_quality."""
    counts = read_counts(job.input.counts)
    strands = json.loads(job.input.strandedness.read_text())
    rows = [line.split("\t") for line in job.input.star.read_text().splitlines()]
    column = rows[0].index(strands["strandedness"])
    star_counts = {row[0]: int(row[column]) for row in rows[1:]}
    biotypes = {row[0]: row[2] for row in (line.split("\t") for line in job.input.genes.read_text().splitlines()[1:])}
    fragments = int(
        next(line for line in job.input.log.read_text().splitlines() if "Number of input reads" in line).split("|")[1]
    )
    assigned = sum(counts.values())
    ribosomal = sum(n for gene, n in counts.items() if biotypes.get(gene) in RIBOSOMAL_BIOTYPES)
    transcripts = select_transcripts(read_gtf(job.input.gtf, read_contig_lengths(job.input.fai)), counts)
    exons = sorted((t.contig, start, end) for t in transcripts for start, end in merge_spans(t.exons))
    bed = write_bed(job.scratch / "exons.bed", exons)
    curve = gene_body_coverage(transcripts, read_depths(job.input.cram, job.input.fasta, bed)) if exons else []
    job.output.body.write_text("bin\tcoverage\n" + "".join(f"{i}\t{value:.4f}\n" for i, value in enumerate(curve, start=1)))
    third = BINS // 3
    bias = sum(curve[-third:]) / sum(curve[:third]) if curve and sum(curve[:third]) else None
    side = f"Fragments on genes whose first read is on the strand of the RNA (counted as {strands['strandedness']})"
    figures = {
        "reads": (fragments, fragments, "Input fragments: pairs, or single reads"),
        "assigned_fraction": (assigned / fragments, fragments, "Fragments assigned to a gene by featureCounts"),
        "ribosomal_fraction": (ribosomal / assigned, assigned, "Assigned fragments on ribosomal RNA, by gene biotype"),
        "duplicate_fraction": _duplicate_fraction(job.input.flagstat.read_text()),
        "forward_fraction": (strands["fraction_forward"], strands["reads"], side),
        "counts_agreement": (count_agreement(counts, star_counts), assigned, "Agreement of the counts of featureCounts and STAR"),
        "gene_body_bias": (bias, len(transcripts), "Ratio of the coverage of the 3' third and the 5' third of genes"),
    }
    job.output.summary.write_text(json.dumps(summary_records(job.wildcards.sample, figures), indent=1) + "\n")


def _duplicate_fraction(flagstat: str) -> tuple[float | None, int, str]:
    """Fraction of duplicates among mapped reads; in RNA it largely reflects abundance."""
    _, mapped_reads = count_mapped(flagstat)
    line = next(line for line in flagstat.splitlines() if line.endswith(" primary duplicates"))
    return int(line.split()[0]) / mapped_reads, mapped_reads, "Mapped reads that are marked as duplicates (marked, not removed)"


if __name__ == "__main__":
    with step(snakemake) as job:
        main(job)
