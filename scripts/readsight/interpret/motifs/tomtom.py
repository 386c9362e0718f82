"""Which known motifs a motif is like: TOMTOM (Gupta et al. 2007), as memesuite-lite computes it."""

import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from readsight.interpret.motifs.meme import NamedMotif
from readsight.stats.enrichment import adjust_p_values

MIN_DATABASE = 50  # of fewer known motifs the columns are too few to tell what is likely by chance: columns with other bases stand beside them
MAX_MATCHES = 5  # matches of a motif that are kept


@dataclass(frozen=True)
class MotifMatch:
    """A known motif beside one that was found. p: that a random motif is as like. q: adjusted over the database.

    strand: whether the found one (+) or its reverse complement (-) is like it as it stands in the database. offset: place of the
    known one (its reverse complement, if −) at which the found one begins.
    """

    known: NamedMotif
    p: float
    q: float
    strand: str
    offset: int


def match_motifs(
    matrices: Sequence[np.ndarray], database: Sequence[NamedMotif], threads: int = 1, max_matches: int = MAX_MATCHES
) -> list[list[MotifMatch]]:
    """The likest known motifs of each (width, 4), the likest first; equal ones in the database's order."""
    if not matrices or not database:
        return [[] for _ in matrices]
    targets = [np.ascontiguousarray(motif.matrix.T) for motif in database] + _shuffle_database(database)
    p, _, offset, _, strand = _run_tomtom(
        [np.ascontiguousarray(np.asarray(motif, float).T) for motif in matrices], targets, threads
    )
    p = np.clip(p[:, : len(database)], 0, 1)
    rows = []
    for i, p_values in enumerate(p):
        q = adjust_p_values(p_values)
        best = np.argsort(p_values, kind="stable")[:max_matches]
        rows.append(
            [
                MotifMatch(database[j], float(p_values[j]), float(q[j]), "-" if strand[i, j] else "+", int(offset[i, j]))
                for j in best.tolist()
            ]
        )
    return rows


def _run_tomtom(queries: list[np.ndarray], targets: list[np.ndarray], threads: int) -> np.ndarray:
    set_numba_cache()
    import numba
    from memelite import tomtom

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return tomtom(queries, targets, n_jobs=min(threads, numba.config.NUMBA_NUM_THREADS))


def _shuffle_database(database: Sequence[NamedMotif]) -> list[np.ndarray]:
    """Where known motifs are few: the same with bases and places in other orders, (4, width) each."""
    if len(database) >= MIN_DATABASE:
        return []
    rng = np.random.default_rng(1)
    rounds = -(-2 * MIN_DATABASE // len(database))
    return [
        np.ascontiguousarray(rng.permuted(motif.matrix, axis=1)[rng.permutation(len(motif))].T)
        for _ in range(rounds)
        for motif in database
    ]


def set_numba_cache(folder: Path = Path(".readsight") / "numba") -> dict[str, str]:
    """What tells numba where it keeps what it compiled: where its packages cannot be written to, a folder of ours.

    It is set for this process, and returned for others.
    """
    import numba

    writable = os.access(Path(numba.__file__).parents[1], os.W_OK)
    settings = {} if writable or "NUMBA_CACHE_DIR" in os.environ else {"NUMBA_CACHE_DIR": str(folder.absolute())}
    if settings:
        numba.config.CACHE_DIR = settings["NUMBA_CACHE_DIR"]
        os.environ.update(settings)
    return settings
