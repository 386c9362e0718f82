"""Who is related to whom among the examples of a task: duplicates, near-duplicates, places that overlap."""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from readsight.dataset.fold_file import Sequence
from readsight.dataset.homology.search import across, like
from readsight.dataset.homology.similarity import Measure
from readsight.dataset.homology.single_linkage import joining, of_ids
from readsight.dataset.homology.spaced_kmers import blocks
from readsight.genome.codes import reverse_complement


@dataclass(frozen=True)
class Kin:
    """Relatives of n examples, each kind as a number (n,) that relatives share.

    codes: (n, length), what is compared. same: equal sequences. either: equal ones, or reverse complements. near:
    clusters of like sequences (single linkage). overlap: places on the genome that overlap, directly or through others.
    all: clusters by any of these, known by their first example. about: how was searched. measure: what was taken
    to be alike.
    """

    codes: np.ndarray

    same: np.ndarray
    either: np.ndarray
    near: np.ndarray
    overlap: np.ndarray
    all: np.ndarray
    about: dict[str, Any]
    measure: Measure

    @property
    def pairs(self) -> np.ndarray:
        """Pairs (m, 2) that join relatives of any kind: each example with the first of its cluster."""
        return joining(self.all)

    def across(self, held: np.ndarray, sought: np.ndarray) -> np.ndarray:
        """Which of the examples `sought` (n,) bool are like one of those `held` (n,) bool, directly. Returns (n,) bool.

        Only clusters that stand on both sides are searched again.
        """
        shared = np.intersect1d(self.near[held], self.near[sought])
        there = np.isin(self.near, shared)
        return across(self.codes, held & there, sought & there, self.measure)


def of_examples(codes: np.ndarray, obs: pd.DataFrame, sequence: Sequence, identity: float, coverage: float) -> Kin:
    """Relatives among examples, always on both strands.

    codes: (n, length), of pairs (n, 2 × length): their reference windows tell what is near. obs: chrom, start, end.
    """
    window = codes[:, : sequence.length]
    found = like(window, identity, coverage)
    same, either = equal(codes, sequence)
    overlap = overlapping(obs)
    return Kin(window, same, either, found.cluster, overlap, of_ids(either, found.cluster, overlap), found.about, found.measure)


def equal(codes: np.ndarray, sequence: Sequence) -> tuple[np.ndarray, np.ndarray]:
    """Numbers (n,) that equal rows share, and numbers that rows share which are equal on either strand."""
    same: dict[bytes, int] = {}
    either: dict[bytes, int] = {}
    found = np.empty((2, len(codes)), np.int64)
    for rows in blocks(*codes.shape):
        own = np.ascontiguousarray(codes[rows])
        turned = reverse_complement(own.reshape(len(own), -1, sequence.length)).reshape(own.shape)
        for place, (one, other) in enumerate(zip(map(_mark, own), map(_mark, turned), strict=True), rows.start):
            found[0, place] = same.setdefault(one, len(same))
            found[1, place] = either.setdefault(min(one, other), len(either))
    return found[0], found[1]


def _mark(row: np.ndarray) -> bytes:
    return hashlib.blake2b(row.tobytes(), digest_size=16).digest()


def overlapping(obs: pd.DataFrame) -> np.ndarray:
    """The first example of each one's cluster (n,): examples are joined whose intervals share a base, and so on along the genome.

    obs: chrom, start, end (0-based half-open); an example without a place (chrom empty, start −1) is alone.
    """
    found = np.arange(len(obs))
    start, end = obs["start"].to_numpy(np.int64), obs["end"].to_numpy(np.int64)
    chrom = pd.factorize(obs["chrom"].astype(str))[0]
    placed = np.flatnonzero(((obs["chrom"].astype(str) != "") & (start >= 0)).to_numpy())
    order = placed[np.lexsort((start[placed], chrom[placed]))]
    if not len(order):
        return found
    # Ends grow along a chromosome and are set apart between them, so that one running maximum serves all.
    room = chrom[order] * (end[order].max() + 1)
    reach = np.maximum.accumulate(end[order] + room)
    begins = np.r_[True, start[order][1:] + room[1:] >= reach[:-1]]
    number = np.cumsum(begins) - 1
    first = np.full(number[-1] + 1, len(obs))
    np.minimum.at(first, number, order)
    found[order] = first[number]
    return found
