"""Sequences that stand more than once: as they are, or as each other's reverse complement."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from readsight.dataset.sequences.raw_examples import Found
from readsight.genome.codes import reverse_complement

BLOCK = 20_000


@dataclass(frozen=True)
class Collapsed:
    """found: each sequence once. copies: (n,) examples that each stands for. conflicts: sequences whose copies bear different
    labels, which are left out: names and labels of each.
    """

    found: Found
    copies: np.ndarray
    conflicts: list[dict[str, list[str]]]

    @property
    def dropped(self) -> int:
        """Examples that another one stands for."""
        return int((self.copies - 1).sum())

    @property
    def contradicted(self) -> int:
        """Examples left out for their labels."""
        return sum(len(own["names"]) for own in self.conflicts)


def canonical(codes: np.ndarray, pair: bool, stranded: bool) -> tuple[np.ndarray, np.ndarray]:
    """Of each row and its reverse complement (of pairs: of each window) the one that comes first; and which rows were turned.

    codes: (n, width) uint8. Returns (n, width) and (n,) bool. Where strands mean something, rows stay.
    """
    turned = np.zeros(len(codes), bool)
    if stranded:
        return codes, turned
    found = codes.copy()
    for start in range(0, len(codes), BLOCK):
        own = codes[start : start + BLOCK]
        other = reverse_complement(own.reshape(len(own), 1 + pair, -1)).reshape(own.shape)
        first = (own != other).argmax(axis=1)[:, None]
        turn = (np.take_along_axis(other, first, 1) < np.take_along_axis(own, first, 1))[:, 0]
        found[start : start + BLOCK][turn] = other[turn]
        turned[start : start + BLOCK] = turn
    return found, turned


def same(codes: np.ndarray, pair: bool = False, stranded: bool = False) -> np.ndarray:
    """A number (n,) for each row, from 0 in order of appearance: one for rows that are one sequence."""
    rows, _ = canonical(codes, pair, stranded)
    return pd.factorize(_bytes(rows))[0]


def collapse(found: Found, spec: dict[str, Any]) -> Collapsed:
    """Each sequence once, at the place of its first copy.

    spec: stranded, target, by. Copies with one label are one example. Numbers of copies, and signals along them, are
    averaged; classes, and splice sites, that differ are a conflict. Of a given split, copies on both sides stay: what that
    leaks is measured there.
    """
    rows, turned = canonical(found.codes, found.pair, spec["stranded"])
    sides = np.zeros(len(found), int)
    if spec["by"] == "given" and "split" in found.obs:
        sides = (found.obs["split"] == "test").to_numpy(int)
    kinds = pd.factorize(_bytes(rows))[0] * 2 + sides
    kinds, first = _numbered(kinds)
    copies = np.bincount(kinds)
    if len(first) == len(found):
        return Collapsed(found, copies, [])
    once = found.rows(first)
    if spec["target"] in ("score", "profile"):
        return Collapsed(_averaged(once, found, kinds, turned, first), copies, [])
    labels = _labels(found)
    apart = np.zeros(len(first), bool)
    np.logical_or.at(apart, kinds, labels != labels[first][kinds])
    return Collapsed(once.rows(~apart), copies[~apart], _conflicts(found, kinds, apart))


def _bytes(rows: np.ndarray) -> np.ndarray:
    """Each row as an object that can be hashed."""
    found = np.empty(len(rows), object)
    found[:] = [row.tobytes() for row in np.ascontiguousarray(rows)]
    return found


def _numbered(kinds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Kinds renumbered from 0 in order of appearance (n,), and the first row of each."""
    numbers, _ = pd.factorize(kinds)
    first = np.full(numbers.max() + 1, len(numbers))
    np.minimum.at(first, numbers, np.arange(len(numbers)))
    return numbers, first


def _labels(found: Found) -> np.ndarray:
    """A number (n,) for what is predicted of each example: its labels together, or its target along the sequence."""
    if found.target is not None:
        return pd.factorize(_bytes(found.target))[0]
    columns = [name for name in found.obs if name == "label" or name.startswith("label.")]
    if not columns:
        return np.zeros(len(found), int)
    return pd.factorize(pd.MultiIndex.from_frame(found.obs[columns].astype(str)))[0]


def _conflicts(found: Found, kinds: np.ndarray, apart: np.ndarray) -> list[dict[str, list[str]]]:
    """Names and labels of the copies of each sequence that has several labels."""
    columns = [name for name in found.obs if name == "label" or name.startswith("label.")]
    rows = np.flatnonzero(apart[kinds])
    said = [", ".join(map(str, own)) for own in found.obs.iloc[rows][columns].to_numpy()]
    made: dict[int, dict[str, list[str]]] = {}
    for row, label in zip(rows, said, strict=True):
        own = made.setdefault(int(kinds[row]), {"names": [], "labels": []})
        own["names"].append(str(found.obs.index[row]))
        own["labels"].append(label)
    return list(made.values())


def _averaged(once: Found, found: Found, kinds: np.ndarray, turned: np.ndarray, first: np.ndarray) -> Found:
    """Examples with the mean of their copies' numbers; a signal along a copy that is turned over is turned, too."""
    if found.target is None:
        means = found.obs["label"].astype(float).groupby(kinds).mean().to_numpy()
        return Found(once.codes, once.obs.assign(label=means), None, once.pair, once.left_out, once.taken)
    total = np.zeros((len(first), *found.target.shape[1:]))
    flipped = turned != turned[first][kinds]
    np.add.at(total, kinds, np.where(flipped[:, None], found.target[:, ::-1], found.target))
    means = (total / np.bincount(kinds)[:, None]).astype(found.target.dtype)
    return Found(once.codes, once.obs, means, once.pair, once.left_out, once.taken)
