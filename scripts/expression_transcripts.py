"""Write spliced transcript sequences and the table of transcripts and their genes."""

import re
from collections.abc import Iterator
from pathlib import Path

from readsight.formats.contigs import iterate_sequences
from readsight.formats.gtf import Transcript, merge_spans, read_gtf
from readsight.genome.intervals import read_contig_lengths
from readsight.step import step

COMPLEMENT = bytes.maketrans(b"ACGTN", b"TGCAN")
MIN_LENGTH = 31


def splice_transcript(transcript: Transcript, contig: bytes) -> bytes:
    """Spliced bases of a transcript, 5' to 3'. contig: bases of its contig."""
    bases = b"".join(contig[start:end] for start, end in merge_spans(transcript.exons))
    return bases[::-1].translate(COMPLEMENT) if transcript.strand == "-" else bases


def read_contigs(fasta: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the contigs of a FASTA file."""
    name, pieces = "", []
    for contig, piece in iterate_sequences(fasta):
        if piece is not None:
            pieces.append(piece)
            continue
        if name:
            yield name, b"".join(pieces)
        name, pieces = contig, []
    if name:
        yield name, b"".join(pieces)


def main(gtf: Path, fasta: Path, fai: Path, out: Path, genes: Path) -> None:
    """Write the FASTA and the table transcript_id, gene_id; very short transcripts are skipped."""
    by_contig: dict[str, list[Transcript]] = {}
    for transcript in read_gtf(gtf, read_contig_lengths(fai)):
        if transcript.length >= MIN_LENGTH:
            by_contig.setdefault(transcript.contig, []).append(transcript)
    written: set[str] = set()
    with open(out, "wb") as bases, open(genes, "w") as table:
        table.write("transcript_id\tgene_id\n")
        for name, contig in read_contigs(fasta):
            for transcript in by_contig.get(name, []):
                key = re.sub(r"\s", "_", transcript.name)
                if key in written:  # pseudoautosomal genes of some annotations occur on X and Y with one name
                    continue
                written.add(key)
                bases.write(b">%s\n%s\n" % (key.encode(), splice_transcript(transcript, contig)))
                table.write(f"{key}\t{transcript.gene}\n")


if __name__ == "__main__":
    with step(snakemake) as job:
        main(job.input.gtf, job.input.fasta, job.input.fai, job.output.fasta, job.output.genes)
