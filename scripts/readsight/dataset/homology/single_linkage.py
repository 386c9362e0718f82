"""Collectors of similar pairs: connected components, or sequences with a match on the opposite side."""

import numpy as np


class Clusters:
    """Connected components of n items (single linkage)."""

    def __init__(self, count: int):
        self.representative = np.arange(count)

    def is_new(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Whether pairs (m,), (m,) connect two clusters."""
        return self.representative[first] != self.representative[second]

    def join_pairs(self, first: np.ndarray, second: np.ndarray) -> None:
        """Join pairs (m,), (m,); a cluster is represented by its first item."""
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
    """Which query items have a direct match among the reference items; is_reference, is_query: (n,) bool, disjoint."""

    def __init__(self, is_reference: np.ndarray, is_query: np.ndarray):
        self.is_reference, self.is_query = is_reference, is_query
        self.is_matched = np.zeros(len(is_reference), bool)

    def is_new(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Whether pairs connect the sides, and their query item has no match yet."""
        is_forward = self.is_reference[first] & self.is_query[second] & ~self.is_matched[second]
        return is_forward | (self.is_reference[second] & self.is_query[first] & ~self.is_matched[first])

    def join_pairs(self, first: np.ndarray, second: np.ndarray) -> None:
        """Record pairs of similar sequences."""
        self.is_matched[second[self.is_reference[first] & self.is_query[second]]] = True
        self.is_matched[first[self.is_reference[second] & self.is_query[first]]] = True


def pairs_to_first(ids: np.ndarray) -> np.ndarray:
    """Pairs (m, 2) that join clusters: each item with the first of its cluster. ids: (n,), first item of each cluster."""
    members = np.flatnonzero(ids != np.arange(len(ids)))
    return np.column_stack([ids[members], members])


def cluster_by_ids(*ids: np.ndarray) -> np.ndarray:
    """First item of each item's cluster (n,): items are joined if they share an id in any of `ids`, (n,) each."""
    clusters = Clusters(len(ids[0]))
    for labels in ids:
        _, first, index = np.unique(labels, return_index=True, return_inverse=True)
        clusters.join_pairs(first[index.reshape(-1)], np.arange(len(labels)))
    return clusters.representative
