"""The search for like sequences: candidates by one seed after the other, verified, joined into clusters."""

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np

from readsight.dataset.homology import banded_alignment, similarity
from readsight.dataset.homology.candidates import Hits, Packed, shared
from readsight.dataset.homology.similarity import Measure
from readsight.dataset.homology.single_linkage import Clusters, Sides, joining
from readsight.dataset.homology.spaced_kmers import words
from readsight.dataset.homology.spaced_seeds import plan

log = logging.getLogger("readsight")

WORDS = 12_000_000  # words sorted at a time; of more, parts are searched one after the other
CELLS = 1 << 22  # bases verified at a time
PARTIAL = 0.5  # part of the bits needed from which on a hit that fails without gaps is aligned with them


@dataclass(frozen=True)
class Likeness:
    """cluster: (n,) row of the first sequence of each one's cluster. about: how was searched, and how much was done.

    measure: what was taken to be alike, for later searches of a part of the sequences.
    """

    cluster: np.ndarray
    about: dict[str, Any]
    measure: Measure

    @property
    def pairs(self) -> np.ndarray:
        """Pairs (m, 2) that join the clusters: each sequence with the first of its own."""
        return joining(self.cluster)


def like(codes: np.ndarray, identity: float = 0.8, coverage: float = 0.6) -> Likeness:
    """Clusters of sequences that are alike, directly or through others, on either strand (single linkage).

    codes: (n, length) uint8, 4 = N; shorter sequences are padded with N. Two are alike where a stretch of at least
    `coverage` of the shorter has `identity` of its bases equal, shifted against each other by any number of bases and
    with gaps of up to `banded_alignment.BAND`, and chance would not bring it about. What is in one cluster already is not compared
    again: with `across`, one asks for pairs.
    """
    clusters = Clusters(len(codes))
    measure = Measure.of(codes, identity, coverage)
    about = _run(codes, measure, clusters)
    sizes = np.unique(clusters.first, return_counts=True)[1]
    log.info("%d sequences in %d clusters, the largest of %d", len(codes), len(sizes), sizes.max(initial=0))
    return Likeness(clusters.first, about, measure)


def across(codes: np.ndarray, held: np.ndarray, sought: np.ndarray, measure: Measure) -> np.ndarray:
    """Which of the sequences `sought` (n,) bool are like one of those `held` (n,) bool, directly. Returns (n,) bool.

    What is found may hang on which others are searched with them (a common word's places are not all compared); that
    none is found does not hang on which side is sought.
    """
    rows = np.flatnonzero(held | sought)
    sides = Sides(held[rows], sought[rows])
    if sides.held.any() and sides.sought.any():
        _run(np.asarray(codes[rows]), measure, sides)
    found = np.zeros(len(codes), bool)
    found[rows] = sides.found
    return found


def _run(codes: np.ndarray, measure: Measure, gathered: Clusters | Sides) -> dict[str, Any]:
    """Search by each seed; what is found goes into `gathered`. Returns how was searched, and how much was done."""
    count, length = codes.shape
    chosen = plan(count, length, measure.identity, measure.coverage)
    search = _Search(codes, np.count_nonzero(codes < 4, axis=1), measure, gathered)
    parts = -(-count * length // (WORDS * chosen.thin))
    packed = Packed(codes)
    for pattern in chosen.patterns if count > 1 and length >= len(chosen.patterns[0]) else ():
        for part in range(parts):
            for hits in shared(*words(codes, pattern, chosen.thin, part, parts), length, pattern):
                search.add(hits, packed, pattern)
            search.settle()
    sought = {
        "identity": measure.identity,
        "coverage": measure.coverage,
        "bits": measure.significant,
        "band": banded_alignment.BAND,
    }
    return sought | {"seeds": list(chosen.patterns), "thin": chosen.thin} | search.done


class _Search:
    """What is known while the search goes on. failed: pairs that were aligned and are no likeness, as numbers."""

    def __init__(self, codes: np.ndarray, lengths: np.ndarray, measure: Measure, gathered: Clusters | Sides):
        self.codes, self.lengths, self.measure, self.gathered = codes, lengths, measure, gathered
        self.failed = np.empty(0, np.int64)
        self.waiting: list[Hits] = []
        self.done = {"candidates": 0, "aligned": 0, "alike": 0, "gapped": 0}

    def add(self, hits: Hits, packed: Packed, pattern: str) -> None:
        """Keep of candidates what is promising; verify what has gathered."""
        hits = self._telling(hits)
        self.done["candidates"] += len(hits)
        self.waiting.append(hits[packed.promising(hits, self.measure.identity, pattern.count("1"))])
        if sum(map(len, self.waiting)) * self.codes.shape[1] > CELLS:
            self.settle()

    def _telling(self, hits: Hits) -> Hits:
        """Hits of pairs that would tell something new."""
        return hits[self.gathered.wanted(hits.one, hits.other)]

    def settle(self) -> None:
        """Verify what waits, and join what is alike."""
        hits = Hits.joined(self.waiting) if self.waiting else None
        self.waiting = []
        size = max(1, CELLS // self.codes.shape[1])
        while hits is not None and len(hits):
            hits = self._telling(hits)
            self._verify(hits[:size])
            hits = hits[size:]

    def _verify(self, hits: Hits) -> None:
        hits, marks = self._new(hits)
        self.done["aligned"] += len(hits)
        found, bits = similarity.ungapped(self.codes, hits, self.lengths, self.measure)
        self._join(hits[found])
        near = ~found & (bits >= PARTIAL * self.measure.significant)
        rows = np.flatnonzero(near & self.gathered.wanted(hits.one, hits.other))
        size = max(1, CELLS // (self.codes.shape[1] * (2 * banded_alignment.BAND + 1)))
        for start in range(0, len(rows), size):
            own = rows[start : start + size]
            alike = banded_alignment.gapped(self.codes, hits[own], self.lengths, self.measure)
            self.done["gapped"] += int(alike.sum())
            self._join(hits[own[alike]])
            found[own] = alike
        self.failed = np.union1d(self.failed, marks[~found])

    def _new(self, hits: Hits) -> tuple[Hits, np.ndarray]:
        """Hits that were not aligned before, one of several on one diagonal; and numbers that tell them."""
        count, length = self.codes.shape
        pair = np.minimum(hits.one, hits.other) * count + np.maximum(hits.one, hits.other)
        offset = np.where(hits.one < hits.other, hits.offset, -hits.offset)
        offset = np.where(hits.turned, hits.offset, offset)  # turned, the offset is the same from either side
        marks, which = np.unique((pair * 2 + hits.turned) * (2 * length) + offset + length, return_index=True)
        fresh = ~np.isin(marks, self.failed, assume_unique=True)
        return hits[which[fresh]], marks[fresh]

    def _join(self, hits: Hits) -> None:
        self.done["alike"] += len(hits)
        self.gathered.join(hits.one, hits.other)
