"""Shapley values of stretches of a sequence by permutations (Strumbelj & Kononenko 2014), of any model that can be asked.

Bases that are absent are the reference's. A stretch is of neighbouring places, at most BLOCKS of them a sequence; against each
reference they begin elsewhere, so that of a long sequence, too, what several references say tells single places apart. A
stretch's value is shared out among those of its bases that the reference has not. All stretches are brought in in one order, and in
the opposite one (Mitchell et al. 2022), so that values add up whatever the order. The model is asked 2 × BLOCKS times a
reference: 500 times a sequence of more than 50 bases with 5 references.
"""

from typing import Any

import numpy as np

from readsight.interpret.sequence_attribution.query import AttributionQuery
from readsight.interpret.sequence_attribution.references import orient_codes, sequence_rng

SUPPORTED_NETWORKS = None
USES_RECEPTIVE_FIELD = True
NEEDS_REFERENCE_CODES = True
IS_COMPLETE = True
BLOCKS = 50
MAX_BATCH = 4096  # sequences that the model is asked at once


def attribute(query: AttributionQuery, references: np.ndarray, spec: dict[str, Any], seed: int) -> np.ndarray:
    """Attributions (n, places, 4): of a sequence's own bases; 0 of others, which were never asked for.

    references: (n, m, places) codes. Contributions add up to the score less its mean over these. Of a mixture of bases, or of
    nothing, N stands for what is absent: a model that reads letters knows no other.
    """
    codes, windows = np.asarray(query.codes), 2 if query.description.get("pair") else 1
    orders = draw_orders(codes, references.shape[1], seed, windows)
    batch_size = max(1, MAX_BATCH // (4 * BLOCKS * references.shape[1]))
    contributions = [
        _share_values(query.select_rows(np.arange(len(codes))[rows]), references[rows], orders[rows])
        for rows in _batch_slices(len(codes), batch_size)
    ]
    attributions = np.zeros((*codes.shape, 4))
    if contributions:
        np.put_along_axis(
            attributions, np.minimum(codes, 3)[..., None].astype(np.int64), np.concatenate(contributions)[..., None], axis=-1
        )
    return attributions


def _batch_slices(count: int, size: int) -> list[slice]:
    return [slice(i, min(i + size, count)) for i in range(0, count, size)]


def draw_orders(codes: np.ndarray, count: int, seed: int, windows: int) -> np.ndarray:
    """When each place is brought in, against each reference, (n, count, places) int: places of a stretch together.

    A sequence's orders are its own, and those of its reverse complement are the same ones turned over.
    """
    length = codes.shape[1] // windows
    width = -(-codes.shape[1] // BLOCKS)
    orders = np.empty((len(codes), count, codes.shape[1]), np.int64)
    starts = np.arange(count) * width // count
    block = (np.arange(length) + starts[:, None]) // width
    layouts = np.concatenate([block + i * (block.max() + 1) for i in range(windows)], axis=1)
    canonical, is_reverse = orient_codes(codes, windows)
    for i, (sequence, is_turned) in enumerate(zip(canonical, is_reverse, strict=True)):
        rng = sequence_rng(sequence, seed, "orders")
        for j, blocks in enumerate(layouts):
            _, block_index = np.unique(blocks, return_inverse=True)
            orders[i, j] = rng.permutation(block_index.max() + 1)[block_index]
        if is_turned:
            orders[i] = np.concatenate([window[:, ::-1] for window in np.split(orders[i], windows, axis=1)], axis=1)
    return orders


def _share_values(query: AttributionQuery, references: np.ndarray, orders: np.ndarray) -> np.ndarray:
    """Contributions (n, places) of few sequences. references: (n, m, places) codes. orders: as `draw_orders` gives them."""
    codes = np.asarray(query.codes)
    n, m, length = references.shape
    block_count = int(orders.max()) + 1
    steps = np.arange(block_count + 1)[:, None]
    is_present = np.stack(
        [orders[:, :, None] < steps, orders[:, :, None] >= block_count - steps], axis=2
    )  # (n, m, way, steps, places)
    sequences = np.where(is_present, codes[:, None, None, None], references[:, :, None, None])
    flat = sequences.reshape(-1, length)
    is_new = np.ones(len(flat), bool)  # neighbours in an order that are the same sequence are asked once
    is_new[1:] = (flat[1:] != flat[:-1]).any(axis=1)
    is_new.reshape(n, -1)[:, 0] = True
    row = np.repeat(np.arange(n), m * 2 * (block_count + 1))[is_new]
    positions = None if query.positions is None else query.positions[row]
    score = query.with_codes(flat[is_new], positions).compute_scores()[np.cumsum(is_new) - 1].reshape(n, m, 2, block_count + 1)
    gains = np.diff(score, axis=-1)
    block_values = (gains[:, :, 0] + gains[:, :, 1, ::-1]) / 2  # by the stretch's number in the first order
    differs = codes[:, None] != references
    contributions = np.zeros((n, m, length))
    for i in range(n):
        for j in range(m):
            sizes = np.bincount(orders[i, j], differs[i, j], minlength=block_count)
            contributions[i, j] = np.where(differs[i, j], (block_values[i, j] / np.maximum(sizes, 1))[orders[i, j]], 0)
    return contributions.mean(axis=1)
