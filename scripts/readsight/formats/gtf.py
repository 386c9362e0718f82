"""Genes and their exons, from GTF or GFF3. Coordinates are 0-based half-open."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from readsight.errors import InputError
from readsight.formats.contigs import open_any

MOST_FAULTS = 5
Part = tuple[int, int]


@dataclass
class Transcript:
    """A transcript: where it stands, and its exons, which need not be in order."""

    name: str
    gene: str
    symbol: str
    biotype: str
    contig: str
    strand: str
    exons: list[Part] = field(default_factory=list)

    @property
    def length(self) -> int:
        return sum(end - start for start, end in union(self.exons))


def union(parts: Iterable[Part]) -> list[Part]:
    """Parts without overlaps, in order."""
    joined: list[Part] = []
    for start, end in sorted(parts):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def attributes(text: str, gff3: bool) -> dict[str, str]:
    """The ninth column. GTF: `key "value"; …`; GFF3: `key=value;…`. The first of a repeated key counts."""
    found: dict[str, str] = {}
    for item in text.strip().split(";"):
        key, _, value = item.strip().partition("=" if gff3 else " ")
        if key:
            found.setdefault(key, value.strip().strip('"'))
    return found


def read(path: Path, lengths: dict[str, int]) -> list[Transcript]:
    """Transcripts of an annotation, on the contigs of the reference, in order of appearance.

    lengths: contig → length in bases, of the reference. Where no row is an exon, coding parts are taken for exons.
    Raises InputError, with file and row, for rows that are no GTF or GFF3 and for exons without gene_id,
    and where nothing of the annotation stands on a contig of the reference.
    """
    rows, described, strange, gff3 = [], {}, {}, None
    with open_any(path) as handle:
        for number, fields in _rows(handle, path):
            if gff3 is None:
                first = fields[8].split(";")[0]
                gff3 = "=" in first and '"' not in first
            part = fields[2] in ("exon", "CDS")
            if fields[0] not in lengths:
                strange |= {fields[0]: None} if part else {}
            elif part:
                rows.append((number, fields[2], fields[0], int(fields[3]) - 1, int(fields[4]), fields[6], fields[8]))
            elif gff3:
                tags = attributes(fields[8], gff3)
                if "ID" in tags:
                    described[tags["ID"]] = (fields[2], tags)
    if not rows:
        raise InputError(f"reference.gtf: {path} has {_nothing(strange, lengths)}")
    kind = "exon" if any(row[1] == "exon" for row in rows) else "CDS"
    chosen = [row for row in rows if row[1] == kind]
    return _from_gff3(chosen, described) if gff3 else _from_gtf(chosen, path)


def _rows(handle, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Row numbers and fields of what is no comment."""
    for number, line in enumerate(handle, start=1):
        text = line.decode(errors="replace").rstrip("\r\n")
        if text.startswith("##FASTA"):
            return
        if text.startswith("#") or not text.strip():
            continue
        fields = text.split("\t")
        if len(fields) < 9 or not (fields[3].isdigit() and fields[4].isdigit()):
            raise InputError(f"reference.gtf: {path}, row {number}: a GTF or GFF3 row has nine columns joined by tabs")
        yield number, fields


def _nothing(strange: dict[str, None], lengths: dict[str, int]) -> str:
    if not strange:
        return "no row of kind exon or CDS; genes cannot be counted without"
    own, theirs = ", ".join(list(lengths)[:3]), ", ".join(list(strange)[:3])
    return f"no exon on a contig of the reference: it has {theirs}, the reference {own}; take the annotation of the same build"


def _from_gtf(rows: list[tuple], path: Path) -> list[Transcript]:
    found: dict[tuple[str, str], Transcript] = {}
    faults = []
    for number, kind, contig, start, end, strand, text in rows:
        tags = attributes(text, gff3=False)
        gene = tags.get("gene_id")
        if not gene:
            faults.append(f'reference.gtf: {path}, row {number}, column 9: this {kind} has no gene_id; write gene_id "…";')
            continue
        name = tags.get("transcript_id") or gene
        biotype = tags.get("gene_biotype") or tags.get("gene_type") or tags.get("transcript_biotype") or ""
        new = Transcript(name, gene, tags.get("gene_name") or gene, biotype, contig, strand)
        found.setdefault((contig, name), new).exons.append((start, end))
    if faults:
        more = [f"reference.gtf: {path}: … and {len(faults) - MOST_FAULTS} rows more"] * (len(faults) > MOST_FAULTS)
        raise InputError(faults[:MOST_FAULTS] + more)
    return list(found.values())


def _from_gff3(rows: list[tuple], described: dict[str, tuple[str, dict[str, str]]]) -> list[Transcript]:
    found: dict[tuple[str, str], Transcript] = {}
    for _, _, contig, start, end, strand, text in rows:
        tags = attributes(text, gff3=True)
        for name in filter(None, (tags.get("Parent") or tags.get("ID", "")).split(",")):
            if (contig, name) not in found:
                found[contig, name] = _described(name, tags, described, contig, strand)
            found[contig, name].exons.append((start, end))
    return list(found.values())


def _described(name: str, own: dict[str, str], described: dict, contig: str, strand: str) -> Transcript:
    """A GFF3 transcript with the gene of its own row or of its parent's."""
    kind, tags = described.get(name, ("", own))
    parent = tags.get("Parent", "").split(",")[0]
    of_gene = described.get(parent, ("", tags))[1]
    gene = of_gene.get("gene_id") or tags.get("gene_id") or (parent or name).removeprefix("gene:")
    biotype = of_gene.get("biotype") or of_gene.get("gene_biotype") or of_gene.get("gene_type") or tags.get("biotype") or kind
    symbol = of_gene.get("Name") or of_gene.get("gene_name") or of_gene.get("gene") or gene
    return Transcript(name.removeprefix("transcript:"), gene, symbol, biotype, contig, strand)
