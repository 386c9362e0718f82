"""Convert a gene annotation (GTF or GFF3 of any source) to the GFF3 that bcftools csq reads.

csq needs genes, transcripts, exons, coding parts and UTRs as in Ensembl's GFF3; coding parts include
the stop codon and have consistent phases. GTF excludes the stop codon, RefSeq and UCSC use
different names, and some files lack genes, biotypes or phases.
"""

import io
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pysam

from readsight.errors import InputError
from readsight.formats.contigs import open_decompressed
from readsight.formats.gtf import Span, parse_attributes
from readsight.genome.intervals import merge_intervals
from readsight.step import step

log = logging.getLogger("readsight")

STOPS = {"TAA", "TAG", "TGA"}
COMPLEMENT = str.maketrans("ACGTN", "TGCAN")
# mitochondria have a different genetic code, and csq only knows the standard one
MITOCHONDRIA = {"MT", "M", "chrM", "chrMT", "Mito", "MtDNA", "mitochondrion", "NC_012920.1", "NC_001224.1"}
PART_TYPES = {"exon", "CDS", "stop_codon"}
CODING = {"protein_coding", "mRNA"}


@dataclass
class CodingTranscript:
    """A transcript; parts are (start, end), 0-based half-open. phases: bases to skip at the start of each coding part."""

    name: str
    gene: str
    symbol: str
    biotype: str
    contig: str
    strand: str
    exons: list[Span] = field(default_factory=list)
    coding: list[Span] = field(default_factory=list)
    phases: dict[Span, int] = field(default_factory=dict)


def read_transcripts(lines: Iterator[str], lengths: dict[str, int], source: Path) -> list[CodingTranscript]:
    """Read the transcripts of an annotation on the contigs of the reference, in order of appearance.

    Raises InputError if the file is not GTF or GFF3, or if none of its contigs is in the reference.
    """
    transcripts: dict[tuple[str, str], CodingTranscript] = {}
    feature_tags: dict[str, tuple[str, dict[str, str]]] = {}
    unknown_contigs: dict[str, None] = {}
    gff3 = None
    for row, line in enumerate(lines, start=1):
        if line.startswith("##FASTA"):
            break
        if line.startswith("#") or not line.strip():
            continue
        fields = line.rstrip("\r\n").split("\t")
        if len(fields) < 9 or not (fields[3].isdigit() and fields[4].isdigit()):
            raise InputError(f"reference.gtf: {source}, row {row}: a GTF or GFF3 row has nine columns separated by tabs")
        if gff3 is None:
            gff3 = "=" in fields[8].split(";")[0] and '"' not in fields[8].split(";")[0]
        if fields[0] not in lengths:
            unknown_contigs.setdefault(fields[0])
            continue
        tags = parse_attributes(fields[8], gff3)
        if fields[2] in PART_TYPES:
            for name in tags.get("Parent", "").split(",") if gff3 else [tags.get("transcript_id", "")]:
                if name:
                    _add_part(transcripts, name, fields, tags)
        elif gff3 and "ID" in tags:
            feature_tags[tags["ID"]] = (fields[2], tags)
    if unknown_contigs and not transcripts:
        reference_names = ", ".join(list(lengths)[:3])
        raise InputError(
            f"reference.gtf: {source} has no contig of the reference: it has {', '.join(list(unknown_contigs)[:3])}, the reference {reference_names}"
        )
    for transcript in transcripts.values():
        _add_gene_tags(transcript, feature_tags)
    return list(transcripts.values())


def _add_part(transcripts: dict[tuple[str, str], CodingTranscript], name: str, fields: list[str], tags: dict[str, str]) -> None:
    """Add an exon, a coding part or a stop codon to its transcript."""
    key = fields[0], name
    if key not in transcripts:
        biotype = (
            tags.get("transcript_biotype") or tags.get("transcript_type") or tags.get("gene_biotype") or tags.get("gene_type", "")
        )
        gene = tags.get("gene_id", name)
        transcripts[key] = CodingTranscript(name, gene, tags.get("gene_name", gene), biotype, fields[0], fields[6])
    transcript, part = transcripts[key], (int(fields[3]) - 1, int(fields[4]))
    if fields[2] == "exon":
        transcript.exons.append(part)
    else:
        transcript.coding.append(part)
        transcript.phases[part] = int(fields[7]) if fields[7].isdigit() else 0


