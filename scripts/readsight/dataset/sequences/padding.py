"""Text sequences fitted to one length: padded with N, or cropped around the centre; and their encoding."""

from collections.abc import Sequence

import numpy as np

from readsight.dataset.sequences.alphabet import AMBIGUOUS
from readsight.dataset.sequences.loci import Locus
from readsight.genome.codes import encode

LOWER = ord("a")
UNKNOWN = np.isin(np.arange(256), list(AMBIGUOUS))


def fit_length(sequences: Sequence[bytes], length: int) -> list[bytes]:
    """Each sequence at that length: cropped to its middle, or padded with N. The left side gets the smaller half."""
    fitted = []
    for sequence in sequences:
        excess = len(sequence) - length
        left = abs(excess) // 2
        if excess > 0:
            sequence = sequence[left : left + length]
        elif excess < 0:
            sequence = b"N" * left + sequence + b"N" * (-excess - left)
        fitted.append(sequence)
    return fitted


def encode_sequences(sequences: Sequence[bytes]) -> np.ndarray:
    """Codes (n, length) of sequences of one length."""
    return encode(b"".join(sequences).decode("ascii")).reshape(len(sequences), -1)


def compute_masked_fraction(sequences: Sequence[bytes]) -> np.ndarray:
    """Fraction of each sequence (n,) that is soft-masked (lower case) or N; NaN if the file has a single case."""
    flat = np.frombuffer(b"".join(sequences), np.uint8).reshape(len(sequences), -1)
    lower, unknown = flat >= LOWER, UNKNOWN[flat]
    bases = ~unknown
    if not (lower & bases).any() or (lower | unknown).all():
        return np.full(len(sequences), np.nan)
    return (lower | unknown).mean(axis=1)


def move_loci(loci: Sequence[Locus], lengths: Sequence[int], length: int) -> list[Locus]:
    """Loci of the sequences after cropping; the locus of a padded sequence still covers its original bases.

    A locus with a length different from that of its sequence is unchanged, because it describes a larger region.
    """
    moved = []
    for locus, sequence_length in zip(loci, lengths, strict=True):
        excess = sequence_length - length
        if excess > 0 and locus.end - locus.start == sequence_length:
            first, last = excess // 2, excess - excess // 2
            if locus.strand == "-":
                first, last = last, first
            locus = locus._replace(start=locus.start + first, end=locus.end - last)
        moved.append(locus)
    return moved
