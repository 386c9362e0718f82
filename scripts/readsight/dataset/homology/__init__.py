"""Which sequences are near-duplicates of each other, on either strand: what must not stand on both sides of a split.

`cluster_similar` finds them by words under spaced seeds (`spaced_seeds`, `spaced_kmers`, `candidates`) and verifies each by its bases (`similarity`;
with small gaps, `banded_alignment`); `find_similar` tells which have a like one on another side. `number_duplicates` tells duplicates apart, `cluster_overlapping` examples that share bases of the genome.
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
