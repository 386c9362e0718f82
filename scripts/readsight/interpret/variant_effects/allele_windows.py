"""Windows with the reference and the alternative allele, in the orientation of a strand.

A strand reads the genome in its direction, and the first changed base in that direction is at `offset` in the window. The
reverse complement of genome and variants therefore gives the same windows with swapped strands. The alternative window has
the same bases before the change and continues with the genome after it, so both have equal length.
"""

import numpy as np

from readsight.errors import InputError
from readsight.genome import windows
from readsight.genome.codes import reverse_complement
from readsight.genome.store import BASE
from readsight.interpret.variant_effects.variants import AlleleTable

FORWARD, REVERSE = "+", "-"


def compute_starts(variants: AlleleTable, rows: np.ndarray, strand: str, offset: int, length: int) -> np.ndarray:
    """Genomic starts of the reference windows, (m,), 0-based."""
    if strand == FORWARD:
        return variants.start[rows] - offset
    return variants.end[rows] + offset - length


def read_reference_windows(
    variants: AlleleTable, contigs: np.ndarray, begins: np.ndarray, strand: str, length: int
) -> np.ndarray:
    """Codes (m, length) of genome windows in the orientation of a strand; N beyond contig ends.

    contigs: (m,), indices of contigs. begins: (m,), from `compute_starts`. Raises InputError for codes that are not bases.
    """
    codes = windows.cut_raw(variants.genome, contigs, begins, length, padded=True) & BASE
    if codes.size and codes.max() > windows.N:
        raise InputError("the genome's code file holds codes that are not bases (A C G T N); rebuild it from its FASTA")
    return reverse_complement(codes) if strand == REVERSE else codes


def build_alternative_windows(variants: AlleleTable, rows: np.ndarray, strand: str, offset: int, length: int) -> np.ndarray:
    """Codes (m, length) of windows with the alternative allele, in the orientation of a strand. offset: of the first changed
    base.
    """
    begins = compute_starts(variants, rows, strand, offset, length)
    contigs, sizes = variants.contig[rows], variants.sizes[rows]
    codes = read_reference_windows(variants, contigs, begins, strand, length)
    old = variants.end[rows] - variants.start[rows]
    is_substitution = old == sizes
    for size in np.unique(sizes[is_substitution]):  # substitutions of one size
        which = np.flatnonzero(is_substitution & (sizes == size))
        new_codes = variants.new[variants.new_at[rows[which]][:, None] + np.arange(size)]
        codes[which, offset : offset + size] = reverse_complement(new_codes) if strand == REVERSE else new_codes
    shapes, shape = np.unique(np.stack([old, sizes], axis=1)[~is_substitution], axis=0, return_inverse=True)
    for number in range(len(shapes)):  # insertions and deletions of one shape
        which = np.flatnonzero(~is_substitution)[shape.ravel() == number]
        codes[which] = _build_indels(variants, rows[which], begins[which], strand, offset, length)
    return codes


def _build_indels(
    variants: AlleleTable, rows: np.ndarray, begins: np.ndarray, strand: str, offset: int, length: int
) -> np.ndarray:
    """Windows of insertions or deletions of equal sizes."""
    first = rows[0]
    size, old = int(variants.sizes[first]), int(variants.end[first] - variants.start[first])
    extra = max(0, old - size)
    begins = begins if strand == FORWARD else begins - extra
    codes = read_reference_windows(variants, variants.contig[rows], begins, strand, length + extra)
    new = variants.new[variants.new_at[rows][:, None] + np.arange(size)]
    new = reverse_complement(new) if strand == REVERSE else new
    return np.concatenate([codes[:, :offset], new, codes[:, offset + old :]], axis=1)[:, :length]


def deduplicate_windows(contigs: np.ndarray, begins: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distinct windows: index of the first occurrence (k,), and the window of each row (m,)."""
    keys = np.stack([contigs.astype(np.int64), begins])
    _, first, which = np.unique(keys, axis=1, return_index=True, return_inverse=True)
    return first, which.ravel()


def cut_windows(
    variants: AlleleTable, rows: np.ndarray, strand: str, offset: int, length: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Windows of both alleles with the change at `offset`.

    Returns
    -------
    reference : (k, length), distinct windows.
    which : (m,), reference window of each variant.
    alternative : (m, length).
    """
    begins = compute_starts(variants, rows, strand, offset, length)
    first, which = deduplicate_windows(variants.contig[rows], begins)
    reference = read_reference_windows(variants, variants.contig[rows][first], begins[first], strand, length)
    return reference, which, build_alternative_windows(variants, rows, strand, offset, length)
