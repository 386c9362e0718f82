"""Reader of transcripts and their exons from GTF and GFF3. Coordinates are 0-based half-open."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from readsight.errors import InputError
from readsight.formats.contigs import open_decompressed

MAX_FAULTS = 5
Span = tuple[int, int]


@dataclass
class Transcript:
    """A transcript with its location and its exons, in any order."""

    name: str
    gene: str
    symbol: str
    biotype: str
    contig: str
    strand: str
    exons: list[Span] = field(default_factory=list)

    @property
    def length(self) -> int:
        return sum(end - start for start, end in merge_spans(self.exons))


def merge_spans(spans: Iterable[Span]) -> list[Span]:
    """Merge overlapping and adjacent spans; returns them in order."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def parse_attributes(text: str, gff3: bool) -> dict[str, str]:
    """Parse the ninth column. GTF: `key "value"; …`; GFF3: `key=value;…`. The first value of a repeated key counts."""
    tags: dict[str, str] = {}
    for item in text.strip().split(";"):
        key, _, value = item.strip().partition("=" if gff3 else " ")
        if key:
            tags.setdefault(key, value.strip().strip('"'))
    return tags


def read_gtf(path: Path, lengths: dict[str, int]) -> list[Transcript]:
    """Read the transcripts of an annotation on the contigs of the reference, in order of appearance.

    Parameters
    ----------
    lengths : contig of the reference → length in bases.

    Raises
    ------
    InputError, with file and row, for rows that are not GTF or GFF3 and for exons without gene_id,
    and if no exon is on a contig of the reference.

    Notes
    -----
    If the file has no exon rows, CDS rows are used as exons.
    """
    rows, feature_tags, unknown_contigs, gff3 = [], {}, {}, None
    with open_decompressed(path) as handle:
        for number, fields in _read_rows(handle, path):
            if gff3 is None:
                first = fields[8].split(";")[0]
                gff3 = "=" in first and '"' not in first
            is_exon_or_cds = fields[2] in ("exon", "CDS")
            if fields[0] not in lengths:
                unknown_contigs |= {fields[0]: None} if is_exon_or_cds else {}
            elif is_exon_or_cds:
                rows.append((number, fields[2], fields[0], int(fields[3]) - 1, int(fields[4]), fields[6], fields[8]))
            elif gff3:
                tags = parse_attributes(fields[8], gff3)
                if "ID" in tags:
                    feature_tags[tags["ID"]] = (fields[2], tags)
    if not rows:
        raise InputError(f"reference.gtf: {path} has {_describe_missing(unknown_contigs, lengths)}")
    kind = "exon" if any(row[1] == "exon" for row in rows) else "CDS"
    kept_rows = [row for row in rows if row[1] == kind]
    return _transcripts_from_gff3(kept_rows, feature_tags) if gff3 else _transcripts_from_gtf(kept_rows, path)


def _read_rows(handle, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield row number and fields of every row that is not a comment."""
    for number, line in enumerate(handle, start=1):
        text = line.decode(errors="replace").rstrip("\r\n")
        if text.startswith("##FASTA"):
            return
        if text.startswith("#") or not text.strip():
            continue
        fields = text.split("\t")
        if len(fields) < 9 or not (fields[3].isdigit() and fields[4].isdigit()):
            raise InputError(f"reference.gtf: {path}, row {number}: a GTF or GFF3 row has nine columns separated by tabs")
        yield number, fields


def _describe_missing(unknown_contigs: dict[str, None], lengths: dict[str, int]) -> str:
    if not unknown_contigs:
        return "no row of type exon or CDS; they are needed to count genes"
    reference_names, annotation_names = ", ".join(list(lengths)[:3]), ", ".join(list(unknown_contigs)[:3])
    return f"no exon on a contig of the reference: it has {annotation_names}, the reference {reference_names}; take the annotation of the same build"


def _transcripts_from_gtf(rows: list[tuple], path: Path) -> list[Transcript]:
    transcripts: dict[tuple[str, str], Transcript] = {}
    faults = []
    for number, kind, contig, start, end, strand, text in rows:
        tags = parse_attributes(text, gff3=False)
        gene = tags.get("gene_id")
        if not gene:
            faults.append(f'reference.gtf: {path}, row {number}, column 9: this {kind} has no gene_id; write gene_id "…";')
            continue
        name = tags.get("transcript_id") or gene
        biotype = tags.get("gene_biotype") or tags.get("gene_type") or tags.get("transcript_biotype") or ""
        transcript = Transcript(name, gene, tags.get("gene_name") or gene, biotype, contig, strand)
        transcripts.setdefault((contig, name), transcript).exons.append((start, end))
    if faults:
        more = [f"reference.gtf: {path}: … and {len(faults) - MAX_FAULTS} more rows"] * (len(faults) > MAX_FAULTS)
        raise InputError(faults[:MAX_FAULTS] + more)
    return list(transcripts.values())


def _transcripts_from_gff3(rows: list[tuple], feature_tags: dict[str, tuple[str, dict[str, str]]]) -> list[Transcript]:
    transcripts: dict[tuple[str, str], Transcript] = {}
    for _, _, contig, start, end, strand, text in rows:
        tags = parse_attributes(text, gff3=True)
        for name in filter(None, (tags.get("Parent") or tags.get("ID", "")).split(",")):
            if (contig, name) not in transcripts:
                transcripts[contig, name] = _build_transcript(name, tags, feature_tags, contig, strand)
            transcripts[contig, name].exons.append((start, end))
    return list(transcripts.values())


def _build_transcript(name: str, row_tags: dict[str, str], feature_tags: dict, contig: str, strand: str) -> Transcript:
    """Build a GFF3 transcript; its gene is taken from the parent's row or from the transcript's row."""
    kind, tags = feature_tags.get(name, ("", row_tags))
    parent = tags.get("Parent", "").split(",")[0]
    gene_tags = feature_tags.get(parent, ("", tags))[1]
    gene = gene_tags.get("gene_id") or tags.get("gene_id") or (parent or name).removeprefix("gene:")
    biotype = (
        gene_tags.get("biotype") or gene_tags.get("gene_biotype") or gene_tags.get("gene_type") or tags.get("biotype") or kind
    )
    symbol = gene_tags.get("Name") or gene_tags.get("gene_name") or gene_tags.get("gene") or gene
    return Transcript(name.removeprefix("transcript:"), gene, symbol, biotype, contig, strand)
