"""Write a gene annotation, GTF or GFF3 of any school, in the GFF3 dialect that bcftools csq reads.

csq wants genes, transcripts, exons, coding parts and UTRs of Ensembl's GFF3, coding parts with
the stop codon and with phases that follow from one another. GTF leaves the stop codon out, RefSeq
and UCSC name things otherwise, and some files leave genes, biotypes or phases out.
"""

import io
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pysam

from readsight.errors import InputError
from readsight.formats.contigs import open_any
from readsight.formats.gtf import Part, attributes
from readsight.genome.intervals import merged
from readsight.step import step

log = logging.getLogger("readsight")

STOPS = {"TAA", "TAG", "TGA"}
COMPLEMENT = str.maketrans("ACGTN", "TGCAN")
# their genetic code is another one, and csq knows the standard one alone
MITOCHONDRIA = {"MT", "M", "chrM", "chrMT", "Mito", "MtDNA", "mitochondrion", "NC_012920.1", "NC_001224.1"}
PARTS = {"exon", "CDS", "stop_codon"}
CODING = {"protein_coding", "mRNA"}


@dataclass
class Transcript:
    """One transcript; parts are (start, end), 0-based half-open. phase: bases to skip at the start of the first coding part."""

    name: str
    gene: str
    symbol: str
    biotype: str
    contig: str
    strand: str
    exons: list[Part] = field(default_factory=list)
    coding: list[Part] = field(default_factory=list)
    phases: dict[Part, int] = field(default_factory=dict)


def read(lines: Iterator[str], lengths: dict[str, int], source: Path) -> list[Transcript]:
    """Transcripts of an annotation, on the contigs of the reference, in order of appearance.

    Raises InputError where the file is no GTF or GFF3, or none of its contigs is in the reference.
    """
    transcripts: dict[tuple[str, str], Transcript] = {}
    described: dict[str, tuple[str, dict[str, str]]] = {}
    strange: dict[str, None] = {}
    gff3 = None
    for row, line in enumerate(lines, start=1):
        if line.startswith("##FASTA"):
            break
        if line.startswith("#") or not line.strip():
            continue
        fields = line.rstrip("\r\n").split("\t")
        if len(fields) < 9 or not (fields[3].isdigit() and fields[4].isdigit()):
            raise InputError(f"reference.gtf: {source}, row {row}: a GTF or GFF3 row has nine columns joined by tabs")
        if gff3 is None:
            gff3 = "=" in fields[8].split(";")[0] and '"' not in fields[8].split(";")[0]
        if fields[0] not in lengths:
            strange.setdefault(fields[0])
            continue
        tags = attributes(fields[8], gff3)
        if fields[2] in PARTS:
            for name in tags.get("Parent", "").split(",") if gff3 else [tags.get("transcript_id", "")]:
                if name:
                    _add(transcripts, name, fields, tags)
        elif gff3 and "ID" in tags:
            described[tags["ID"]] = (fields[2], tags)
    if strange and not transcripts:
        own = ", ".join(list(lengths)[:3])
        raise InputError(
            f"reference.gtf: {source} has no contig of the reference: it has {', '.join(list(strange)[:3])}, the reference {own}"
        )
    for transcript in transcripts.values():
        _describe(transcript, described)
    return list(transcripts.values())


def _add(transcripts: dict[tuple[str, str], Transcript], name: str, fields: list[str], tags: dict[str, str]) -> None:
    """Add an exon, a coding part or a stop codon to its transcript."""
    key = fields[0], name
    if key not in transcripts:
        biotype = (
            tags.get("transcript_biotype") or tags.get("transcript_type") or tags.get("gene_biotype") or tags.get("gene_type", "")
        )
        gene = tags.get("gene_id", name)
        transcripts[key] = Transcript(name, gene, tags.get("gene_name", gene), biotype, fields[0], fields[6])
    transcript, part = transcripts[key], (int(fields[3]) - 1, int(fields[4]))
    if fields[2] == "exon":
        transcript.exons.append(part)
    else:
        transcript.coding.append(part)
        transcript.phases[part] = int(fields[7]) if fields[7].isdigit() else 0


