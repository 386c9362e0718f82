"""Genes near variants: strand, distance, and groups for resampling."""

from pathlib import Path

import numpy as np

from readsight.formats import gtf
from readsight.genome.store import Genome
from readsight.interpret.variant_effects.variants import AlleleTable

NO_GENE = -1  # distance if the contig has no gene
BLOCK_SIZES = (1_000_000, 300_000, 100_000, 30_000, 10_000, 3_000)  # bases, for large to small genomes
MIN_BLOCKS = 20


class Genes:
    """Genes of an annotation, once per contig and strand, and the first bases of their transcripts.

    names: (g,). contig: (g,), index of the contig. start, end: (g,), 0-based half-open. forward: (g,) bool.
    """

    def __init__(self, path: Path, genome: Genome):
        """Raises InputError if the file is not GTF or GFF3, or has no contig of the genome."""
        spans: dict[tuple[str, str, str], list[int]] = {}
        firsts: set[tuple[str, int]] = set()
        for transcript in gtf.read_gtf(path, genome.lengths):
            low, high = min(start for start, _ in transcript.exons), max(end for _, end in transcript.exons)
            span = spans.setdefault((transcript.symbol, transcript.contig, transcript.strand), [low, high])
            span[:] = min(span[0], low), max(span[1], high)
            firsts.add((transcript.contig, high - 1 if transcript.strand == "-" else low))
        contig_index = {name: i for i, name in enumerate(genome.names)}
        self.names = np.array([name for name, _, _ in spans], dtype=object)
        self.contig = np.array([contig_index[contig] for _, contig, _ in spans], dtype=np.int64)
        self.start, self.end = np.array(list(spans.values()), dtype=np.int64).T
        self.forward = np.array([strand != "-" for _, _, strand in spans])
        self.transcript_starts = {
            i: np.sort(np.array([p for name, p in firsts if name == contig], np.int64)) for i, contig in enumerate(genome.names)
        }

    def find_strands(self, variants: AlleleTable) -> np.ndarray:
        """Whether a gene on the forward and on the reverse strand overlaps each variant, (n, 2) bool."""
        has_gene = np.zeros((len(variants), 2), bool)
        for column, is_forward in enumerate((True, False)):
            has_gene[:, column] = self._find_nearest(variants, self.forward == is_forward)[1] == 0
        return has_gene

    def find_nearest(self, variants: AlleleTable) -> tuple[np.ndarray, np.ndarray]:
        """Number of the nearest gene (−1 if its contig has none), and the distance in bases, 0 inside a gene."""
        return self._find_nearest(variants, np.ones(len(self.names), bool))

    def _find_nearest(self, variants: AlleleTable, is_used: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        gene, distance = np.full(len(variants), -1), np.full(len(variants), NO_GENE, np.int64)
        low, high = _get_span(variants)
        for contig in np.unique(variants.contig):
            rows, genes = np.flatnonzero(variants.contig == contig), np.flatnonzero((self.contig == contig) & is_used)
            if not len(genes):
                continue
            by_start = genes[np.argsort(self.start[genes], kind="stable")]
            reach = np.maximum.accumulate(self.end[by_start])
            furthest = np.maximum.accumulate(np.where(self.end[by_start] == reach, np.arange(len(genes)), 0))
            before = np.searchsorted(self.start[by_start], high[rows], side="left")  # genes that begin before the variant ends
            after = np.minimum(before, len(genes) - 1)
            left = np.where(before > 0, low[rows] - reach[np.maximum(before - 1, 0)] + 1, np.iinfo(np.int64).max)
            right = np.where(before < len(genes), self.start[by_start[after]] - high[rows] + 1, np.iinfo(np.int64).max)
            nearer = left <= right
            gene[rows] = np.where(nearer, by_start[furthest[np.maximum(before - 1, 0)]], by_start[after])
            distance[rows] = np.maximum(np.where(nearer, left, right), 0)
        return gene, distance

    def compute_tss_distance(self, variants: AlleleTable) -> np.ndarray:
        """Bases to the nearest transcription start, (n,); NO_GENE if the contig has none."""
        distance = np.full(len(variants), NO_GENE, np.int64)
        low, high = _get_span(variants)
        for contig in np.unique(variants.contig):
            rows, starts = np.flatnonzero(variants.contig == contig), self.transcript_starts[int(contig)]
            if not len(starts):
                continue
            index = np.searchsorted(starts, low[rows])
            left = np.where(index > 0, low[rows] - starts[np.maximum(index - 1, 0)], np.iinfo(np.int64).max)
            right = np.where(
                index < len(starts),
                np.maximum(starts[np.minimum(index, len(starts) - 1)] - high[rows] + 1, 0),
                np.iinfo(np.int64).max,
            )
            distance[rows] = np.minimum(left, right)
        return distance

    def get_names(self, gene: np.ndarray) -> np.ndarray:
        """Names by number, (n,) text; empty for −1."""
        return np.where(gene >= 0, self.names[np.maximum(gene, 0)], "")


def _get_span(variants: AlleleTable) -> tuple[np.ndarray, np.ndarray]:
    """The changed interval, at least one base."""
    return variants.start, np.maximum(variants.end, variants.start + 1)


def assign_groups(variants: AlleleTable, rows: np.ndarray, names: np.ndarray | None) -> tuple[np.ndarray, str]:
    """Group of each row (m,), for resampling and testing, and the name of the groups.

    names: (n,), nearest gene of each variant. Without names, blocks of the genome: the longest of BLOCK_SIZES that give at
    least MIN_BLOCKS blocks, else the shortest.
    """
    if names is not None:
        contig_names = np.array([f"{c}:" for c in np.array(variants.genome.names, object)[variants.contig[rows]]], object)
        return np.where(names[rows] == "", contig_names, names[rows]).astype(str), "genes"
    for length in BLOCK_SIZES:
        blocks = np.char.add(
            np.char.add(np.array(variants.genome.names)[variants.contig[rows]], ":"), (variants.start[rows] // length).astype(str)
        )
        if len(np.unique(blocks)) >= MIN_BLOCKS:
            break
    return blocks, f"blocks of {length:,} bases"
