"""Duplicate sequences: identical, or reverse complements of each other."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from readsight.dataset.sequences.raw_examples import SequenceSet
from readsight.genome.codes import reverse_complement

BLOCK = 20_000


@dataclass(frozen=True)
class CollapsedSet:
    """A set without duplicates.

    examples: each sequence once. copies: (n,) number of examples that each represents. conflicts: names and labels of sequences whose
    copies have different labels; these are excluded.
    """

    examples: SequenceSet
    copies: np.ndarray
    conflicts: list[dict[str, list[str]]]

    @property
    def duplicate_count(self) -> int:
        """Number of examples represented by another example."""
        return int((self.copies - 1).sum())

    @property
    def conflict_count(self) -> int:
        """Number of examples excluded for conflicting labels."""
        return sum(len(conflict["names"]) for conflict in self.conflicts)


def make_canonical(codes: np.ndarray, is_paired: bool, stranded: bool) -> tuple[np.ndarray, np.ndarray]:
    """The lexicographically smaller of each row and its reverse complement (of pairs: per window), and which rows were reversed.

    codes: (n, width) uint8. Returns (n, width) and (n,) bool. Stranded sequences are unchanged.
    """
    reversed_rows = np.zeros(len(codes), bool)
    if stranded:
        return codes, reversed_rows
    canonical = codes.copy()
    for start in range(0, len(codes), BLOCK):
        block = codes[start : start + BLOCK]
        reversed_block = reverse_complement(block.reshape(len(block), 1 + is_paired, -1)).reshape(block.shape)
        first = (block != reversed_block).argmax(axis=1)[:, None]
        is_reversed = (np.take_along_axis(reversed_block, first, 1) < np.take_along_axis(block, first, 1))[:, 0]
        canonical[start : start + BLOCK][is_reversed] = reversed_block[is_reversed]
        reversed_rows[start : start + BLOCK] = is_reversed
    return canonical, reversed_rows


def number_sequences(codes: np.ndarray, is_paired: bool = False, stranded: bool = False) -> np.ndarray:
    """A number (n,) per row, from 0 in order of appearance; rows of the same sequence share a number."""
    rows, _ = make_canonical(codes, is_paired, stranded)
    return pd.factorize(_convert_to_bytes(rows))[0]


def collapse_duplicates(examples: SequenceSet, spec: dict[str, Any]) -> CollapsedSet:
    """Keep each sequence once, at the position of its first copy.

    Parameters
    ----------
    spec : stranded, target, by.

    Notes
    -----
    Copies with one label become one example. Scores and signals of copies are averaged; different classes or splice sites are a
    conflict. For a given split, copies on both sides are kept, because leakage is measured there.
    """
    rows, reversed_rows = make_canonical(examples.codes, examples.is_paired, spec["stranded"])
    sides = np.zeros(len(examples), int)
    if spec["by"] == "given" and "split" in examples.obs:
        sides = (examples.obs["split"] == "test").to_numpy(int)
    numbers = pd.factorize(_convert_to_bytes(rows))[0] * 2 + sides
    numbers, first = _renumber(numbers)
    copies = np.bincount(numbers)
    if len(first) == len(examples):
        return CollapsedSet(examples, copies, [])
    unique_examples = examples.select_rows(first)
    if spec["target"] in ("score", "profile"):
        return CollapsedSet(_average_copies(unique_examples, examples, numbers, reversed_rows, first), copies, [])
    labels = _number_labels(examples)
    has_conflict = np.zeros(len(first), bool)
    np.logical_or.at(has_conflict, numbers, labels != labels[first][numbers])
    return CollapsedSet(
        unique_examples.select_rows(~has_conflict), copies[~has_conflict], _list_conflicts(examples, numbers, has_conflict)
    )


def _convert_to_bytes(rows: np.ndarray) -> np.ndarray:
    """Each row as a hashable object."""
    keys = np.empty(len(rows), object)
    keys[:] = [row.tobytes() for row in np.ascontiguousarray(rows)]
    return keys


def _renumber(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values renumbered from 0 in order of appearance (n,), and the first row of each."""
    numbers, _ = pd.factorize(values)
    first = np.full(numbers.max() + 1, len(numbers))
    np.minimum.at(first, numbers, np.arange(len(numbers)))
    return numbers, first


def _number_labels(examples: SequenceSet) -> np.ndarray:
    """A number (n,) per combination of labels, or per target of the sequence."""
    if examples.target is not None:
        return pd.factorize(_convert_to_bytes(examples.target))[0]
    columns = [name for name in examples.obs if name == "label" or name.startswith("label.")]
    if not columns:
        return np.zeros(len(examples), int)
    return pd.factorize(pd.MultiIndex.from_frame(examples.obs[columns].astype(str)))[0]


def _list_conflicts(examples: SequenceSet, numbers: np.ndarray, has_conflict: np.ndarray) -> list[dict[str, list[str]]]:
    """Names and labels of the copies of each sequence that has several labels."""
    columns = [name for name in examples.obs if name == "label" or name.startswith("label.")]
    rows = np.flatnonzero(has_conflict[numbers])
    labels = [", ".join(map(str, conflict)) for conflict in examples.obs.iloc[rows][columns].to_numpy()]
    conflicts: dict[int, dict[str, list[str]]] = {}
    for row, label in zip(rows, labels, strict=True):
        conflict = conflicts.setdefault(int(numbers[row]), {"names": [], "labels": []})
        conflict["names"].append(str(examples.obs.index[row]))
        conflict["labels"].append(label)
    return list(conflicts.values())


def _average_copies(
    unique_examples: SequenceSet, examples: SequenceSet, numbers: np.ndarray, reversed_rows: np.ndarray, first: np.ndarray
) -> SequenceSet:
    """Examples with the mean score or signal of their copies; the signal of a reversed copy is reversed as well."""
    if examples.target is None:
        means = examples.obs["label"].astype(float).groupby(numbers).mean().to_numpy()
        return SequenceSet(
            unique_examples.codes,
            unique_examples.obs.assign(label=means),
            None,
            unique_examples.is_paired,
            unique_examples.left_out,
            unique_examples.taken,
        )
    total = np.zeros((len(first), *examples.target.shape[1:]))
    flipped = reversed_rows != reversed_rows[first][numbers]
    np.add.at(total, numbers, np.where(flipped[:, None], examples.target[:, ::-1], examples.target))
    means = (total / np.bincount(numbers)[:, None]).astype(examples.target.dtype)
    return SequenceSet(
        unique_examples.codes,
        unique_examples.obs,
        means,
        unique_examples.is_paired,
        unique_examples.left_out,
        unique_examples.taken,
    )
