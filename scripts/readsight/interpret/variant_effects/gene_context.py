"""Genes about variants: on which strand, how far, and which of them go together."""

from pathlib import Path

import numpy as np

from readsight.formats import gtf
from readsight.genome.store import Genome
from readsight.interpret.variant_effects.variants import Variants

NOWHERE = -1  # distance to a gene where its contig has none
BLOCKS = (1_000_000, 300_000, 100_000, 30_000, 10_000, 3_000)  # bases; small genomes have small ones
ENOUGH = 20


class Genes:
    """Genes of an annotation, each once a contig and strand, and the first bases of their transcripts.

    names: (g,). contig: (g,) places in the genome's names. start, end: (g,) 0-based half-open. forward: (g,) bool.
    """

    def __init__(self, path: Path, genome: Genome):
        """Raises InputError where the file is no GTF or GFF3, or speaks of no contig of the genome."""
        spans: dict[tuple[str, str, str], list[int]] = {}
        firsts: set[tuple[str, int]] = set()
        for transcript in gtf.read(path, genome.lengths):
            low, high = min(start for start, _ in transcript.exons), max(end for _, end in transcript.exons)
            own = spans.setdefault((transcript.symbol, transcript.contig, transcript.strand), [low, high])
            own[:] = min(own[0], low), max(own[1], high)
            firsts.add((transcript.contig, high - 1 if transcript.strand == "-" else low))
        place = {name: i for i, name in enumerate(genome.names)}
        self.names = np.array([name for name, _, _ in spans], dtype=object)
        self.contig = np.array([place[contig] for _, contig, _ in spans], dtype=np.int64)
        self.start, self.end = np.array(list(spans.values()), dtype=np.int64).T
        self.forward = np.array([strand != "-" for _, _, strand in spans])
        self.first = {
            i: np.sort(np.array([p for name, p in firsts if name == contig], np.int64)) for i, contig in enumerate(genome.names)
        }

    def strands(self, variants: Variants) -> np.ndarray:
        """Whether a gene on the forward and on the reverse strand overlaps each variant, (n, 2) bool."""
        found = np.zeros((len(variants), 2), bool)
        for column, way in enumerate((True, False)):
            found[:, column] = self._nearest(variants, self.forward == way)[1] == 0
        return found

    def nearest(self, variants: Variants) -> tuple[np.ndarray, np.ndarray]:
        """Of each variant the nearest gene's number, −1 where its contig has none, and how many bases off it begins or ends, 0 within it."""
        return self._nearest(variants, np.ones(len(self.names), bool))

    def _nearest(self, variants: Variants, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        gene, distance = np.full(len(variants), -1), np.full(len(variants), NOWHERE, np.int64)
        low, high = _span(variants)
        for place in np.unique(variants.contig):
            here, own = np.flatnonzero(variants.contig == place), np.flatnonzero((self.contig == place) & wanted)
            if not len(own):
                continue
            by_start = own[np.argsort(self.start[own], kind="stable")]
            reach = np.maximum.accumulate(self.end[by_start])
            furthest = np.maximum.accumulate(np.where(self.end[by_start] == reach, np.arange(len(own)), 0))
            before = np.searchsorted(self.start[by_start], high[here], side="left")  # genes that begin before the variant ends
            after = np.minimum(before, len(own) - 1)
            left = np.where(before > 0, low[here] - reach[np.maximum(before - 1, 0)] + 1, np.iinfo(np.int64).max)
            right = np.where(before < len(own), self.start[by_start[after]] - high[here] + 1, np.iinfo(np.int64).max)
            nearer = left <= right
            gene[here] = np.where(nearer, by_start[furthest[np.maximum(before - 1, 0)]], by_start[after])
            distance[here] = np.maximum(np.where(nearer, left, right), 0)
        return gene, distance

    def from_first(self, variants: Variants) -> np.ndarray:
        """Bases to the nearest first base of a transcript, (n,); NOWHERE where its contig has none."""
        found = np.full(len(variants), NOWHERE, np.int64)
        low, high = _span(variants)
        for place in np.unique(variants.contig):
            here, own = np.flatnonzero(variants.contig == place), self.first[int(place)]
            if not len(own):
                continue
            at = np.searchsorted(own, low[here])
            left = np.where(at > 0, low[here] - own[np.maximum(at - 1, 0)], np.iinfo(np.int64).max)
            right = np.where(
                at < len(own), np.maximum(own[np.minimum(at, len(own) - 1)] - high[here] + 1, 0), np.iinfo(np.int64).max
            )
            found[here] = np.minimum(left, right)
        return found

    def names_of(self, gene: np.ndarray) -> np.ndarray:
        """Names by number, (n,) text; empty where there is none."""
        return np.where(gene >= 0, self.names[np.maximum(gene, 0)], "")


def _span(variants: Variants) -> tuple[np.ndarray, np.ndarray]:
    """The stretch that is changed, of at least one base."""
    return variants.start, np.maximum(variants.end, variants.start + 1)


def groups(variants: Variants, rows: np.ndarray, names: np.ndarray | None) -> tuple[np.ndarray, str]:
    """Group of each of the rows (m,) by which they are resampled and tested, and in words what groups are.

    names: (n,) the nearest gene of each variant. Where there are none, blocks of the genome: the longest of BLOCKS of which there are
    ENOUGH, else the shortest.
    """
    if names is not None:
        place = np.array([f"{c}:" for c in np.array(variants.genome.names, object)[variants.contig[rows]]], object)
        return np.where(names[rows] == "", place, names[rows]).astype(str), "genes"
    for length in BLOCKS:
        found = np.char.add(
            np.char.add(np.array(variants.genome.names)[variants.contig[rows]], ":"), (variants.start[rows] // length).astype(str)
        )
        if len(np.unique(found)) >= ENOUGH:
            break
    return found, f"blocks of {length:,} bases"