def _describe(transcript: Transcript, described: dict[str, tuple[str, dict[str, str]]]) -> None:
    """Fill in gene and biotype of a GFF3 transcript from its own row and its gene's."""
    kind, tags = described.get(transcript.name, ("", {}))
    if not tags:
        return
    parent = tags.get("Parent", "").split(",")[0]
    gene = described.get(parent, ("", tags))[1]
    # coding parts that hang from a gene directly (bacteria, yeast)
    transcript.gene = parent or transcript.name
    transcript.symbol = gene.get("Name") or gene.get("gene") or transcript.gene
    transcript.biotype = (
        tags.get("biotype") or tags.get("transcript_biotype") or gene.get("gene_biotype") or gene.get("biotype") or kind
    )


def coding_parts(transcript: Transcript, genome: pysam.FastaFile) -> list[Part] | None:
    """Coding parts in order of position, with the stop codon.

    Where the annotation leaves the stop codon out, and the genome has one right behind, it is taken in.
    None where parts overlap in other than touching ends (ribosomal slippage), which csq cannot follow.
    """
    whole = merged([(transcript.contig, *part) for part in transcript.coding], [transcript.contig])
    longest = sum(end - start for start, end in set(transcript.coding))
    if sum(end - start for _, start, end in whole) < longest - 3:
        return None
    parts = [(start, end) for _, start, end in whole]
    if _codon(_last(parts, transcript.strand), transcript, genome) in STOPS:
        return parts
    beyond = _beyond(parts, transcript)
    if len(beyond) == 3 and _codon(beyond, transcript, genome) in STOPS:
        extended = [(transcript.contig, place, place + 1) for place in beyond]
        return [(s, e) for _, s, e in merged([(transcript.contig, *p) for p in parts] + extended, [transcript.contig])]
    return parts


def _last(parts: list[Part], strand: str) -> list[int]:
    """Positions of the last three coding bases, in genome order."""
    bases = [p for start, end in (parts[-3:] if strand == "+" else parts[:3]) for p in range(start, end)]
    return bases[-3:] if strand == "+" else bases[:3]


def _beyond(parts: list[Part], transcript: Transcript) -> list[int]:
    """Positions of the three exon bases that follow the coding parts, in genome order."""
    exons = merged([(transcript.contig, *part) for part in transcript.exons], [transcript.contig])
    if transcript.strand == "+":
        edge = parts[-1][1]
        after = (p for _, start, end in exons for p in range(max(start, edge), min(end, max(start, edge) + 3)))
        return sorted(after)[:3]
    edge = parts[0][0]
    before = (p for _, start, end in exons for p in range(max(start, min(end, edge) - 3), min(end, edge)))
    return sorted(before)[-3:]


def _codon(places: list[int], transcript: Transcript, genome: pysam.FastaFile) -> str:
    bases = "".join(genome.fetch(transcript.contig, p, p + 1) for p in places).upper()
    return bases if transcript.strand == "+" else bases.translate(COMPLEMENT)[::-1]


def phased(parts: list[Part], strand: str, first: int) -> list[tuple[Part, int]]:
    """Coding parts with their phases, each following from the lengths before it. first: phase of the first part read."""
    out, phase = [], first
    for part in parts if strand == "+" else reversed(parts):
        out.append((part, phase))
        phase = (phase - (part[1] - part[0])) % 3
    return out if strand == "+" else out[::-1]


def untranslated(transcript: Transcript, parts: list[Part]) -> Iterator[tuple[str, Part]]:
    """The parts of the exons before and behind the coding sequence."""
    begin, end = parts[0][0], parts[-1][1]
    low, high = ("five_prime_UTR", "three_prime_UTR") if transcript.strand == "+" else ("three_prime_UTR", "five_prime_UTR")
    for start, stop in sorted(transcript.exons):
        if start < begin:
            yield low, (start, min(stop, begin))
        if stop > end:
            yield high, (max(start, end), stop)


