"""Which sequences are near-duplicates of each other, on either strand: what must not stand on both sides of a split.

`like` finds them by words under spaced seeds (`spaced_seeds`, `spaced_kmers`, `candidates`) and verifies each by its bases (`similarity`;
with small gaps, `banded_alignment`); `across` tells which have a like one on another side. `equal` tells duplicates apart, `overlapping` examples that share bases of the genome.
"""

from readsight.dataset.homology.relatives import Kin, equal, of_examples, overlapping
from readsight.dataset.homology.search import Likeness, across, like

__all__ = ["Kin", "Likeness", "across", "equal", "like", "of_examples", "overlapping"]
