"""Windows with either allele, as a strand reads them.

A strand reads the genome in its own direction, and the change's first base, so read, stands at place `at` of the window. Hence
the reverse complement of genome and variants has the same windows, with the strands in the opposite order. The alternative
window has the same bases before the change, and behind it what follows in the genome, so that both are of one length.
"""

import numpy as np

from readsight.errors import InputError
from readsight.genome import windows
from readsight.genome.codes import reverse_complement
from readsight.genome.store import BASE
from readsight.interpret.variant_effects.variants import Variants

FORWARD, REVERSE = "+", "-"


def starts(variants: Variants, rows: np.ndarray, strand: str, at: int, length: int) -> np.ndarray:
    """Where on the genome the reference windows begin, (m,), 0-based."""
    if strand == FORWARD:
        return variants.start[rows] - at
    return variants.end[rows] + at - length


def references(variants: Variants, contigs: np.ndarray, begins: np.ndarray, strand: str, length: int) -> np.ndarray:
    """Codes (m, length) of windows of the genome, as a strand reads them; N beyond a contig's ends.

    contigs: (m,) places in the genome's names. begins: (m,) as of `starts`. Raises InputError for codes that are no bases.
    """
    found = windows.raw(variants.genome, contigs, begins, length, padded=True) & BASE
    if found.size and found.max() > windows.N:
        raise InputError("the genome's file of codes holds what is no base (A C G T N); make it anew from its FASTA")
    return reverse_complement(found) if strand == REVERSE else found


def alternatives(variants: Variants, rows: np.ndarray, strand: str, at: int, length: int) -> np.ndarray:
    """Codes (m, length) of the alternative alleles' windows, as a strand reads them. at: place of the change's first base."""
    begins = starts(variants, rows, strand, at, length)
    contigs, sizes = variants.contig[rows], variants.sizes[rows]
    found = references(variants, contigs, begins, strand, length)
    old = variants.end[rows] - variants.start[rows]
    alike = old == sizes
    for size in np.unique(sizes[alike]):  # substitutions, all of a size at once
        which = np.flatnonzero(alike & (sizes == size))
        own = variants.new[variants.new_at[rows[which]][:, None] + np.arange(size)]
        found[which, at : at + size] = reverse_complement(own) if strand == REVERSE else own
    shapes, shape = np.unique(np.stack([old, sizes], axis=1)[~alike], axis=0, return_inverse=True)
    for number in range(len(shapes)):  # insertions and deletions, all of a shape at once
        which = np.flatnonzero(~alike)[shape.ravel() == number]
        found[which] = _shifted(variants, rows[which], begins[which], strand, at, length)
    return found


def _shifted(variants: Variants, rows: np.ndarray, begins: np.ndarray, strand: str, at: int, length: int) -> np.ndarray:
    """Windows of insertions or deletions of one shape."""
    first = rows[0]
    size, old = int(variants.sizes[first]), int(variants.end[first] - variants.start[first])
    more = max(0, old - size)
    begins = begins if strand == FORWARD else begins - more
    own = references(variants, variants.contig[rows], begins, strand, length + more)
    new = variants.new[variants.new_at[rows][:, None] + np.arange(size)]
    new = reverse_complement(new) if strand == REVERSE else new
    return np.concatenate([own[:, :at], new, own[:, at + old :]], axis=1)[:, :length]


def once(contigs: np.ndarray, begins: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Windows that several variants have in common: the first of each (k,), and which of these each is (m,)."""
    keys = np.stack([contigs.astype(np.int64), begins])
    _, first, which = np.unique(keys, axis=1, return_index=True, return_inverse=True)
    return first, which.ravel()


def cut(variants: Variants, rows: np.ndarray, strand: str, at: int, length: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Windows of both alleles, in which the change begins at place `at` as the strand reads: reference windows (k, length), each
    once; which of them is each variant's, (m,); alternative windows (m, length).
    """
    begins = starts(variants, rows, strand, at, length)
    first, which = once(variants.contig[rows], begins)
    reference = references(variants, variants.contig[rows][first], begins[first], strand, length)
    return reference, which, alternatives(variants, rows, strand, at, length)
