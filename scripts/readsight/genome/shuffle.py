"""Dinucleotide-preserving shuffles of sequences (Altschul & Erickson 1985).

A sequence is a walk over the edges base → next base. Its shuffles are the walks with the same first and last base that use the same
edges, with equal probability. A walk is determined by the order of the edges leaving each base. The last edges of all
bases except the final one must form a tree towards the final base, which is drawn according to its weight among all trees.
"""

import itertools
from functools import cache

import numpy as np

SYMBOLS = 5
BLOCK = 1 << 22


def shuffle_dinucleotides(codes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Independently shuffle each of the sequences (n, length), uint8 codes 0–4; N counts as a fifth base.

    First and last base of each are kept, so that all dinucleotide counts are preserved exactly.
    """
    n, length = codes.shape
    if length < 4 or not n:
        return codes.copy()
    rows = max(1, BLOCK // length)
    return np.concatenate([_shuffle_block(np.ascontiguousarray(codes[i : i + rows]), rng) for i in range(0, n, rows)])


def _shuffle_block(codes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    n, length = codes.shape
    last = draw_last_edges(codes, rng)
    source, target = codes[:, :-1], codes[:, 1:]
    key = rng.random((n, length - 1))
    # One edge to the selected target is the last of its base's edges; equal edges are interchangeable.
    row = np.arange(n)
    for symbol in range(SYMBOLS):
        chosen = (source == symbol) & (target == last[:, symbol, None])
        has = np.flatnonzero(chosen.any(axis=1))
        key[row[has], chosen[has].argmax(axis=1)] = 2
    order = np.argsort(source * np.float64(4) + key, axis=1)
    edges = np.take_along_axis(target, order, axis=1).ravel()
    counts = np.stack([(source == symbol).sum(axis=1) for symbol in range(SYMBOLS)], axis=1)
    edge_starts = (np.cumsum(counts, axis=1) - counts + row[:, None] * (length - 1)).ravel()  # next edge of each base
    return _walk_edges(codes[:, 0], edges, edge_starts, length)


def _walk_edges(first: np.ndarray, edges: np.ndarray, edge_starts: np.ndarray, length: int) -> np.ndarray:
    """All sequences at once, base by base. edges: targets, grouped by base. edge_starts: (n × symbols,) start of each group."""
    walk = np.empty((length, len(first)), np.uint8)
    walk[0] = first
    base = np.arange(len(first)) * SYMBOLS
    for i in range(1, length):
        edge = base + walk[i - 1]
        np.take(edges, edge_starts[edge], out=walk[i], mode="clip")
        edge_starts[edge] += 1
    return np.ascontiguousarray(walk.T)


def draw_last_edges(codes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Target of the last edge leaving each base, (n, symbols): a tree towards the final base, drawn by its weight.

    The weight of a tree is the number of ways to choose its edges from the sequence. The final base, and bases missing from a
    sequence, have none: SYMBOLS.
    """
    n = len(codes)
    pairs = codes[:, :-1].astype(np.int64) * SYMBOLS + codes[:, 1:]
    flat = pairs + np.arange(n)[:, None] * SYMBOLS**2
    counts = np.bincount(flat.ravel(), minlength=n * SYMBOLS**2).reshape(n, SYMBOLS, SYMBOLS).astype(float)
    present = counts.sum(axis=2) > 0
    targets = np.full((n, SYMBOLS), SYMBOLS)
    for final in range(SYMBOLS):
        rows = np.flatnonzero(codes[:, -1] == final)
        if not len(rows):
            continue
        symbols, trees = _list_trees(final)
        weight = np.ones((len(rows), len(trees)))
        for column, symbol in enumerate(symbols):
            # a missing base is attached to the final one, in exactly one way
            choices = np.where(present[rows, symbol, None], counts[rows, symbol], np.arange(SYMBOLS) == final)
            weight *= choices[:, trees[:, column]] / np.maximum(choices.sum(axis=1, keepdims=True), 1)
        up_to = np.cumsum(weight, axis=1)
        choice = (up_to < rng.random((len(rows), 1)) * up_to[:, -1:]).sum(axis=1)
        for column, symbol in enumerate(symbols):
            targets[rows, symbol] = np.where(present[rows, symbol], trees[np.minimum(choice, len(trees) - 1), column], SYMBOLS)
    return targets


@cache
def _list_trees(final: int) -> tuple[list[int], np.ndarray]:
    """All symbols except `final`, and all trees towards `final` over them: (trees, symbols − 1), target of each symbol."""
    symbols = [symbol for symbol in range(SYMBOLS) if symbol != final]
    trees = []
    for leads in itertools.product(range(SYMBOLS), repeat=len(symbols)):
        target_of = dict(zip(symbols, leads, strict=True)) | {final: final}
        ends = list(symbols)
        for _ in symbols:
            ends = [target_of[symbol] for symbol in ends]
        if all(symbol == final for symbol in ends):
            trees.append(leads)
    return symbols, np.array(trees)
