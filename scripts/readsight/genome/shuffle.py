"""Sequences shuffled so that every dinucleotide is as frequent as it was (Altschul & Erickson 1985).

A sequence is a walk over the edges base → next base. Its shuffles are the walks from the same first base to the same last one
that use the same edges; each is as likely as the others. A walk is fixed by the order in which each base's edges are left by;
the last ones of all bases but the final one must form a tree towards it, which is drawn by its weight among all trees.
"""

import itertools
from functools import cache

import numpy as np

SYMBOLS = 5
BLOCK = 1 << 22


def shuffle_dinucleotides(codes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each of the sequences (n, length), uint8 codes 0–4, shuffled by a permutation of its own; N counts as a fifth base.

    First and last base of each stay, so that all counts of dinucleotides do, exactly.
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
    # One edge of those to the chosen target comes last of its base's edges; of alike edges it does not matter which.
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
    """All sequences at once, base by base. edges: targets, each base's together. edge_starts: (n × symbols,) where those begin."""
    walk = np.empty((length, len(first)), np.uint8)
    walk[0] = first
    base = np.arange(len(first)) * SYMBOLS
    for i in range(1, length):
        edge = base + walk[i - 1]
        np.take(edges, edge_starts[edge], out=walk[i], mode="clip")
        edge_starts[edge] += 1
    return np.ascontiguousarray(walk.T)


def draw_last_edges(codes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Target of the last edge that each base is left by, (n, symbols): a tree towards the final base, drawn by its weight.

    The weight of a tree is the number of ways to take its edges from the sequence's. Of the final base, and of bases that a
    sequence lacks, there is none: SYMBOLS.
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
            # a base that is not there hangs on the final one, in one way
            choices = np.where(present[rows, symbol, None], counts[rows, symbol], np.arange(SYMBOLS) == final)
            weight *= choices[:, trees[:, column]] / np.maximum(choices.sum(axis=1, keepdims=True), 1)
        up_to = np.cumsum(weight, axis=1)
        choice = (up_to < rng.random((len(rows), 1)) * up_to[:, -1:]).sum(axis=1)
        for column, symbol in enumerate(symbols):
            targets[rows, symbol] = np.where(present[rows, symbol], trees[np.minimum(choice, len(trees) - 1), column], SYMBOLS)
    return targets


@cache
def _list_trees(final: int) -> tuple[list[int], np.ndarray]:
    """The other symbols, and all trees towards `final` over them: (trees, symbols − 1), what each leads to."""
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
