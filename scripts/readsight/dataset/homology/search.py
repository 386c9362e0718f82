"""The search for like sequences: candidates by one seed after the other, verified, joined into clusters."""

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

KMERS_AT_ONCE = 12_000_000  # words sorted at a time; of more, parts are searched one after the other
CELLS = 1 << 22  # bases verified at a time
PARTIAL = 0.5  # part of the bits needed from which on a hit that fails without gaps is aligned with them


@dataclass(frozen=True)
class SimilarityClusters:
    """cluster: (n,) row of the first sequence of each one's cluster. description: how was searched, and how much was done.

    measure: what was taken to be alike, for later searches of a part of the sequences.
    """

    cluster: np.ndarray
    description: dict[str, Any]
    measure: SimilarityMeasure

    @property
    def pairs(self) -> np.ndarray:
        """Pairs (m, 2) that join the clusters: each sequence with the first of its own."""
        return pairs_to_first(self.cluster)


def cluster_similar(codes: np.ndarray, identity: float = 0.8, coverage: float = 0.6) -> SimilarityClusters:
    """Clusters of sequences that are alike, directly or through others, on either strand (single linkage).

    codes: (n, length) uint8, 4 = N; shorter sequences are padded with N. Two are alike where a stretch of at least
    `coverage` of the shorter has `identity` of its bases equal, shifted against each other by any number of bases and
    with gaps of up to `banded_alignment.BAND`, and chance would not bring it about. What is in one cluster already is not compared
    again: with `find_similar`, one asks for pairs.
    """
    clusters = Clusters(len(codes))
    measure = SimilarityMeasure.from_sequences(codes, identity, coverage)
    description = _search_seeds(codes, measure, clusters)
    sizes = np.unique(clusters.representative, return_counts=True)[1]
    log.info("%d sequences in %d clusters, the largest of %d", len(codes), len(sizes), sizes.max(initial=0))
    return SimilarityClusters(clusters.representative, description, measure)


def find_similar(codes: np.ndarray, reference: np.ndarray, query: np.ndarray, measure: SimilarityMeasure) -> np.ndarray:
    """Which of the sequences `query` (n,) bool are like one of those `reference` (n,) bool, directly. Returns (n,) bool.

    What is found may hang on which others are searched with them (a common word's places are not all compared); that
    none is found does not hang on which side is sought.
    """
    rows = np.flatnonzero(reference | query)
    sides = SideMatches(reference[rows], query[rows])
    if sides.is_reference.any() and sides.is_query.any():
        _search_seeds(np.asarray(codes[rows]), measure, sides)
    is_similar = np.zeros(len(codes), bool)
    is_similar[rows] = sides.is_matched
    return is_similar


def _search_seeds(codes: np.ndarray, measure: SimilarityMeasure, collector: Clusters | SideMatches) -> dict[str, Any]:
    """Search by each seed; what is found goes into `collector`. Returns how was searched, and how much was done."""
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
    """What is known while the search goes on. failed: pairs that were aligned and are no likeness, as numbers."""

    def __init__(self, codes: np.ndarray, lengths: np.ndarray, measure: SimilarityMeasure, collector: Clusters | SideMatches):
        self.codes, self.lengths, self.measure, self.collector = codes, lengths, measure, collector
        self.failed = np.empty(0, np.int64)
        self.pending: list[CandidatePairs] = []
        self.counts = {"candidates": 0, "aligned": 0, "alike": 0, "gapped": 0}

    def add_candidates(self, hits: CandidatePairs, packed: PackedSequences, pattern: str) -> None:
        """Keep of candidates what is promising; verify what has gathered."""
        hits = self._drop_redundant(hits)
        self.counts["candidates"] += len(hits)
        self.pending.append(hits[packed.is_promising(hits, self.measure.identity, pattern.count("1"))])
        if sum(map(len, self.pending)) * self.codes.shape[1] > CELLS:
            self.verify_pending()

    def _drop_redundant(self, hits: CandidatePairs) -> CandidatePairs:
        """Hits of pairs that would tell something new."""
        return hits[self.collector.is_new(hits.first, hits.second)]

    def verify_pending(self) -> None:
        """Verify what waits, and join what is alike."""
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
        """Hits that were not aligned before, one of several on one diagonal; and numbers that tell them."""
        count, length = self.codes.shape
        pair = np.minimum(hits.first, hits.second) * count + np.maximum(hits.first, hits.second)
        offset = np.where(hits.first < hits.second, hits.offset, -hits.offset)
        offset = np.where(hits.is_reverse, hits.offset, offset)  # turned, the offset is the same from either side
        pair_ids, first_rows = np.unique((pair * 2 + hits.is_reverse) * (2 * length) + offset + length, return_index=True)
        is_new = ~np.isin(pair_ids, self.failed, assume_unique=True)
        return hits[first_rows[is_new]], pair_ids[is_new]

    def _join_pairs(self, hits: CandidatePairs) -> None:
        self.counts["alike"] += len(hits)
        self.collector.join_pairs(hits.first, hits.second)
