"""Splice sites of an annotation as examples: windows that tile each gene, with one class per base.

Classes follow SpliceAI (Jaganathan et al. 2019): 0 neither, 1 acceptor (first base of an exon after an intron), 2 donor (last base
of an exon before an intron), on the transcribed strand. 255: outside the gene, not counted.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from readsight.dataset.outcome import UNCOUNTED
from readsight.dataset.sequences.raw_examples import SequenceSet, make_unique
from readsight.errors import InputError
from readsight.formats import gtf
from readsight.formats.gtf import Transcript
from readsight.genome import windows
from readsight.genome.store import BASE, Genome

NEITHER, ACCEPTOR, DONOR = 0, 1, 2
MIN_INTRON = 10  # shorter gaps between exons are frameshifts or errors, not introns
# Their introns are not spliced by the spliceosome and have different motifs.
NOT_SPLICED = ("tRNA", "rRNA")
ORGANELLES = {"m", "mt", "mito", "mitochondrion", "pt", "c", "chloroplast", "plastid"}


@dataclass
class SplicedGene:
    """A gene: 0-based half-open span on a strand of a contig."""

    name: str
    contig: str
    strand: str
    start: int
    end: int
    has_introns: bool = False


@dataclass
class SpliceSites:
    """Acceptor and donor positions on a strand of a contig, from all its transcripts."""

    acceptors: set[int] = field(default_factory=set)
    donors: set[int] = field(default_factory=set)


def read_splice_sites(path: Path | str, genome: Genome, spec: dict[str, Any]) -> SequenceSet:
    """Adjacent windows of spec["length"] over every gene with an intron, centred on the gene, on its strand.

    target: (n, length) uint8. group: the gene. Introns of tRNA, rRNA and organelles are ignored. Sites come from all transcripts on that
    strand, also of overlapping genes; a base that is acceptor in one and donor in another is not counted. Raises InputError if
    the annotation does not fit the genome, or no gene has an intron.
    """
    length = spec["length"] or 1000
    transcripts = gtf.read_gtf(Path(path), genome.lengths)
    faults = _check_contig_ends(path, transcripts, genome)
    if faults:
        raise InputError(faults)
    genes, sites = collect_sites(transcripts)
    spliced = [gene for gene in genes if gene.has_introns]
    if not spliced:
        raise InputError(
            f"sequences.annotation: {path}: no gene has an intron of {MIN_INTRON} bases or more on this genome; there is nothing to learn"
        )
    excluded = []
    if len(spliced) < len(genes):
        excluded.append(f"{path}: {len(genes) - len(spliced):,} genes without a spliceosomal intron")
    tiles = pd.DataFrame(
        [
            (number, start)
            for number, gene in enumerate(spliced)
            for start in tile_gene(gene, length, genome.lengths[gene.contig])
        ],
        columns=["gene", "start"],
    )
    return _cut_tiles(tiles, spliced, sites, length, genome, spec, excluded, path)


def _check_contig_ends(path: Path | str, transcripts: list[Transcript], genome: Genome) -> list[str]:
    """Faults of genes past their contigs' ends."""
    past = [
        (transcript, end)
        for transcript in transcripts
        if (end := max(exon[1] for exon in transcript.exons)) > genome.lengths[transcript.contig]
    ]
    return [
        f"sequences.annotation: {path}: transcript {transcript.name} ends at {end:,}, past the end of contig {transcript.contig!r} "
        f"({genome.lengths[transcript.contig]:,} bases); use files of one genome build"
        for transcript, end in past[:5]
    ]


def collect_sites(transcripts: list[Transcript]) -> tuple[list[SplicedGene], dict[tuple[str, str], SpliceSites]]:
    """Genes, in order of appearance, and the sites on each strand of each contig."""
    genes: dict[tuple[str, str, str], SplicedGene] = {}
    sites: dict[tuple[str, str], SpliceSites] = defaultdict(SpliceSites)
    for transcript in transcripts:
        exons = gtf.merge_spans(transcript.exons)
        key = (transcript.gene, transcript.contig, transcript.strand)
        start, end = exons[0][0], exons[-1][1]
        gene = genes.setdefault(key, SplicedGene(*key, start, end))
        gene.start, gene.end = min(gene.start, start), max(gene.end, end)
        strand_sites = sites[transcript.contig, transcript.strand]
        for (_, intron_start), (intron_end, _) in zip(exons, exons[1:], strict=False):
            if intron_end - intron_start < MIN_INTRON or not _is_spliceosomal(transcript):
                continue
            gene.has_introns = True
            first, second = (
                (strand_sites.acceptors, strand_sites.donors)
                if transcript.strand == "-"
                else (strand_sites.donors, strand_sites.acceptors)
            )
            first.add(intron_start - 1)
            second.add(intron_end)
    return list(genes.values()), dict(sites)


