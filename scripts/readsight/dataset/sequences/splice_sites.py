"""Splice sites of an annotation as examples: windows along each gene, a class a base.

Classes are SpliceAI's (Jaganathan et al. 2019): 0 neither, 1 acceptor (first base of an exon that follows an intron), 2 donor
(last base of an exon that an intron follows), on the transcribed strand. 255: outside of the gene, and not counted.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from readsight.dataset.outcome import UNCOUNTED
from readsight.dataset.sequences.raw_examples import Found, unique
from readsight.errors import InputError
from readsight.formats import gtf
from readsight.formats.gtf import Transcript
from readsight.genome import windows
from readsight.genome.store import BASE, Genome

NEITHER, ACCEPTOR, DONOR = 0, 1, 2
SHORTEST = 10  # gaps between exons that are shorter are frameshifts and errors, not introns
# Introns of these are cut out by other means than the spliceosome, and have other ends.
NOT_SPLICED = ("tRNA", "rRNA")
ORGANELLES = {"m", "mt", "mito", "mitochondrion", "pt", "c", "chloroplast", "plastid"}


@dataclass
class Gene:
    """A gene: its span, 0-based half-open, on a strand of a contig. introns: whether it has any."""

    name: str
    contig: str
    strand: str
    start: int
    end: int
    introns: bool = False


@dataclass
class Sites:
    """First and last bases of introns' neighbours on a strand of a contig, from all transcripts there."""

    acceptors: set[int] = field(default_factory=set)
    donors: set[int] = field(default_factory=set)


def read(path: Path | str, genome: Genome, spec: dict[str, Any]) -> Found:
    """Windows of spec["length"] side by side along every gene that has an intron, centred on it, on its strand.

    target: (n, length) uint8. Introns of tRNA, rRNA and organelles are none here. Sites are those of all transcripts on that strand, also of other genes there; a base that is
    acceptor of one and donor of another is not counted. group: the gene. Raises InputError for what is no annotation of
    this genome, and where no gene has an intron.
    """
    length = spec["length"] or 1000
    transcripts = gtf.read(Path(path), genome.lengths)
    faults = _faults(path, transcripts, genome)
    if faults:
        raise InputError(faults)
    genes, sites = gathered(transcripts)
    spliced = [gene for gene in genes if gene.introns]
    if not spliced:
        raise InputError(
            f"sequences.annotation: {path}: no gene has an intron of {SHORTEST} bases or more on this genome; there is nothing to learn"
        )
    left = []
    if len(spliced) < len(genes):
        left.append(f"{path}: {len(genes) - len(spliced):,} genes without an intron that the spliceosome cuts out")
    tiles = pd.DataFrame(
        [(at, start) for at, gene in enumerate(spliced) for start in tiled(gene, length, genome.lengths[gene.contig])],
        columns=["gene", "start"],
    )
    return _cut(tiles, spliced, sites, length, genome, spec, left, path)


def _faults(path: Path | str, transcripts: list[Transcript], genome: Genome) -> list[str]:
    """Faults of genes past their contigs' ends."""
    past = [
        (transcript, end)
        for transcript in transcripts
        if (end := max(part[1] for part in transcript.exons)) > genome.lengths[transcript.contig]
    ]
    return [
        f"sequences.annotation: {path}: transcript {transcript.name} ends at {end:,}, past the end of contig {transcript.contig!r} "
        f"({genome.lengths[transcript.contig]:,} bases); use files of one genome build"
        for transcript, end in past[:5]
    ]


def gathered(transcripts: list[Transcript]) -> tuple[list[Gene], dict[tuple[str, str], Sites]]:
    """Genes, in order of appearance, and the sites on each strand of each contig."""
    genes: dict[tuple[str, str, str], Gene] = {}
    sites: dict[tuple[str, str], Sites] = defaultdict(Sites)
    for transcript in transcripts:
        exons = gtf.union(transcript.exons)
        key = (transcript.gene, transcript.contig, transcript.strand)
        start, end = exons[0][0], exons[-1][1]
        gene = genes.setdefault(key, Gene(*key, start, end))
        gene.start, gene.end = min(gene.start, start), max(gene.end, end)
        own = sites[transcript.contig, transcript.strand]
        for (_, before), (behind, _) in zip(exons, exons[1:], strict=False):
            if behind - before < SHORTEST or not _spliceosomal(transcript):
                continue
            gene.introns = True
            first, second = (own.acceptors, own.donors) if transcript.strand == "-" else (own.donors, own.acceptors)
            first.add(before - 1)
            second.add(behind)
    return list(genes.values()), dict(sites)


