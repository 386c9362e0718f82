"""What a search gathers while pairs come in: connected components, or who has a like one on the other side."""

import numpy as np


class Clusters:
    """Which of n things are joined, directly or through others (single linkage)."""

    def __init__(self, count: int):
        self.representative = np.arange(count)

    def is_new(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Whether pairs (m,), (m,) would tell anything: they stand in two clusters."""
        return self.representative[first] != self.representative[second]

    def join_pairs(self, first: np.ndarray, second: np.ndarray) -> None:
        """Join pairs (m,), (m,); a cluster is known by the first of its things."""
        while len(first):
            first, second = self.representative[first], self.representative[second]
            is_apart = first != second
            first, second = first[is_apart], second[is_apart]
            np.minimum.at(self.representative, np.maximum(first, second), np.minimum(first, second))
            self._flatten()

    def _flatten(self) -> None:
        while True:
            parent = self.representative[self.representative]
            if np.array_equal(parent, self.representative):
                return
            self.representative = parent


class SideMatches:
    """Which of the `is_query` have a like one among the `is_reference`, directly; held, is_query: (n,) bool, no row in both."""

    def __init__(self, is_reference: np.ndarray, is_query: np.ndarray):
        self.is_reference, self.is_query = is_reference, is_query
        self.is_matched = np.zeros(len(is_reference), bool)

    def is_new(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Whether pairs stand across the sides, and the one sought is not found yet."""
        is_forward = self.is_reference[first] & self.is_query[second] & ~self.is_matched[second]
        return is_forward | (self.is_reference[second] & self.is_query[first] & ~self.is_matched[first])

    def join_pairs(self, first: np.ndarray, second: np.ndarray) -> None:
        """Note pairs of alike sequences."""
        self.is_matched[second[self.is_reference[first] & self.is_query[second]]] = True
        self.is_matched[first[self.is_reference[second] & self.is_query[first]]] = True


def pairs_to_first(ids: np.ndarray) -> np.ndarray:
    """Pairs (m, 2) that join clusters: each thing with the first of its own. ids: (n,), the first of each one's cluster."""
    members = np.flatnonzero(ids != np.arange(len(ids)))
    return np.column_stack([ids[members], members])


def cluster_by_ids(*ids: np.ndarray) -> np.ndarray:
    """The first thing of each thing's cluster (n,): things are joined that share a number in any of `ids`, (n,) each."""
    clusters = Clusters(len(ids[0]))
    for labels in ids:
        _, first, index = np.unique(labels, return_index=True, return_inverse=True)
        clusters.join_pairs(first[index.reshape(-1)], np.arange(len(labels)))
    return clusters.representative
