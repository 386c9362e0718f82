"""How often k-mers stand in sequences, as sparse matrices: what the models of k-mers see."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from readsight.dataset.encodings import kmer_tokens
from readsight.dataset.fold_file import Fold

ROWS = 4096  # sequences counted at once
HELD = 60_000_000  # numbers of a sparse matrix, at most: 0.5 GB


def told(fold: Fold) -> dict[str, Any]:
    """What every model of k-mers says of its sequences and its outcome."""
    own = fold.sequence
    return {
        "kind": fold.outcome.kind,
        "outputs": fold.outcome.outputs,
        "length": own.length,
        "pair": own.pair,
        "stranded": own.stranded,
    }


def width(lengths: list[int], stranded: bool) -> int:
    """Columns of the counts of words of such lengths."""
    return sum(int(kmer_tokens.columns(k, stranded).max()) + 1 for k in lengths)


def per_sequence(lengths: list[int], about: dict[str, Any]) -> int:
    """Most numbers other than 0 that a sequence has."""
    own = sum(min(about["length"], width([k], about["stranded"])) for k in lengths)
    return own * (2 if about["pair"] else 1)


def limited(fold: Fold, most: int, seed: int) -> Fold:
    """The fold, or so many of its examples drawn at random where they are more."""
    if len(fold) <= most:
        return fold
    kept = np.sort(np.random.default_rng(seed).choice(len(fold), most, replace=False))
    parts = {name: getattr(fold, name)[kept] for name in ("values", "labels", "weights", "names", "groups")}
    return replace(fold, **parts)


def chunks(codes: np.ndarray) -> Iterator[np.ndarray]:
    """Codes, some rows at a time; at least one part, which may be empty."""
    for i in range(0, max(len(codes), 1), ROWS):
        yield np.asarray(codes[i : i + ROWS])


def rates(codes: np.ndarray, about: dict[str, Any], lengths: list[int]) -> Any:
    """CSR matrix (n, columns) float32: of each length, the part of a sequence's words (without N) that each word is.

    about: as of `told`. Of pairs (n, 2 × columns): of the reference window, and what the alternative one has more or less.
    """
    from scipy.sparse import hstack, vstack

    parts = []
    for rows in chunks(codes):
        sides = [_rates(side, lengths, about["stranded"]) for side in (np.split(rows, 2, axis=1) if about["pair"] else [rows])]
        if about["pair"]:
            change = sides[1] - sides[0]
            change.eliminate_zeros()
            sides = [sides[0], change]
        parts.append(hstack(sides, format="csr") if about["pair"] else sides[0])
    return vstack(parts, format="csr")


def _rates(codes: np.ndarray, lengths: list[int], stranded: bool) -> Any:
    placed, starts = [], [0]
    for k in lengths:
        own = kmer_tokens.columns(k, stranded)[kmer_tokens.ids(codes, k)]
        placed.append(np.where(own < 0, -1, own + starts[-1]))
        starts.append(starts[-1] + width([k], stranded))
    found = counted(np.hstack(placed), starts[-1])
    words = np.stack([(own >= 0).sum(axis=1) for own in placed], axis=1)  # of each sequence and length
    row = np.repeat(np.arange(len(codes)), np.diff(found.indptr))
    found.data /= words[row, np.searchsorted(starts, found.indices, side="right") - 1]
    return found


def counted(places: np.ndarray, columns: int) -> Any:
    """CSR matrix (n, columns) float32 of how often each column is named in a row of places (n, m); −1 names none."""
    from scipy.sparse import csr_matrix

    ordered = np.sort(places.astype(np.int32, copy=False), axis=1)
    new = np.ones(ordered.shape, bool)
    new[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    first = np.flatnonzero(new)
    named = ordered.ravel()[first]
    times = np.diff(np.append(first, ordered.size)).astype(np.float32)
    told = named >= 0
    ends = np.cumsum((new & (ordered >= 0)).sum(axis=1))
    return csr_matrix((times[told], named[told], np.concatenate([[0], ends])), shape=(len(places), columns))
