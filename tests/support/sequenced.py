"""Folds of random sequences for tests, with motifs planted in some of them."""

import numpy as np
import pandas as pd

from readsight.dataset.fold_file import Fold, SequenceLayout
from readsight.dataset.outcome import Outcome
from readsight.genome.codes import encode

CLASSES = {"binary": ("no", "yes"), "multiclass": ("a", "b", "c"), "multilabel": ("x", "y")}


def random_codes(n: int, length: int, seed: int = 0) -> np.ndarray:
    """Codes (n, length) without N."""
    return np.random.default_rng(seed).integers(0, 4, (n, length)).astype(np.uint8)


def plant_motif(codes: np.ndarray, rows: np.ndarray, motif: str, seed: int = 0, on_both_strands: bool = True) -> np.ndarray:
    """The codes with a motif at a random position of the given rows, by default on either strand. `.` keeps the base."""
    rng = np.random.default_rng(seed)
    changed = codes.copy()
    letters = encode(motif.replace(".", "N"))
    for row in np.flatnonzero(rows):
        start = rng.integers(0, codes.shape[1] - len(letters) + 1)
        oriented = (np.array([3, 2, 1, 0, 4], np.uint8)[letters[::-1]]) if on_both_strands and rng.random() < 0.5 else letters
        site = changed[row, start : start + len(letters)]
        site[oriented < 4] = oriented[oriented < 4]
    return changed


def make_fold(codes: np.ndarray, labels: np.ndarray, kind: str = "binary", pair: bool = False, stranded: bool = False) -> Fold:
    """A fold of one role; every example is a separate group."""
    names = np.arange(len(codes)).astype(str)
    length = codes.shape[1] // 2 if pair else codes.shape[1]
    outcome = Outcome(kind, CLASSES.get(kind, ("value",)))
    return Fold(
        codes, labels, np.ones(len(codes)), names, names, pd.DataFrame(), "mark", outcome, SequenceLayout(length, pair, stranded)
    )
