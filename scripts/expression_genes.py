"""Normalise the annotation: exons on the reference's contigs as GTF, and a table of genes."""

from pathlib import Path

from readsight.formats.gtf import Transcript, merge_spans, read_gtf
from readsight.genome.intervals import read_contig_lengths
from readsight.step import step

COLUMNS = ("gene_id", "gene_name", "biotype", "contig", "start", "end", "strand", "length")


def exon_rows(transcripts: list[Transcript], order: dict[str, int]) -> list[str]:
    """GTF rows of all exons (1-based, closed), sorted by contig, gene and transcript, without duplicates."""
    starts: dict[tuple[str, str], int] = {}
    for t in transcripts:
        key = t.contig, t.gene
        starts[key] = min(starts.get(key, min(t.exons)[0]), min(t.exons)[0])
    rows = []
    for t in sorted(transcripts, key=lambda t: (order[t.contig], starts[t.contig, t.gene], t.gene, t.name)):
        tail = f'gene_id "{t.gene}"; transcript_id "{t.name}"; gene_name "{t.symbol}"; gene_biotype "{t.biotype}";'
        for start, end in sorted(set(t.exons)):
            rows.append(f"{t.contig}\treadsight\texon\t{start + 1}\t{end}\t.\t{t.strand}\t.\t{tail}")
    return rows


def gene_table(transcripts: list[Transcript]) -> list[str]:
    """One line per gene, in order of appearance. start, end: 0-based half-open. length: bases of the union of its exons.

    A gene on several contigs is reported on the first of them.
    """
    genes: dict[str, list[Transcript]] = {}
    for t in transcripts:
        members = genes.setdefault(t.gene, [])
        if not members or members[0].contig == t.contig:
            members.append(t)
    lines = ["\t".join(COLUMNS)]
    for gene, members in genes.items():
        exons = merge_spans(exon for t in members for exon in t.exons)
        length = sum(end - start for start, end in exons)
        first = members[0]
        values = (gene, first.symbol, first.biotype, first.contig, exons[0][0], exons[-1][1], first.strand, length)
        lines.append("\t".join(map(str, values)))
    return lines


def main(annotation: Path, fai: Path, gtf: Path, table: Path) -> None:
    """Read the annotation and write both files. Raises InputError for an invalid annotation."""
    lengths = read_contig_lengths(fai)
    transcripts = read_gtf(annotation, lengths)
    order = {contig: i for i, contig in enumerate(lengths)}
    gtf.write_text("".join(f"{row}\n" for row in exon_rows(transcripts, order)))
    table.write_text("".join(f"{line}\n" for line in gene_table(transcripts)))


if __name__ == "__main__":
    with step(snakemake) as job:
        main(job.input.gtf, job.input.fai, job.output.gtf, job.output.table)
