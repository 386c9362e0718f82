"""Search for similar sequences on both strands, which must not be on both sides of a split.

`cluster_similar` searches with spaced seeds (`spaced_seeds`, `spaced_kmers`, `candidates`) and verifies each pair by its
bases (`similarity`; with small gaps, `banded_alignment`). `find_similar` returns sequences with a similar one on the
opposite side, `number_duplicates` distinguishes duplicates, `cluster_overlapping` joins overlapping genomic intervals.
"""

from readsight.dataset.homology.relatives import Relatives, cluster_overlapping, find_relatives, number_duplicates
from readsight.dataset.homology.search import SimilarityClusters, cluster_similar, find_similar

__all__ = [
    "Relatives",
    "SimilarityClusters",
    "cluster_overlapping",
    "cluster_similar",
    "find_relatives",
    "find_similar",
    "number_duplicates",
]