def _is_spliceosomal(transcript: Transcript) -> bool:
    is_organelle = transcript.contig.lower().removeprefix("chr") in ORGANELLES
    return not is_organelle and not transcript.biotype.endswith(NOT_SPLICED)


def tile_gene(gene: SplicedGene, length: int, size: int) -> list[int]:
    """Starts of adjacent windows that cover a gene, centred on it and kept within a contig of `size` bases if possible."""
    count = -(-(gene.end - gene.start) // length)
    first = gene.start - (count * length - (gene.end - gene.start)) // 2
    first = max(0, min(first, size - count * length)) if count * length <= size else first
    return [first + i * length for i in range(count)]


def _cut_tiles(
    tiles: pd.DataFrame,
    genes: list[SplicedGene],
    sites: dict[tuple[str, str], SpliceSites],
    length: int,
    genome: Genome,
    spec: dict[str, Any],
    excluded: list[str],
    path: Path | str,
) -> SequenceSet:
    """Codes and classes of the windows, by the policy on contigs' ends."""
    gene_index, starts = tiles["gene"].to_numpy(), tiles["start"].to_numpy()
    contigs = genome.index_contigs([gene.contig for gene in genes], str(path))[gene_index]
    if spec["outside"] == "drop":
        is_inside = windows.is_inside(genome, contigs, starts, length)
        excluded = excluded + [f"{path}: {int((~is_inside).sum()):,} windows that reach past their contig's end"] * (
            not is_inside.all()
        )
        gene_index, starts, contigs = gene_index[is_inside], starts[is_inside], contigs[is_inside]
    stored = windows.cut_raw(genome, contigs, starts, length, padded=spec["outside"] == "pad")
    strands = np.array([gene.strand for gene in genes], object)[gene_index]
    target = classify_bases(gene_index, starts, length, genes, sites)
    is_reverse = strands == "-"
    target[is_reverse] = target[is_reverse, ::-1]
    names = np.array([gene.name for gene in genes], object)[gene_index]
    number = pd.Series(gene_index).groupby(gene_index).cumcount().to_numpy()
    obs = pd.DataFrame(
        {
            "chrom": np.array(genome.names, object)[contigs],
            "start": starts,
            "end": starts + length,
            "strand": strands,
            "repeat": windows.compute_repeat_fraction(genome, stored),
            "group": names,
        },
        index=pd.Index(make_unique([f"{name}.{i}" for name, i in zip(names, number, strict=True)]), dtype=object),
    )
    return SequenceSet(windows.orient_strands(stored & BASE, strands), obs, target, left_out=excluded)


def classify_bases(
    gene_index: np.ndarray, starts: np.ndarray, length: int, genes: list[SplicedGene], sites: dict[tuple[str, str], SpliceSites]
) -> np.ndarray:
    """Classes of the windows' bases on the forward strand, (n, length) uint8."""
    first, last = (np.array([getattr(gene, edge) for gene in genes])[gene_index] for edge in ("start", "end"))
    offsets = np.arange(length)
    target = np.where(
        (starts[:, None] + offsets < first[:, None]) | (starts[:, None] + offsets >= last[:, None]), UNCOUNTED, NEITHER
    )
    target = target.astype(np.uint8)
    strands = [(gene.contig, gene.strand) for gene in genes]
    rows_of: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row, gene in enumerate(gene_index.tolist()):
        rows_of[strands[gene]].append(row)
    for key, rows in rows_of.items():
        strand_sites = sites.get(key, SpliceSites())
        both = strand_sites.acceptors & strand_sites.donors
        for kind, positions in (
            (ACCEPTOR, strand_sites.acceptors - both),
            (DONOR, strand_sites.donors - both),
            (UNCOUNTED, both),
        ):
            _assign_class(target, rows, starts, length, np.array(sorted(positions), dtype=np.int64), kind)
    return target


def _assign_class(target: np.ndarray, rows: list[int], starts: np.ndarray, length: int, positions: np.ndarray, kind: int) -> None:
    """Set the class of all given positions that are inside these windows and their genes."""
    begin = np.searchsorted(positions, starts[rows])
    end = np.searchsorted(positions, starts[rows] + length)
    for row, low, high in zip(rows, begin.tolist(), end.tolist(), strict=True):
        offsets = positions[low:high] - starts[row]
        offsets = offsets[target[row, offsets] != UNCOUNTED]
        target[row, offsets] = kind