def write(transcripts: list[Transcript], genome: pysam.FastaFile) -> Iterator[str]:
    """GFF3 lines. A gene comes with its first transcript; transcripts that csq cannot follow are left out."""
    genes: dict[tuple[str, str], list[Transcript]] = {}
    for transcript in transcripts:
        if transcript.contig not in MITOCHONDRIA and transcript.strand in "+-":
            genes.setdefault((transcript.contig, transcript.gene), []).append(transcript)
    yield "##gff-version 3"
    used: set[str] = set()
    for (contig, gene), members in genes.items():
        spread = [part for member in members for part in member.exons + member.coding]
        coding = any(member.coding for member in members)
        mark = _unique(f"gene:{_safe(gene)}", contig, used)
        tail = f"ID={mark};Name={_safe(members[0].symbol)};biotype={_biotype(members[0].biotype, coding)}"
        yield _row(contig, "gene", (min(s for s, _ in spread), max(e for _, e in spread)), members[0].strand, ".", tail)
        for member in members:
            yield from _transcript(member, genome, mark, used)


def _transcript(member: Transcript, genome: pysam.FastaFile, gene: str, used: set[str]) -> Iterator[str]:
    parts = coding_parts(member, genome) if member.coding else []
    if parts is None:
        log.warning("%s: its coding parts overlap; bcftools csq cannot follow it, and it is left out", member.name)
        return
    exons = member.exons or parts
    mark = _unique(f"transcript:{_safe(member.name)}", member.contig, used)
    whole = min(s for s, _ in exons + parts), max(e for _, e in exons + parts)
    tail = f"ID={mark};Parent={gene};biotype={_biotype(member.biotype, bool(parts))}"
    yield _row(member.contig, "transcript", whole, member.strand, ".", tail)
    for exon in sorted(exons):
        yield _row(member.contig, "exon", exon, member.strand, ".", f"Parent={mark}")
    if not parts:
        return
    for kind, part in untranslated(member, parts):
        yield _row(member.contig, kind, part, member.strand, ".", f"Parent={mark}")
    edge = parts[0] if member.strand == "+" else parts[-1]
    given = {(s if member.strand == "+" else e): phase for (s, e), phase in member.phases.items()}
    first = given.get(edge[0] if member.strand == "+" else edge[1], 0)
    for part, phase in phased(parts, member.strand, first):
        yield _row(member.contig, "CDS", part, member.strand, str(phase), f"Parent={mark}")


def _row(contig: str, kind: str, part: Part, strand: str, phase: str, tail: str) -> str:
    return f"{contig}\treadsight\t{kind}\t{part[0] + 1}\t{part[1]}\t.\t{strand}\t{phase}\t{tail}"


def _biotype(given: str, coding: bool) -> str:
    """The biotype, in Ensembl's words; what has coding parts but no word is protein coding."""
    if coding and given in ("", "transcript", "gene", *CODING):
        return "protein_coding"
    return given or "misc_RNA"


def _safe(name: str) -> str:
    return name.removeprefix("gene:").removeprefix("transcript:").replace(";", "%3B").replace("=", "%3D").replace(" ", "_")


def _unique(name: str, contig: str, used: set[str]) -> str:
    """The name, with its contig where another contig has it, too (pseudo-autosomal genes)."""
    name = name if name not in used else f"{name}_{contig}"
    used.add(name)
    return name


def main(annotation: Path, reference: Path, out: Path) -> None:
    """Write the GFF3."""
    with io.TextIOWrapper(open_any(annotation)) as lines, pysam.FastaFile(str(reference)) as genome:
        lengths = dict(zip(genome.references, genome.lengths, strict=True))
        transcripts = read(lines, lengths, annotation)
        with open(out, "w") as sink:
            sink.writelines(f"{line}\n" for line in write(transcripts, genome))
    if not any(transcript.coding for transcript in transcripts):
        log.warning("%s has no coding parts (CDS rows): consequences will be of non-coding kinds alone", annotation)


if __name__ == "__main__":
    with step(snakemake) as job:  # noqa: F821
        main(job.input.gtf, job.input.reference, job.output.gff)
