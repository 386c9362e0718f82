"""Which known motifs a motif is like: TOMTOM (Gupta et al. 2007), as memesuite-lite computes it."""

import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from readsight.interpret.motifs.meme import Known
from readsight.stats.enrichment import adjusted

FEW = 50  # of fewer known motifs the columns are too few to tell what is likely by chance: columns with other bases stand beside them
KEPT = 5  # matches of a motif that are kept


@dataclass(frozen=True)
class Match:
    """A known motif beside one that was found. p: that a random motif is as like. q: adjusted over the database.

    strand: whether the found one (+) or its reverse complement (-) is like it as it stands in the database. offset: place of the
    known one (its reverse complement, if −) at which the found one begins.
    """

    known: Known
    p: float
    q: float
    strand: str
    offset: int


def matched(found: Sequence[np.ndarray], database: Sequence[Known], threads: int = 1, kept: int = KEPT) -> list[list[Match]]:
    """The likest known motifs of each (width, 4), the likest first; equal ones in the database's order."""
    if not found or not database:
        return [[] for _ in found]
    targets = [np.ascontiguousarray(one.matrix.T) for one in database] + _others(database)
    p, _, offset, _, strand = _tomtom([np.ascontiguousarray(np.asarray(one, float).T) for one in found], targets, threads)
    p = np.clip(p[:, : len(database)], 0, 1)
    rows = []
    for i, own in enumerate(p):
        q = adjusted(own)
        best = np.argsort(own, kind="stable")[:kept]
        rows.append(
            [
                Match(database[j], float(own[j]), float(q[j]), "-" if strand[i, j] else "+", int(offset[i, j]))
                for j in best.tolist()
            ]
        )
    return rows


def _tomtom(queries: list[np.ndarray], targets: list[np.ndarray], threads: int) -> np.ndarray:
    compiled()
    import numba
    from memelite import tomtom

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return tomtom(queries, targets, n_jobs=min(threads, numba.config.NUMBA_NUM_THREADS))


def _others(database: Sequence[Known]) -> list[np.ndarray]:
    """Where known motifs are few: the same with bases and places in other orders, (4, width) each."""
    if len(database) >= FEW:
        return []
    draw = np.random.default_rng(1)
    rounds = -(-2 * FEW // len(database))
    return [
        np.ascontiguousarray(draw.permuted(one.matrix, axis=1)[draw.permutation(len(one))].T)
        for _ in range(rounds)
        for one in database
    ]


def compiled(folder: Path = Path(".readsight") / "numba") -> dict[str, str]:
    """What tells numba where it keeps what it compiled: where its packages cannot be written to, a folder of ours.

    It is set for this process, and returned for others.
    """
    import numba

    writable = os.access(Path(numba.__file__).parents[1], os.W_OK)
    told = {} if writable or "NUMBA_CACHE_DIR" in os.environ else {"NUMBA_CACHE_DIR": str(folder.absolute())}
    if told:
        numba.config.CACHE_DIR = told["NUMBA_CACHE_DIR"]
        os.environ.update(told)
    return told
