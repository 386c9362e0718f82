"""Search for similar sequences: candidates of one seed after the next are verified and joined into clusters."""

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np

from readsight.dataset.homology import banded_alignment, similarity
from readsight.dataset.homology.candidates import CandidatePairs, PackedSequences, find_shared
from readsight.dataset.homology.similarity import SimilarityMeasure
from readsight.dataset.homology.single_linkage import Clusters, SideMatches, pairs_to_first
from readsight.dataset.homology.spaced_kmers import list_kmers
from readsight.dataset.homology.spaced_seeds import plan_seeds

log = logging.getLogger("readsight")

KMERS_AT_ONCE = 12_000_000  # k-mers sorted at once; larger sets are searched in partitions
CELLS = 1 << 22  # bases verified at once
PARTIAL = 0.5  # a pair that fails without gaps is aligned with gaps from this fraction of the required bits on


@dataclass(frozen=True)
class SimilarityClusters:
    """cluster: (n,) row of the first sequence of each cluster. description: search settings and counts.

    measure: the similarity criterion, for later searches of a subset.
    """

    cluster: np.ndarray
    description: dict[str, Any]
    measure: SimilarityMeasure

    @property
    def pairs(self) -> np.ndarray:
        """Pairs (m, 2) that join the clusters: each sequence with the first of its cluster."""
        return pairs_to_first(self.cluster)


def cluster_similar(codes: np.ndarray, identity: float = 0.8, coverage: float = 0.6) -> SimilarityClusters:
    """Clusters of similar sequences on either strand (single linkage).

    codes: (n, length) uint8, 4 = N; shorter sequences are padded with N. Two sequences are similar if an alignment over at
    least `coverage` of the shorter has `identity` of its bases equal, at any offset, with gaps of up to
    `banded_alignment.BAND`, and is not expected by chance. Sequences already in one cluster are not compared again; use
    `find_similar` for pairs.
    """
    clusters = Clusters(len(codes))
    measure = SimilarityMeasure.from_sequences(codes, identity, coverage)
    description = _search_seeds(codes, measure, clusters)
    sizes = np.unique(clusters.representative, return_counts=True)[1]
    log.info("%d sequences in %d clusters, the largest of %d", len(codes), len(sizes), sizes.max(initial=0))
    return SimilarityClusters(clusters.representative, description, measure)


def find_similar(codes: np.ndarray, reference: np.ndarray, query: np.ndarray, measure: SimilarityMeasure) -> np.ndarray:
    """Which `query` sequences (n,) bool are directly similar to a `reference` sequence (n,) bool. Returns (n,) bool.

    Results can depend on the sequences searched together, since not all positions of a common k-mer are compared. An
    empty result does not depend on which side is the query.
    """
    rows = np.flatnonzero(reference | query)
    sides = SideMatches(reference[rows], query[rows])
    if sides.is_reference.any() and sides.is_query.any():
        _search_seeds(np.asarray(codes[rows]), measure, sides)
    is_similar = np.zeros(len(codes), bool)
    is_similar[rows] = sides.is_matched
    return is_similar


