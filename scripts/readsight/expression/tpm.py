"""Transcripts per million: counts scaled by gene length and then to one million a sample; nothing is fitted over samples."""

from collections.abc import Iterator

import numpy as np

BLOCK = 1 << 17  # numbers worked on at once: they stay in the processor's cache


def effective_lengths(lengths: np.ndarray, fragment: float) -> np.ndarray:
    """Places in a gene where a fragment of mean length can start: length − fragment + 1, at least 1 (Li & Dewey 2011).

    lengths: (genes,), bases. fragment: mean length of the sample's fragments, bases.
    """
    return np.maximum(np.asarray(lengths, dtype=np.float64) - fragment + 1, 1.0)


def transcripts_per_million(counts: np.ndarray, lengths: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """Scale counts by gene length, then to one million a sample (Wagner, Kin & Lynch 2012).

    counts: (samples, genes), reads. lengths: (genes,), or (samples, genes) where they differ between samples;
    effective lengths in bases, > 0. out: where the result goes, `counts` itself included; default: a new float64
    array. Where both are float32, all but the sums is done in float32. Returns (samples, genes), unitless: each sample with any read sums to 1e6, one without
    reads is 0. Raises ValueError for a gene without a length, or for a negative or missing count.
    """
    counts, lengths = np.asarray(counts), np.asarray(lengths)
    out = np.empty(counts.shape) if out is None else out
    kind = np.result_type(counts, out, np.float32)
    for block in _row_blocks(counts):
        sample_lengths = lengths if lengths.ndim == 1 else lengths[block]
        if not (sample_lengths > 0).all() or not np.isfinite(sample_lengths).all():
            raise ValueError("a gene has no length: lengths must be finite and above 0")
        if not (counts[block] >= 0).all():
            raise ValueError("counts must be 0 or more, and none may be missing")
        rates = np.divide(counts[block], sample_lengths.astype(kind, copy=False), dtype=kind)
        totals = rates.astype(np.float64, copy=False).sum(axis=1, keepdims=True)
        factor = np.divide(1e6, totals, out=np.zeros_like(totals), where=totals > 0)
        np.multiply(rates, factor.astype(kind), out=out[block], casting="same_kind")
    return out


def log_tpm(tpm: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """log2(1 + TPM), of the same shape: 0 stays 0. out: where the result goes, `tpm` itself included; default: a new array."""
    tpm = np.asarray(tpm)
    out = np.empty(tpm.shape, np.result_type(tpm, np.float32)) if out is None else out
    for block in _row_blocks(tpm):
        np.log2(1 + tpm[block], out=out[block], casting="same_kind")
    return out


def _row_blocks(table: np.ndarray) -> Iterator[slice]:
    """Runs of samples of some BLOCK numbers."""
    step = max(1, BLOCK // max(1, table.size // max(1, len(table))))
    return (slice(start, start + step) for start in range(0, len(table), step))