def _spliceosomal(transcript: Transcript) -> bool:
    organelle = transcript.contig.lower().removeprefix("chr") in ORGANELLES
    return not organelle and not transcript.biotype.endswith(NOT_SPLICED)


def tiled(gene: Gene, length: int, size: int) -> list[int]:
    """Starts of windows side by side that cover a gene, what they are longer by on both its sides, within a contig of `size`."""
    count = -(-(gene.end - gene.start) // length)
    first = gene.start - (count * length - (gene.end - gene.start)) // 2
    first = max(0, min(first, size - count * length)) if count * length <= size else first
    return [first + i * length for i in range(count)]


def _cut(
    tiles: pd.DataFrame,
    genes: list[Gene],
    sites: dict[tuple[str, str], Sites],
    length: int,
    genome: Genome,
    spec: dict[str, Any],
    left: list[str],
    path: Path | str,
) -> Found:
    """Codes and classes of the windows, by the policy on contigs' ends."""
    of_gene, starts = tiles["gene"].to_numpy(), tiles["start"].to_numpy()
    contigs = genome.index([gene.contig for gene in genes], str(path))[of_gene]
    if spec["outside"] == "drop":
        kept = windows.inside(genome, contigs, starts, length)
        left = left + [f"{path}: {int((~kept).sum()):,} windows that reach past their contig's end"] * (not kept.all())
        of_gene, starts, contigs = of_gene[kept], starts[kept], contigs[kept]
    stored = windows.raw(genome, contigs, starts, length, padded=spec["outside"] == "pad")
    strands = np.array([gene.strand for gene in genes], object)[of_gene]
    target = classes(of_gene, starts, length, genes, sites)
    back = strands == "-"
    target[back] = target[back, ::-1]
    names = np.array([gene.name for gene in genes], object)[of_gene]
    number = pd.Series(of_gene).groupby(of_gene).cumcount().to_numpy()
    obs = pd.DataFrame(
        {
            "chrom": np.array(genome.names, object)[contigs],
            "start": starts,
            "end": starts + length,
            "strand": strands,
            "repeat": windows.repeats(genome, stored),
            "group": names,
        },
        index=pd.Index(unique([f"{name}.{i}" for name, i in zip(names, number, strict=True)]), dtype=object),
    )
    return Found(windows.turned(stored & BASE, strands), obs, target, left_out=left)


def classes(
    of_gene: np.ndarray, starts: np.ndarray, length: int, genes: list[Gene], sites: dict[tuple[str, str], Sites]
) -> np.ndarray:
    """Classes of windows' bases in the order of the contig, (n, length) uint8."""
    first, last = (np.array([getattr(gene, edge) for gene in genes])[of_gene] for edge in ("start", "end"))
    place = np.arange(length)
    found = np.where((starts[:, None] + place < first[:, None]) | (starts[:, None] + place >= last[:, None]), UNCOUNTED, NEITHER)
    found = found.astype(np.uint8)
    strand_of = [(gene.contig, gene.strand) for gene in genes]
    rows_of: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row, gene in enumerate(of_gene.tolist()):
        rows_of[strand_of[gene]].append(row)
    for key, rows in rows_of.items():
        own = sites.get(key, Sites())
        both = own.acceptors & own.donors
        for kind, places in ((ACCEPTOR, own.acceptors - both), (DONOR, own.donors - both), (UNCOUNTED, both)):
            _mark(found, rows, starts, length, np.array(sorted(places), dtype=np.int64), kind)
    return found


def _mark(found: np.ndarray, rows: list[int], starts: np.ndarray, length: int, places: np.ndarray, kind: int) -> None:
    """Give the places of the contig that lie in these windows, and in their genes, a class."""
    begin = np.searchsorted(places, starts[rows])
    end = np.searchsorted(places, starts[rows] + length)
    for row, low, high in zip(rows, begin.tolist(), end.tolist(), strict=True):
        at = places[low:high] - starts[row]
        at = at[found[row, at] != UNCOUNTED]
        found[row, at] = kind
