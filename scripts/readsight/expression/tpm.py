"""Transcripts per million: counts scaled by gene length and then to one million per sample, each sample independently."""

from collections.abc import Iterator

import numpy as np

BLOCK_SIZE = 1 << 17  # values per block, chosen to fit into the processor's cache


def effective_lengths(lengths: np.ndarray, fragment: float) -> np.ndarray:
    """Number of start positions of a fragment in each gene: length − fragment + 1, at least 1 (Li & Dewey 2011).

    lengths: (genes,), bases. fragment: mean fragment length of the sample, bases.
    """
    return np.maximum(np.asarray(lengths, dtype=np.float64) - fragment + 1, 1.0)


def transcripts_per_million(counts: np.ndarray, lengths: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """Scale counts by gene length, then to one million per sample (Wagner, Kin & Lynch 2012).

    Parameters
    ----------
    counts : (samples, genes), reads.
    lengths : (genes,), or (samples, genes) if they differ between samples; effective lengths in bases, > 0.
    out : output array, may be `counts`; default: a new float64 array. If both are float32, all but the sums is
        computed in float32.

    Returns
    -------
    (samples, genes), unitless; each sample sums to 1e6, or is 0 if it has no reads.

    Raises
    ------
    ValueError for a gene without a length, or for a negative or missing count.
    """
    counts, lengths = np.asarray(counts), np.asarray(lengths)
    out = np.empty(counts.shape) if out is None else out
    kind = np.result_type(counts, out, np.float32)
    for block in _row_blocks(counts):
        sample_lengths = lengths if lengths.ndim == 1 else lengths[block]
        if not (sample_lengths > 0).all() or not np.isfinite(sample_lengths).all():
            raise ValueError("a gene has no length: lengths must be finite and above 0")
        if not (counts[block] >= 0).all():
            raise ValueError("counts must be 0 or more, and must not be missing")
        rates = np.divide(counts[block], sample_lengths.astype(kind, copy=False), dtype=kind)
        totals = rates.astype(np.float64, copy=False).sum(axis=1, keepdims=True)
        factor = np.divide(1e6, totals, out=np.zeros_like(totals), where=totals > 0)
        np.multiply(rates, factor.astype(kind), out=out[block], casting="same_kind")
    return out


def log_tpm(tpm: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """log2(1 + TPM), same shape; 0 stays 0. out: output array, may be `tpm`; default: a new array."""
    tpm = np.asarray(tpm)
    out = np.empty(tpm.shape, np.result_type(tpm, np.float32)) if out is None else out
    for block in _row_blocks(tpm):
        np.log2(1 + tpm[block], out=out[block], casting="same_kind")
    return out


def _row_blocks(table: np.ndarray) -> Iterator[slice]:
    """Slices of samples with about BLOCK_SIZE values each."""
    step = max(1, BLOCK_SIZE // max(1, table.size // max(1, len(table))))
    return (slice(start, start + step) for start in range(0, len(table), step))
