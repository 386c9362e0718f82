"""Shapley values of stretches of a sequence by permutations (Strumbelj & Kononenko 2014), of any model that can be asked.

Bases that are absent are the reference's. A stretch is of neighbouring places, at most BLOCKS of them a sequence; against each
reference they begin elsewhere, so that of a long sequence, too, what several references say tells single places apart. A
stretch's value is shared out among those of its bases that the reference has not. All stretches are brought in in one order, and in
the opposite one (Mitchell et al. 2022), so that values add up whatever the order. The model is asked 2 × BLOCKS times a
reference: 500 times a sequence of more than 50 bases with 5 references.
"""

from typing import Any

import numpy as np

from readsight.interpret.sequence_attribution.query import Question
from readsight.interpret.sequence_attribution.references import generator, oriented

ON = None
NEAR = True
LETTERS = True
COMPLETE = True
BLOCKS = 50
ROWS = 4096  # sequences that the model is asked at once


def attribute(question: Question, references: np.ndarray, spec: dict[str, Any], seed: int) -> np.ndarray:
    """Attributions (n, places, 4): of a sequence's own bases; 0 of others, which were never asked for.

    references: (n, m, places) codes. Contributions add up to the score less its mean over these. Of a mixture of bases, or of
    nothing, N stands for what is absent: a model that reads letters knows no other.
    """
    codes, windows = np.asarray(question.codes), 2 if question.about.get("pair") else 1
    orders = ordered(codes, references.shape[1], seed, windows)
    size = max(1, ROWS // (4 * BLOCKS * references.shape[1]))
    parts = [
        _shared(question.some(np.arange(len(codes))[rows]), references[rows], orders[rows]) for rows in _slices(len(codes), size)
    ]
    found = np.zeros((*codes.shape, 4))
    if parts:
        np.put_along_axis(found, np.minimum(codes, 3)[..., None].astype(np.int64), np.concatenate(parts)[..., None], axis=-1)
    return found


def _slices(count: int, size: int) -> list[slice]:
    return [slice(i, min(i + size, count)) for i in range(0, count, size)]


def ordered(codes: np.ndarray, count: int, seed: int, windows: int) -> np.ndarray:
    """When each place is brought in, against each reference, (n, count, places) int: places of a stretch together.

    A sequence's orders are its own, and those of its reverse complement are the same ones turned over.
    """
    places = codes.shape[1] // windows
    width = -(-codes.shape[1] // BLOCKS)
    found = np.empty((len(codes), count, codes.shape[1]), np.int64)
    starts = np.arange(count) * width // count
    block = (np.arange(places) + starts[:, None]) // width
    every = np.concatenate([block + i * (block.max() + 1) for i in range(windows)], axis=1)
    own, turned = oriented(codes, windows)
    for i, (sequence, other) in enumerate(zip(own, turned, strict=True)):
        draw = generator(sequence, seed, "orders")
        for j, blocks in enumerate(every):
            _, number = np.unique(blocks, return_inverse=True)
            found[i, j] = draw.permutation(number.max() + 1)[number]
        if other:
            found[i] = np.concatenate([part[:, ::-1] for part in np.split(found[i], windows, axis=1)], axis=1)
    return found


def _shared(question: Question, absent: np.ndarray, orders: np.ndarray) -> np.ndarray:
    """Contributions (n, places) of few sequences. absent: (n, m, places) codes. orders: as `ordered` gives them."""
    codes = np.asarray(question.codes)
    n, m, places = absent.shape
    most = int(orders.max()) + 1
    steps = np.arange(most + 1)[:, None]
    there = np.stack([orders[:, :, None] < steps, orders[:, :, None] >= most - steps], axis=2)  # (n, m, way, steps, places)
    asked = np.where(there, codes[:, None, None, None], absent[:, :, None, None])
    flat = asked.reshape(-1, places)
    changed = np.ones(len(flat), bool)  # neighbours in an order that are the same sequence are asked once
    changed[1:] = (flat[1:] != flat[:-1]).any(axis=1)
    changed.reshape(n, -1)[:, 0] = True
    of = np.repeat(np.arange(n), m * 2 * (most + 1))[changed]
    at = None if question.at is None else question.at[of]
    score = question.about_codes(flat[changed], at).score()[np.cumsum(changed) - 1].reshape(n, m, 2, most + 1)
    gained = np.diff(score, axis=-1)
    value = (gained[:, :, 0] + gained[:, :, 1, ::-1]) / 2  # by the stretch's number in the first order
    differs = codes[:, None] != absent
    found = np.zeros((n, m, places))
    for i in range(n):
        for j in range(m):
            sizes = np.bincount(orders[i, j], differs[i, j], minlength=most)
            found[i, j] = np.where(differs[i, j], (value[i, j] / np.maximum(sizes, 1))[orders[i, j]], 0)
    return found.mean(axis=1)
