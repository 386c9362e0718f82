"""What a search gathers while pairs come in: connected components, or who has a like one on the other side."""

import numpy as np


class Clusters:
    """Which of n things are joined, directly or through others (single linkage)."""

    def __init__(self, count: int):
        self.first = np.arange(count)

    def wanted(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        """Whether pairs (m,), (m,) would tell anything: they stand in two clusters."""
        return self.first[one] != self.first[other]

    def join(self, one: np.ndarray, other: np.ndarray) -> None:
        """Join pairs (m,), (m,); a cluster is known by the first of its things."""
        while len(one):
            one, other = self.first[one], self.first[other]
            apart = one != other
            one, other = one[apart], other[apart]
            np.minimum.at(self.first, np.maximum(one, other), np.minimum(one, other))
            self._settle()

    def _settle(self) -> None:
        while True:
            above = self.first[self.first]
            if np.array_equal(above, self.first):
                return
            self.first = above


class Sides:
    """Which of the `sought` have a like one among the `held`, directly; held, sought: (n,) bool, no row in both."""

    def __init__(self, held: np.ndarray, sought: np.ndarray):
        self.held, self.sought = held, sought
        self.found = np.zeros(len(held), bool)

    def wanted(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        """Whether pairs stand across the sides, and the one sought is not found yet."""
        there = self.held[one] & self.sought[other] & ~self.found[other]
        return there | (self.held[other] & self.sought[one] & ~self.found[one])

    def join(self, one: np.ndarray, other: np.ndarray) -> None:
        """Note pairs of alike sequences."""
        self.found[other[self.held[one] & self.sought[other]]] = True
        self.found[one[self.held[other] & self.sought[one]]] = True


def joining(ids: np.ndarray) -> np.ndarray:
    """Pairs (m, 2) that join clusters: each thing with the first of its own. ids: (n,), the first of each one's cluster."""
    rest = np.flatnonzero(ids != np.arange(len(ids)))
    return np.column_stack([ids[rest], rest])


def of_ids(*ids: np.ndarray) -> np.ndarray:
    """The first thing of each thing's cluster (n,): things are joined that share a number in any of `ids`, (n,) each."""
    made = Clusters(len(ids[0]))
    for own in ids:
        _, first, place = np.unique(own, return_index=True, return_inverse=True)
        made.join(first[place.reshape(-1)], np.arange(len(own)))
    return made.first
