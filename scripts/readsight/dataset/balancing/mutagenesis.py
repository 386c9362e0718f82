"""Mutated copies of sequences of the rarer classes until all classes are equal.

Some bases of a copy are substituted, and half of the copies are reverse-complemented if strands are interchangeable.
Such changes rarely destroy the function of a regulatory sequence. A copy stays in the group of its parent.
"""

from typing import Any

import numpy as np

from readsight.dataset.balancing.balanced import BalancedFold
from readsight.dataset.fold_file import SequenceLayout
from readsight.errors import InputError
from readsight.genome.codes import make_generator, reverse_complement


def balance(values: np.ndarray, labels: np.ndarray, spec: dict[str, Any], seed: int) -> BalancedFold:
    """The fold, and mutated copies of the rarer classes.

    values: (n, length) codes. spec: rate (fraction of bases substituted), sequence. Raises InputError if the examples are
    not sequences.
    """
    if spec.get("sequence") is None:
        raise InputError("balance.method: mutagenesis needs sequences, and these examples are not; use smote or oversample")
    rng = make_generator(seed, "mutagenesis")
    classes, counts = np.unique(labels, return_counts=True)
    extra_rows = [
        rng.choice(np.flatnonzero(labels == name), counts.max() - count) for name, count in zip(classes, counts, strict=True)
    ]
    sources = np.concatenate(extra_rows)
    copies = mutate_copies(values[sources], spec["rate"], spec["sequence"], rng)
    parent = np.concatenate([np.arange(len(labels)), sources])
    changed = np.arange(len(parent)) >= len(labels)
    return BalancedFold(np.concatenate([values, copies]), labels[parent], np.ones(len(parent)), parent, changed)


def mutate_copies(codes: np.ndarray, rate: float, sequence: SequenceLayout, rng: np.random.Generator) -> np.ndarray:
    """Mutated copies of sequences (n, length) or of pairs of windows (n, 2 × length); both windows of a pair change equally.

    rate: fraction of bases substituted, at least one per sequence with a known base. N stays N. In a pair, everything
    between the first and the last difference of the windows stays: the variant, and the bases that an indel shifts.
    """
    copies = codes.reshape(len(codes), -1, sequence.length).copy()
    differs = (copies != copies[:, :1]).any(axis=1)
    from_start, from_end = (np.maximum.accumulate(differs_here, axis=1) for differs_here in (differs, differs[:, ::-1]))
    is_mutable = (copies < 4).all(axis=1) & ~(from_start & from_end[:, ::-1])
    is_changed = is_mutable & (rng.random(is_mutable.shape) < rate)
    first = np.where(is_mutable, rng.random(is_mutable.shape), -1.0).argmax(axis=1)
    is_unchanged = is_mutable.any(axis=1) & ~is_changed.any(axis=1)
    is_changed[is_unchanged, first[is_unchanged]] = True
    step = np.where(is_changed, rng.integers(1, 4, is_mutable.shape), 0).astype(np.uint8)[:, None]
    copies = np.where(step > 0, (copies + step) % 4, copies)
    if not sequence.stranded:
        is_reversed = rng.random(len(copies)) < 0.5
        copies[is_reversed] = reverse_complement(copies[is_reversed])
    return copies.reshape(codes.shape)
