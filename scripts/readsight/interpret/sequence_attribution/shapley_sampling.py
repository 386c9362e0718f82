"""Shapley values of sequence segments by permutation sampling (Strumbelj & Kononenko 2014), for any model.

Absent bases are those of the reference. A segment is a run of neighbouring positions, at most BLOCKS per sequence; segment borders
differ between references, so that several references resolve single positions even in long sequences. The value of a segment is
shared among those of its bases that differ from the reference. All segments are added in one order and in the reverse order
(Mitchell et al. 2022), so that values add up for every order. The model is evaluated 2 × BLOCKS times per reference: 500 times
for a sequence of more than 50 bases with 5 references.
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
MAX_BATCH = 4096  # sequences per prediction


def attribute(query: AttributionQuery, references: np.ndarray, spec: dict[str, Any], seed: int) -> np.ndarray:
    """Attributions (n, positions, 4) of the observed bases; 0 for all remaining bases, which are not evaluated.

    references: (n, m, positions) codes. Contributions add up to the score minus its mean over these. Base mixtures and zeros are
    represented by N, because the model reads codes.
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
    """Rank at which each position is added, per reference, (n, count, positions) int: equal within a segment.

    Orders depend on the sequence only; those of its reverse complement are reversed.
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
    """Contributions (n, positions) of a few sequences. references: (n, m, positions) codes. orders: as returned by `draw_orders`."""
    codes = np.asarray(query.codes)
    n, m, length = references.shape
    block_count = int(orders.max()) + 1
    steps = np.arange(block_count + 1)[:, None]
    is_present = np.stack(
        [orders[:, :, None] < steps, orders[:, :, None] >= block_count - steps], axis=2
    )  # (n, m, direction, steps, positions)
    sequences = np.where(is_present, codes[:, None, None, None], references[:, :, None, None])
    flat = sequences.reshape(-1, length)
    is_new = np.ones(len(flat), bool)  # equal neighbours in an order are evaluated once
    is_new[1:] = (flat[1:] != flat[:-1]).any(axis=1)
    is_new.reshape(n, -1)[:, 0] = True
    row = np.repeat(np.arange(n), m * 2 * (block_count + 1))[is_new]
    positions = None if query.positions is None else query.positions[row]
    score = query.with_codes(flat[is_new], positions).compute_scores()[np.cumsum(is_new) - 1].reshape(n, m, 2, block_count + 1)
    gains = np.diff(score, axis=-1)
    block_values = (gains[:, :, 0] + gains[:, :, 1, ::-1]) / 2  # indexed by the segment's rank in the first order
    differs = codes[:, None] != references
    contributions = np.zeros((n, m, length))
    for i in range(n):
        for j in range(m):
            sizes = np.bincount(orders[i, j], differs[i, j], minlength=block_count)
            contributions[i, j] = np.where(differs[i, j], (block_values[i, j] / np.maximum(sizes, 1))[orders[i, j]], 0)
    return contributions.mean(axis=1)
