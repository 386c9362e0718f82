"""Sequences of text as codes of one length: padded with N, or cropped about the centre."""

from collections.abc import Sequence

import numpy as np

from readsight.dataset.sequences.alphabet import AMBIGUOUS
from readsight.dataset.sequences.loci import Locus
from readsight.genome.codes import encode

LOWER = ord("a")
UNKNOWN = np.isin(np.arange(256), list(AMBIGUOUS))


def windows(sequences: Sequence[bytes], length: int) -> list[bytes]:
    """Each sequence of that length: the middle of longer ones, shorter ones between Ns. Of an odd rest the left side has less."""
    found = []
    for sequence in sequences:
        more = len(sequence) - length
        left = abs(more) // 2
        if more > 0:
            sequence = sequence[left : left + length]
        elif more < 0:
            sequence = b"N" * left + sequence + b"N" * (-more - left)
        found.append(sequence)
    return found


def matrix(sequences: Sequence[bytes]) -> np.ndarray:
    """Codes (n, length) of sequences of one length."""
    return encode(b"".join(sequences).decode("ascii")).reshape(len(sequences), -1)


def masked(sequences: Sequence[bytes]) -> np.ndarray:
    """Part of each sequence (n,) that is soft-masked (lower case) or N; NaN where the file has one case throughout."""
    flat = np.frombuffer(b"".join(sequences), np.uint8).reshape(len(sequences), -1)
    lower, unknown = flat >= LOWER, UNKNOWN[flat]
    bases = ~unknown
    if not (lower & bases).any() or (lower | unknown).all():
        return np.full(len(sequences), np.nan)
    return (lower | unknown).mean(axis=1)


def moved(loci: Sequence[Locus], lengths: Sequence[int], length: int) -> list[Locus]:
    """Places of the sequences once they are cropped; where they are padded, that of their own bases.

    A place that is not as long as its sequence stays: it is of something larger.
    """
    found = []
    for place, own in zip(loci, lengths, strict=True):
        more = own - length
        if more > 0 and place.end - place.start == own:
            first, last = more // 2, more - more // 2
            if place.strand == "-":
                first, last = last, first
            place = place._replace(start=place.start + first, end=place.end - last)
        found.append(place)
    return found
