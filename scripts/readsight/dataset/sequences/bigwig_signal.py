"""bigWig signal over windows: mean per window, or mean per bin. Bases without a value count as 0."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from readsight.errors import InputError
from readsight.genome.store import describe_missing_contigs

SHOWN = 5


def read_mean_signal(path: Path | str, obs: pd.DataFrame) -> np.ndarray:
    """Mean signal of each window over its bases on the contig, (n,) float64.

    obs: chrom, start, end (0-based half-open). Raises InputError if the file is not a bigWig or lacks contigs of the windows.
    """
    means = np.zeros(len(obs))
    with _open_bigwig(path, obs) as handle:
        for i, values, _, _ in _iterate_values(handle, obs):
            means[i] = values.mean(dtype=float) if len(values) else 0.0
    return means


def read_profiles(path: Path | str, obs: pd.DataFrame, bin: int) -> np.ndarray:
    """Mean signal of each bin of each window, (n, length // bin) float32, in the direction of the window's strand.

    Parameters
    ----------
    obs : chrom, start, end, strand of windows of one length. Bases past a contig's end count as 0.
    bin : bases per bin.

    Raises
    ------
    InputError if the length is not a multiple of bin, if a value is negative (profiles are counts or coverage), and as
    `read_mean_signal` does.
    """
    length = int(obs["end"].iloc[0] - obs["start"].iloc[0])
    if length % bin:
        nearest_length = max(1, round(length / bin)) * bin
        raise InputError(
            f"sequences.bin: windows of {length} bases are not a multiple of the bin size {bin}; set sequences.length to {nearest_length}"
        )
    profiles = np.zeros((len(obs), length // bin), np.float32)
    signal = np.zeros(length, np.float32)
    strands = obs["strand"].to_numpy(str)
    with _open_bigwig(path, obs) as handle:
        for i, values, before, after in _iterate_values(handle, obs):
            signal[:before] = signal[length - after :] = 0
            signal[before : length - after] = values
            profiles[i] = (signal if strands[i] != "-" else signal[::-1]).reshape(-1, bin).mean(axis=1)
    negative_rows = np.flatnonzero((profiles < 0).any(axis=1))
    if len(negative_rows):
        window = obs.iloc[negative_rows[0]]
        raise InputError(
            f"sequences.signal: {path} is negative in {len(negative_rows):,} windows, the first {window.chrom}:{window.start}-{window.end}; profiles "
            "need coverage or counts, not logarithms or differences; use a different bigWig, or sequences.target: score"
        )
    return profiles


def _iterate_values(handle: Any, obs: pd.DataFrame) -> Iterator[tuple[int, np.ndarray, int, int]]:
    """For each window, in file order: its row in obs, values, and bases before and after the contig."""
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
def _open_bigwig(path: Path | str, obs: pd.DataFrame) -> Iterator[Any]:
    """The opened bigWig. Raises InputError if it is unreadable or lacks contigs of the windows."""
    import pyBigWig

    try:
        handle = pyBigWig.open(str(path))
        is_bigwig = handle is not None and handle.isBigWig()
    except RuntimeError:
        is_bigwig = False
    if not is_bigwig:
        raise InputError(f"sequences.signal: {path} is not a readable bigWig; download it again, or create it (bedGraphToBigWig)")
    try:
        unplaced = obs.index[(obs["chrom"] == "").to_numpy()]
        if len(unplaced):
            contig_list = ", ".join(map(str, unplaced[:SHOWN]))
            raise InputError(
                f"sequences.signal: {len(unplaced):,} sequences have no locus on the genome ({contig_list}); use regions (BED)"
            )
        known = list(handle.chroms())
        missing = [name for name in obs["chrom"].unique() if name not in known]
        if missing:
            raise InputError(
                [f"sequences.files: {fault}" for fault in describe_missing_contigs(missing, known, "the regions", str(path))]
            )
        yield handle
    finally:
        handle.close()