def _add_gene_tags(transcript: CodingTranscript, feature_tags: dict[str, tuple[str, dict[str, str]]]) -> None:
    """Set gene and biotype of a GFF3 transcript from the rows of transcript and gene."""
    kind, tags = feature_tags.get(transcript.name, ("", {}))
    if not tags:
        return
    parent = tags.get("Parent", "").split(",")[0]
    gene = feature_tags.get(parent, ("", tags))[1]
    # coding parts can be direct children of a gene (bacteria, yeast)
    transcript.gene = parent or transcript.name
    transcript.symbol = gene.get("Name") or gene.get("gene") or transcript.gene
    transcript.biotype = (
        tags.get("biotype") or tags.get("transcript_biotype") or gene.get("gene_biotype") or gene.get("biotype") or kind
    )


def resolve_coding_parts(transcript: CodingTranscript, genome: pysam.FastaFile) -> list[Span] | None:
    """Coding parts in order of position, including the stop codon.

    If the annotation excludes the stop codon and the genome has one directly after the coding sequence, it is added.
    None if parts overlap (ribosomal slippage), which csq does not support.
    """
    merged_parts = merge_intervals([(transcript.contig, *part) for part in transcript.coding], [transcript.contig])
    longest = sum(end - start for start, end in set(transcript.coding))
    if sum(end - start for _, start, end in merged_parts) < longest - 3:
        return None
    parts = [(start, end) for _, start, end in merged_parts]
    if _fetch_codon(_find_last_codon(parts, transcript.strand), transcript, genome) in STOPS:
        return parts
    following = _find_following_bases(parts, transcript)
    if len(following) == 3 and _fetch_codon(following, transcript, genome) in STOPS:
        extended = [(transcript.contig, position, position + 1) for position in following]
        return [(s, e) for _, s, e in merge_intervals([(transcript.contig, *p) for p in parts] + extended, [transcript.contig])]
    return parts


def _find_last_codon(parts: list[Span], strand: str) -> list[int]:
    """Positions of the last three coding bases, in genome order."""
    bases = [p for start, end in (parts[-3:] if strand == "+" else parts[:3]) for p in range(start, end)]
    return bases[-3:] if strand == "+" else bases[:3]


def _find_following_bases(parts: list[Span], transcript: CodingTranscript) -> list[int]:
    """Positions of the three exon bases that follow the coding parts, in genome order."""
    exons = merge_intervals([(transcript.contig, *part) for part in transcript.exons], [transcript.contig])
    if transcript.strand == "+":
        edge = parts[-1][1]
        after = (p for _, start, end in exons for p in range(max(start, edge), min(end, max(start, edge) + 3)))
        return sorted(after)[:3]
    edge = parts[0][0]
    before = (p for _, start, end in exons for p in range(max(start, min(end, edge) - 3), min(end, edge)))
    return sorted(before)[-3:]


def _fetch_codon(positions: list[int], transcript: CodingTranscript, genome: pysam.FastaFile) -> str:
    bases = "".join(genome.fetch(transcript.contig, p, p + 1) for p in positions).upper()
    return bases if transcript.strand == "+" else bases.translate(COMPLEMENT)[::-1]


def assign_phases(parts: list[Span], strand: str, first: int) -> list[tuple[Span, int]]:
    """Coding parts with phases derived from the lengths of the preceding parts. first: phase of the first translated part."""
    out, phase = [], first
    for part in parts if strand == "+" else reversed(parts):
        out.append((part, phase))
        phase = (phase - (part[1] - part[0])) % 3
    return out if strand == "+" else out[::-1]


def list_utrs(transcript: CodingTranscript, parts: list[Span]) -> Iterator[tuple[str, Span]]:
    """Parts of the exons before and after the coding sequence, with their type."""
    begin, end = parts[0][0], parts[-1][1]
    low, high = ("five_prime_UTR", "three_prime_UTR") if transcript.strand == "+" else ("three_prime_UTR", "five_prime_UTR")
    for start, stop in sorted(transcript.exons):
        if start < begin:
            yield low, (start, min(stop, begin))
        if stop > end:
            yield high, (max(start, end), stop)


