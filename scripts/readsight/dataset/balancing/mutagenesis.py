"""Mutated copies of the rarer classes' sequences until all classes are equal.

A copy has some of its bases replaced by others, and is turned over half of the time where strands mean nothing: changes
that seldom undo what a regulatory sequence is. It stays in its parent's group.
"""

from typing import Any

import numpy as np

from readsight.dataset.balancing.balanced import Balanced
from readsight.dataset.fold_file import Sequence
from readsight.errors import InputError
from readsight.genome.codes import generator, reverse_complement


def balance(values: np.ndarray, labels: np.ndarray, spec: dict[str, Any], seed: int) -> Balanced:
    """The fold, and mutated copies of the rarer classes.

    values: (n, length) codes. spec: rate (part of the bases replaced), sequence. Raises InputError for what is no sequence.
    """
    if spec.get("sequence") is None:
        raise InputError(
            "balance.method: mutagenesis changes the bases of sequences, and these are none; use smote or oversample"
        )
    draw = generator(seed, "mutagenesis")
    classes, counts = np.unique(labels, return_counts=True)
    wanted = [
        draw.choice(np.flatnonzero(labels == name), counts.max() - count) for name, count in zip(classes, counts, strict=True)
    ]
    copied = np.concatenate(wanted)
    made = mutated(values[copied], spec["rate"], spec["sequence"], draw)
    parent = np.concatenate([np.arange(len(labels)), copied])
    changed = np.arange(len(parent)) >= len(labels)
    return Balanced(np.concatenate([values, made]), labels[parent], np.ones(len(parent)), parent, changed)


def mutated(codes: np.ndarray, rate: float, sequence: Sequence, draw: np.random.Generator) -> np.ndarray:
    """Copies of sequences (n, length), or of pairs of windows (n, 2 × length), both of a pair changed alike.

    rate: part of the bases replaced; one at least of each that has any. N stays N; of a pair all stays as it is between
    the first and the last base in which its windows differ: their variant, and what an insertion or deletion shifts.
    """
    made = codes.reshape(len(codes), -1, sequence.length).copy()
    differ = (made != made[:, :1]).any(axis=1)
    begun, to_come = (np.maximum.accumulate(own, axis=1) for own in (differ, differ[:, ::-1]))
    told = (made < 4).all(axis=1) & ~(begun & to_come[:, ::-1])
    chosen = told & (draw.random(told.shape) < rate)
    first = np.where(told, draw.random(told.shape), -1.0).argmax(axis=1)
    none = told.any(axis=1) & ~chosen.any(axis=1)
    chosen[none, first[none]] = True
    step = np.where(chosen, draw.integers(1, 4, told.shape), 0).astype(np.uint8)[:, None]
    made = np.where(step > 0, (made + step) % 4, made)
    if not sequence.stranded:
        turned = draw.random(len(made)) < 0.5
        made[turned] = reverse_complement(made[turned])
    return made.reshape(codes.shape)
