"""Signal of a bigWig over windows: its mean, or its course in bins. Bases without a value count as 0."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from readsight.errors import InputError
from readsight.genome.store import unknown

SHOWN = 5


def scores(path: Path | str, obs: pd.DataFrame) -> np.ndarray:
    """Mean signal of each window over its bases on the contig, (n,) float64. obs: chrom, start, end (0-based half-open).

    Raises InputError where the file is no bigWig, or lacks contigs of the windows.
    """
    found = np.zeros(len(obs))
    with _open(path, obs) as handle:
        for i, values, _, _ in _values(handle, obs):
            found[i] = values.mean(dtype=float) if len(values) else 0.0
    return found


def profiles(path: Path | str, obs: pd.DataFrame, bin: int) -> np.ndarray:
    """Mean signal of each bin of each window, (n, length // bin) float32, in the order in which the window's strand reads.

    obs: chrom, start, end, strand of windows of one length. Bases past a contig's end count as 0. Raises InputError where the
    length is no multiple of bin, where a value is negative (a profile is of counts or coverage), and as `scores` does.
    """
    length = int(obs["end"].iloc[0] - obs["start"].iloc[0])
    if length % bin:
        near = max(1, round(length / bin)) * bin
        raise InputError(
            f"sequences.bin: windows of {length} bases are no whole number of bins of {bin}; set sequences.length to {near}"
        )
    found = np.zeros((len(obs), length // bin), np.float32)
    whole = np.zeros(length, np.float32)
    strands = obs["strand"].to_numpy(str)
    with _open(path, obs) as handle:
        for i, values, before, after in _values(handle, obs):
            whole[:before] = whole[length - after :] = 0
            whole[before : length - after] = values
            found[i] = (whole if strands[i] != "-" else whole[::-1]).reshape(-1, bin).mean(axis=1)
    wrong = np.flatnonzero((found < 0).any(axis=1))
    if len(wrong):
        place = obs.iloc[wrong[0]]
        raise InputError(
            f"sequences.signal: {path} is negative in {len(wrong):,} windows, the first {place.chrom}:{place.start}-{place.end}; a profile is "
            "of coverage or counts, not of a logarithm or a difference; name another bigWig, or use sequences.target: score"
        )
    return found


def _values(handle: Any, obs: pd.DataFrame) -> Iterator[tuple[int, np.ndarray, int, int]]:
    """Of each window, in the order in which they lie in the file: its place in obs, values, and bases before and past the contig."""
    sizes = handle.chroms()
    chroms, starts, ends = (obs[name].to_numpy() for name in ("chrom", "start", "end"))
    for i in np.lexsort((starts, chroms.astype(str))).tolist():
        chrom, start, end = str(chroms[i]), int(starts[i]), int(ends[i])
        first, last = min(max(start, 0), end), max(min(end, sizes[chrom]), start)
        if first >= last:
            yield i, np.empty(0, np.float32), end - start, 0
            continue
        values = np.asarray(handle.values(chrom, first, last, numpy=True), np.float32)
        yield i, np.nan_to_num(values, copy=False, nan=0.0), first - start, end - last


@contextmanager
def _open(path: Path | str, obs: pd.DataFrame) -> Iterator[Any]:
    """The bigWig, once it is known to have the contigs of the windows. Raises InputError."""
    import pyBigWig

    try:
        handle = pyBigWig.open(str(path))
        fine = handle is not None and handle.isBigWig()
    except RuntimeError:
        fine = False
    if not fine:
        raise InputError(f"sequences.signal: {path} is no bigWig that can be read; get it again, or make it (bedGraphToBigWig)")
    try:
        nowhere = obs.index[(obs["chrom"] == "").to_numpy()]
        if len(nowhere):
            shown = ", ".join(map(str, nowhere[:SHOWN]))
            raise InputError(
                f"sequences.signal: {len(nowhere):,} sequences have no place on the genome ({shown}); use regions (BED)"
            )
        known = list(handle.chroms())
        strange = [name for name in obs["chrom"].unique() if name not in known]
        if strange:
            raise InputError([f"sequences.files: {fault}" for fault in unknown(strange, known, "the regions", str(path))])
        yield handle
    finally:
        handle.close()
