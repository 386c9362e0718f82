"""Transcripts per million: counts scaled by gene length and then to one million a sample; nothing is fitted over samples."""

import numpy as np


def effective_lengths(lengths: np.ndarray, fragment: float) -> np.ndarray:
    """Places in a gene where a fragment of mean length can start: length − fragment + 1, at least 1 (Li & Dewey 2011).

    lengths: (genes,), bases. fragment: mean length of the sample's fragments, bases.
    """
    return np.maximum(np.asarray(lengths, dtype=np.float64) - fragment + 1, 1.0)


def transcripts_per_million(counts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Scale counts by gene length, then to one million a sample (Wagner, Kin & Lynch 2012).

    counts: (samples, genes), reads. lengths: (genes,), or (samples, genes) where they differ between samples;
    effective lengths in bases, > 0. Returns (samples, genes), float64, unitless: each sample with any read
    sums to 1e6, one without reads is 0. Raises ValueError for a gene without a length, or for a negative or missing count.
    """
    counts, lengths = np.asarray(counts), np.asarray(lengths, dtype=np.float64)
    if not (lengths > 0).all() or not np.isfinite(lengths).all():
        raise ValueError("a gene has no length: lengths must be finite and above 0")
    if not (counts >= 0).all():
        raise ValueError("counts must be 0 or more, and none may be missing")
    rates = counts / lengths
    totals = rates.sum(axis=1, keepdims=True)
    np.divide(rates, totals, out=rates, where=totals > 0)
    rates *= 1e6
    return rates


def log_tpm(tpm: np.ndarray) -> np.ndarray:
    """log2(1 + TPM), of the same shape: 0 stays 0."""
    return np.log2(1 + np.asarray(tpm))
