"""What the bases around a place say of it, each by itself: a weight matrix of each class of places, as of splice sites.

The weights are log odds of bases (Stormo et al. 1982), learned together as a softmax regression, so that they also know of
each other. The commonest class, which has nearly all places, is drawn from; the prior is put right afterwards.
"""

import logging
from typing import Any

import numpy as np

from readsight.dataset.encodings.one_hot import CHANNELS
from readsight.dataset.fold_file import Fold
from readsight.dataset.outcome import UNCOUNTED
from readsight.errors import InputError
from readsight.models.calibration import softmax
from readsight.models.fitted_model import Fitted
from readsight.models.kmer import kmer_counts
from readsight.models.kmer.glm import minimised, multinomial

log = logging.getLogger("readsight")

KINDS = ("positions",)
GRID = [{"strength": strength} for strength in (1e-3, 1e-4, 1e-5)]
DEFAULTS = {"left": 20, "right": 20, "strength": 1e-4}
OTHERS = 20  # places of the commonest class for each of all the others
PLACES = (20_000, 200_000)  # of a class that are learned from: so many are taken where they are there, and no more
ROWS = 256  # sequences predicted at once


def space(trial: Any) -> dict[str, Any]:
    """Settings of an Optuna trial."""
    return {
        "left": trial.suggest_int("left", 3, 40),
        "right": trial.suggest_int("right", 3, 40),
        "strength": trial.suggest_float("strength", 1e-6, 1e-2, log=True),
    }


def train(train: Fold, validation: Fold | None, settings: dict[str, Any], seed: int, threads: int) -> Fitted:
    """Softmax regression on the bases of `left` places before to `right` behind. settings: those, and strength of the penalty.

    Arrays: weight (left + 1 + right, 4, classes), bias (classes,). Raises InputError where one class alone has places.
    """
    own = DEFAULTS | settings
    row, place, drawn, there = sampled(train, seed)
    kinds = len(train.outcome.classes)
    if (there > 0).sum() < 2:
        names = ", ".join(name for name, count in zip(train.outcome.classes, there, strict=True) if count) or "none"
        raise InputError(f"models: position_matrix has nothing to tell apart: all places of a training part are of class {names}")
    values = around(train.values, row, place, own["left"], own["right"])
    target = np.eye(kinds)[np.asarray(train.labels[row, place], int)]
    start = np.log((drawn + 1) / (drawn.sum() + kinds))
    weight, bias = minimised(values, target, train.weights[row], multinomial, own["strength"], start, scaled=False)
    prior = np.log(np.maximum(there, 1) / np.maximum(drawn, 1))
    shape = (own["left"] + 1 + own["right"], 4, kinds)
    about = kmer_counts.told(train) | {name: own[name] for name in DEFAULTS} | {"places": drawn.tolist()}
    return Fitted({"weight": weight.reshape(shape).astype(np.float32), "bias": bias + prior}, about)


def sampled(train: Fold, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Row and place of the places that are learned from, and how many of each class they are, and of how many."""
    kinds = len(train.outcome.classes)
    there = sum(
        (np.bincount(np.asarray(rows).ravel(), minlength=UNCOUNTED + 1)[:kinds] for rows in kmer_counts.chunks(train.labels)),
        np.zeros(kinds, int),
    )
    most = np.full(kinds, PLACES[1])
    commonest = int(there.argmax())
    most[commonest] = int(np.clip(OTHERS * np.delete(there, commonest).sum(), *PLACES))
    draw = np.random.default_rng(seed)
    chosen = [_drawn(train.labels, kind, int(there[kind]), int(most[kind]), draw) for kind in range(kinds)]
    row, place = np.divmod(np.sort(np.concatenate(chosen)), train.labels.shape[1])
    return row, place, np.minimum(there, most), there


def _drawn(labels: np.ndarray, kind: int, there: int, most: int, draw: np.random.Generator) -> np.ndarray:
    """Flat places of a class, at most so many."""
    wanted = np.sort(draw.choice(there, most, replace=False)) if there > most else np.arange(there)
    found, seen, done = [], 0, 0
    for rows in kmer_counts.chunks(labels):
        own = np.flatnonzero(rows == kind)
        here = wanted[(wanted >= seen) & (wanted < seen + len(own))] - seen
        found.append(done + own[here])
        seen, done = seen + len(own), done + rows.size
    return np.concatenate(found)


def around(codes: np.ndarray, row: np.ndarray, place: np.ndarray, left: int, right: int) -> np.ndarray:
    """Bases around places, one-hot, (m, 4 × (left + 1 + right)) float32; beyond the window there is N."""
    at = place[:, None] + np.arange(-left, right + 1)
    inside = (at >= 0) & (at < codes.shape[1])
    bases = np.where(inside, codes[row[:, None], np.clip(at, 0, codes.shape[1] - 1)], 4)
    return CHANNELS[bases].reshape(len(row), -1)


def predict(arrays: dict[str, np.ndarray], about: dict[str, Any], codes: np.ndarray) -> np.ndarray:
    """Probabilities (n, length, classes) float32 of each place."""
    parts = [_scores(arrays, about["left"], np.asarray(codes[i : i + ROWS])) for i in range(0, max(len(codes), 1), ROWS)]
    return np.concatenate(parts)


def _scores(arrays: dict[str, np.ndarray], left: int, codes: np.ndarray) -> np.ndarray:
    weight = np.concatenate([arrays["weight"], np.zeros_like(arrays["weight"][:, :1])], axis=1)  # N says nothing
    span, length = len(weight), codes.shape[1]
    padded = np.pad(codes, ((0, 0), (left, span - 1 - left)), constant_values=4)
    found = np.broadcast_to(arrays["bias"].astype(np.float32), (*codes.shape, weight.shape[2])).copy()
    for offset in range(span):
        found += weight[offset][padded[:, offset : offset + length]]
    return softmax(found)
