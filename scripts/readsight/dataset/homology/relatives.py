"""Related examples of a task: duplicates, similar sequences and overlapping intervals."""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from readsight.dataset.fold_file import SequenceLayout
from readsight.dataset.homology.search import cluster_similar, find_similar
from readsight.dataset.homology.similarity import SimilarityMeasure
from readsight.dataset.homology.single_linkage import cluster_by_ids, pairs_to_first
from readsight.dataset.homology.spaced_kmers import iterate_blocks
from readsight.genome.codes import reverse_complement


@dataclass(frozen=True)
class Relatives:
    """Relatives of n examples, each kind as an id (n,) shared by relatives.

    codes: (n, length), the compared sequences. identical: equal sequences. identical_either_strand: equal on one of the
    strands. near: clusters of similar sequences (single linkage). overlap: clusters of overlapping genomic intervals.
    all: clusters by any of these, identified by their first example. description: search settings. measure: similarity.
    """

    codes: np.ndarray

    identical: np.ndarray
    identical_either_strand: np.ndarray
    near: np.ndarray
    overlap: np.ndarray
    all: np.ndarray
    description: dict[str, Any]
    measure: SimilarityMeasure

    @property
    def pairs(self) -> np.ndarray:
        """Pairs (m, 2) that join relatives of any kind: each example with the first of its cluster."""
        return pairs_to_first(self.all)

    def find_similar(self, reference: np.ndarray, query: np.ndarray) -> np.ndarray:
        """Which `query` examples (n,) bool are directly similar to a `reference` example (n,) bool. Returns (n,) bool.

        Only clusters with examples on both sides are searched again.
        """
        clusters = np.intersect1d(self.near[reference], self.near[query])
        is_shared = np.isin(self.near, clusters)
        return find_similar(self.codes, reference & is_shared, query & is_shared, self.measure)


def find_relatives(codes: np.ndarray, obs: pd.DataFrame, sequence: SequenceLayout, identity: float, coverage: float) -> Relatives:
    """Relatives among examples, always on both strands.

    codes: (n, length), for pairs (n, 2 × length): similarity uses the reference windows. obs: chrom, start, end.
    """
    window = codes[:, : sequence.length]
    clusters = cluster_similar(window, identity, coverage)
    identical, identical_either_strand = number_duplicates(codes, sequence)
    overlap = cluster_overlapping(obs)
    return Relatives(
        window,
        identical,
        identical_either_strand,
        clusters.cluster,
        overlap,
        cluster_by_ids(identical_either_strand, clusters.cluster, overlap),
        clusters.description,
        clusters.measure,
    )


def number_duplicates(codes: np.ndarray, sequence: SequenceLayout) -> tuple[np.ndarray, np.ndarray]:
    """Ids (n,) shared by equal rows, and ids shared by rows that are equal on either strand."""
    id_of_digest: dict[bytes, int] = {}
    id_of_pair: dict[bytes, int] = {}
    ids = np.empty((2, len(codes)), np.int64)
    for rows in iterate_blocks(*codes.shape):
        chunk = np.ascontiguousarray(codes[rows])
        complement = reverse_complement(chunk.reshape(len(chunk), -1, sequence.length)).reshape(chunk.shape)
        for row, (digest, complement_digest) in enumerate(
            zip(map(_hash_row, chunk), map(_hash_row, complement), strict=True), rows.start
        ):
            ids[0, row] = id_of_digest.setdefault(digest, len(id_of_digest))
            ids[1, row] = id_of_pair.setdefault(min(digest, complement_digest), len(id_of_pair))
    return ids[0], ids[1]


def _hash_row(row: np.ndarray) -> bytes:
    return hashlib.blake2b(row.tobytes(), digest_size=16).digest()


def cluster_overlapping(obs: pd.DataFrame) -> np.ndarray:
    """First example of each example's cluster (n,): examples are joined if their intervals share a base (single linkage).

    obs: chrom, start, end (0-based half-open); an example without coordinates (chrom empty, start −1) stays alone.
    """
    clusters = np.arange(len(obs))
    start, end = obs["start"].to_numpy(np.int64), obs["end"].to_numpy(np.int64)
    chrom = pd.factorize(obs["chrom"].astype(str))[0]
    located = np.flatnonzero(((obs["chrom"].astype(str) != "") & (start >= 0)).to_numpy())
    order = located[np.lexsort((start[located], chrom[located]))]
    if not len(order):
        return clusters
    # Chromosomes are shifted apart, so one running maximum of the ends serves all of them.
    shift = chrom[order] * (end[order].max() + 1)
    reach = np.maximum.accumulate(end[order] + shift)
    is_first = np.r_[True, start[order][1:] + shift[1:] >= reach[:-1]]
    number = np.cumsum(is_first) - 1
    first = np.full(number[-1] + 1, len(obs))
    np.minimum.at(first, number, order)
    clusters[order] = first[number]
    return clusters