def format_gff3(transcripts: list[CodingTranscript], genome: pysam.FastaFile) -> Iterator[str]:
    """Yield GFF3 lines. A gene precedes its first transcript; transcripts that csq does not support are omitted."""
    genes: dict[tuple[str, str], list[CodingTranscript]] = {}
    for transcript in transcripts:
        if transcript.contig not in MITOCHONDRIA and transcript.strand in "+-":
            genes.setdefault((transcript.contig, transcript.gene), []).append(transcript)
    yield "##gff-version 3"
    used: set[str] = set()
    for (contig, gene), members in genes.items():
        spread = [part for member in members for part in member.exons + member.coding]
        coding = any(member.coding for member in members)
        gene_id = _make_unique(f"gene:{_escape_name(gene)}", contig, used)
        attribute_text = (
            f"ID={gene_id};Name={_escape_name(members[0].symbol)};biotype={_normalise_biotype(members[0].biotype, coding)}"
        )
        yield _format_row(
            contig, "gene", (min(s for s, _ in spread), max(e for _, e in spread)), members[0].strand, ".", attribute_text
        )
        for member in members:
            yield from _format_transcript(member, genome, gene_id, used)


def _format_transcript(member: CodingTranscript, genome: pysam.FastaFile, gene: str, used: set[str]) -> Iterator[str]:
    parts = resolve_coding_parts(member, genome) if member.coding else []
    if parts is None:
        log.warning("%s: its coding parts overlap, which bcftools csq does not support; the transcript is omitted", member.name)
        return
    exons = member.exons or parts
    transcript_id = _make_unique(f"transcript:{_escape_name(member.name)}", member.contig, used)
    full_span = min(s for s, _ in exons + parts), max(e for _, e in exons + parts)
    attribute_text = f"ID={transcript_id};Parent={gene};biotype={_normalise_biotype(member.biotype, bool(parts))}"
    yield _format_row(member.contig, "transcript", full_span, member.strand, ".", attribute_text)
    for exon in sorted(exons):
        yield _format_row(member.contig, "exon", exon, member.strand, ".", f"Parent={transcript_id}")
    if not parts:
        return
    for kind, part in list_utrs(member, parts):
        yield _format_row(member.contig, kind, part, member.strand, ".", f"Parent={transcript_id}")
    edge = parts[0] if member.strand == "+" else parts[-1]
    phase_by_edge = {(s if member.strand == "+" else e): phase for (s, e), phase in member.phases.items()}
    first = phase_by_edge.get(edge[0] if member.strand == "+" else edge[1], 0)
    for part, phase in assign_phases(parts, member.strand, first):
        yield _format_row(member.contig, "CDS", part, member.strand, str(phase), f"Parent={transcript_id}")


def _format_row(contig: str, kind: str, part: Span, strand: str, phase: str, attribute_text: str) -> str:
    return f"{contig}\treadsight\t{kind}\t{part[0] + 1}\t{part[1]}\t.\t{strand}\t{phase}\t{attribute_text}"


def _normalise_biotype(given: str, coding: bool) -> str:
    """Biotype as in Ensembl; transcripts with coding parts but without biotype are protein coding."""
    if coding and given in ("", "transcript", "gene", *CODING):
        return "protein_coding"
    return given or "misc_RNA"


def _escape_name(name: str) -> str:
    return name.removeprefix("gene:").removeprefix("transcript:").replace(";", "%3B").replace("=", "%3D").replace(" ", "_")


def _make_unique(name: str, contig: str, used: set[str]) -> str:
    """Append the contig to a name that another contig already uses (pseudo-autosomal genes)."""
    name = name if name not in used else f"{name}_{contig}"
    used.add(name)
    return name


def main(annotation: Path, reference: Path, out: Path) -> None:
    """Write the GFF3."""
    with io.TextIOWrapper(open_decompressed(annotation)) as lines, pysam.FastaFile(str(reference)) as genome:
        lengths = dict(zip(genome.references, genome.lengths, strict=True))
        transcripts = read_transcripts(lines, lengths, annotation)
        with open(out, "w") as sink:
            sink.writelines(f"{line}\n" for line in format_gff3(transcripts, genome))
    if not any(transcript.coding for transcript in transcripts):
        log.warning("%s has no coding parts (CDS rows): only non-coding consequences will be annotated", annotation)


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(job.input.gtf, job.input.reference, job.output.gff)