def _search_seeds(codes: np.ndarray, measure: SimilarityMeasure, collector: Clusters | SideMatches) -> dict[str, Any]:
    """Search with each seed; similar pairs go into `collector`. Returns search settings and counts."""
    count, length = codes.shape
    seeds = plan_seeds(count, length, measure.identity, measure.coverage)
    search = _SeedSearch(codes, np.count_nonzero(codes < 4, axis=1), measure, collector)
    part_count = -(-count * length // (KMERS_AT_ONCE * seeds.thin))
    packed = PackedSequences(codes)
    for pattern in seeds.patterns if count > 1 and length >= len(seeds.patterns[0]) else ():
        for part in range(part_count):
            for hits in find_shared(*list_kmers(codes, pattern, seeds.thin, part, part_count), length, pattern):
                search.add_candidates(hits, packed, pattern)
            search.verify_pending()
    settings = {
        "identity": measure.identity,
        "coverage": measure.coverage,
        "bits": measure.required_bits,
        "band": banded_alignment.BAND,
    }
    return settings | {"seeds": list(seeds.patterns), "thin": seeds.thin} | search.counts


class _SeedSearch:
    """State of a search. failed: ids of pairs that were aligned and are not similar."""

    def __init__(self, codes: np.ndarray, lengths: np.ndarray, measure: SimilarityMeasure, collector: Clusters | SideMatches):
        self.codes, self.lengths, self.measure, self.collector = codes, lengths, measure, collector
        self.failed = np.empty(0, np.int64)
        self.pending: list[CandidatePairs] = []
        self.counts = {"candidates": 0, "aligned": 0, "alike": 0, "gapped": 0}

    def add_candidates(self, hits: CandidatePairs, packed: PackedSequences, pattern: str) -> None:
        """Keep promising candidates; verify them once enough are pending."""
        hits = self._drop_redundant(hits)
        self.counts["candidates"] += len(hits)
        self.pending.append(hits[packed.is_promising(hits, self.measure.identity, pattern.count("1"))])
        if sum(map(len, self.pending)) * self.codes.shape[1] > CELLS:
            self.verify_pending()

    def _drop_redundant(self, hits: CandidatePairs) -> CandidatePairs:
        """Pairs that would add information."""
        return hits[self.collector.is_new(hits.first, hits.second)]

    def verify_pending(self) -> None:
        """Verify pending candidates and join similar pairs."""
        hits = CandidatePairs.concatenate(self.pending) if self.pending else None
        self.pending = []
        size = max(1, CELLS // self.codes.shape[1])
        while hits is not None and len(hits):
            hits = self._drop_redundant(hits)
            self._verify_pairs(hits[:size])
            hits = hits[size:]

    def _verify_pairs(self, hits: CandidatePairs) -> None:
        hits, pair_ids = self._drop_known(hits)
        self.counts["aligned"] += len(hits)
        is_similar, bits = similarity.match_ungapped(self.codes, hits, self.lengths, self.measure)
        self._join_pairs(hits[is_similar])
        is_near = ~is_similar & (bits >= PARTIAL * self.measure.required_bits)
        rows = np.flatnonzero(is_near & self.collector.is_new(hits.first, hits.second))
        size = max(1, CELLS // (self.codes.shape[1] * (2 * banded_alignment.BAND + 1)))
        for start in range(0, len(rows), size):
            chunk = rows[start : start + size]
            is_similar_gapped = banded_alignment.match_gapped(self.codes, hits[chunk], self.lengths, self.measure)
            self.counts["gapped"] += int(is_similar_gapped.sum())
            self._join_pairs(hits[chunk[is_similar_gapped]])
            is_similar[chunk] = is_similar_gapped
        self.failed = np.union1d(self.failed, pair_ids[~is_similar])

    def _drop_known(self, hits: CandidatePairs) -> tuple[CandidatePairs, np.ndarray]:
        """Pairs that were not aligned before, one per diagonal, and their ids."""
        count, length = self.codes.shape
        pair = np.minimum(hits.first, hits.second) * count + np.maximum(hits.first, hits.second)
        offset = np.where(hits.first < hits.second, hits.offset, -hits.offset)
        offset = np.where(hits.is_reverse, hits.offset, offset)  # for reverse pairs the offset is symmetric
        pair_ids, first_rows = np.unique((pair * 2 + hits.is_reverse) * (2 * length) + offset + length, return_index=True)
        is_new = ~np.isin(pair_ids, self.failed, assume_unique=True)
        return hits[first_rows[is_new]], pair_ids[is_new]

    def _join_pairs(self, hits: CandidatePairs) -> None:
        self.counts["alike"] += len(hits)
        self.collector.join_pairs(hits.first, hits.second)
