"""Similarity of motifs to known ones by TOMTOM (Gupta et al. 2007), with memesuite-lite."""

import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from readsight.interpret.motifs.meme import NamedMotif
from readsight.stats.enrichment import adjust_p_values

MIN_DATABASE = 50  # smaller databases are extended by shuffled motifs, for a stable null distribution
MAX_MATCHES = 5  # matches per motif


@dataclass(frozen=True)
class MotifMatch:
    """A known motif that is similar to a query.

    Attributes
    ----------
    p : probability of this similarity for a random motif.
    q : p adjusted over the database.
    strand : whether the query (+) or its reverse complement (−) matches the motif as given in the database.
    offset : position in the known motif (its reverse complement if −) at which the query begins.
    """

    known: NamedMotif
    p: float
    q: float
    strand: str
    offset: int


def match_motifs(
    matrices: Sequence[np.ndarray], database: Sequence[NamedMotif], threads: int = 1, max_matches: int = MAX_MATCHES
) -> list[list[MotifMatch]]:
    """Most similar known motifs of each matrix (width, 4), best first; ties in database order."""
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
    """For a small database: known motifs with permuted bases and positions, (4, width) each."""
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
    """Set the cache folder of numba if its package folder is read-only.

    The environment variables are set for this process and returned for subprocesses.
    """
    import numba

    writable = os.access(Path(numba.__file__).parents[1], os.W_OK)
    settings = {} if writable or "NUMBA_CACHE_DIR" in os.environ else {"NUMBA_CACHE_DIR": str(folder.absolute())}
    if settings:
        numba.config.CACHE_DIR = settings["NUMBA_CACHE_DIR"]
        os.environ.update(settings)
    return settings
