"""Shared functions of the encodings: description of sequences, features of strands and pairs, and feature scaling."""

from collections.abc import Callable
from typing import Any

import numpy as np

from readsight.dataset.fold_file import SequenceLayout
from readsight.errors import InputError
from readsight.genome.codes import reverse_complement

ROWS = 1024  # sequences processed at once
SCALING_ROWS = 20_000  # training sequences used to fit the feature scale, at most
ZERO_DEVIATION = 1e-8  # smaller deviations count as zero

Features = Callable[[np.ndarray], np.ndarray]


def describe_sequences(sequence: SequenceLayout) -> dict[str, Any]:
    """Description of the sequences that every encoding includes."""
    return {"length": sequence.length, "pair": sequence.pair, "stranded": sequence.stranded}


def check_kmer_length(k: int, length: int, key: str = "represent.k") -> None:
    """Raise InputError if k is longer than the sequences."""
    if k > length:
        raise InputError(f"{key}: k-mers of {k} bases are longer than the sequences ({length} bases); use at most {length}")


def draw_rows(codes: np.ndarray, limit: int, seed: int) -> np.ndarray:
    """At most `limit` random rows, in their original order; only these are read from a file."""
    if len(codes) <= limit:
        return np.asarray(codes)
    return np.asarray(codes[np.sort(np.random.default_rng(seed).choice(len(codes), limit, replace=False))])


def draw_windows(codes: np.ndarray, sequence: SequenceLayout, limit: int, seed: int) -> np.ndarray:
    """At most about `limit` random windows (m, length) for training; both windows of a pair, references first."""
    if not sequence.pair:
        return draw_rows(codes, max(1, limit), seed)
    return np.concatenate(np.split(draw_rows(codes, max(1, limit // 2), seed), 2, axis=1))


def compute_raw(codes: np.ndarray, description: dict[str, Any], compute_window: Features) -> np.ndarray:
    """Features (n, d) float32 by `compute_window`, in chunks: strands averaged unless stranded; pairs have twice as many."""

    def average_strands(rows: np.ndarray) -> np.ndarray:
        return (
            compute_window(rows)
            if description["stranded"]
            else (compute_window(rows) + compute_window(reverse_complement(rows))) / 2
        )

    def compute_rows(rows: np.ndarray) -> np.ndarray:
        if not description["pair"]:
            return average_strands(rows)
        reference, alternative = (average_strands(side) for side in np.split(rows, 2, axis=1))
        return np.hstack([reference, alternative - reference])

    if not len(codes):  # a sequence of N determines the width
        return compute_rows(np.full((1, codes.shape[1]), 4, np.uint8))[:0].astype(np.float32)
    chunks = [compute_rows(np.asarray(codes[i : i + ROWS])) for i in range(0, len(codes), ROWS)]
    return np.concatenate(chunks).astype(np.float32, copy=False)


def name_features(names: list[str], description: dict[str, Any]) -> list[str]:
    """Names of features; for pairs those of the reference, then of the differences."""
    return [f"{side}:{name}" for side in ("reference", "difference") for name in names] if description["pair"] else names


def fit_scale(values: np.ndarray) -> dict[str, np.ndarray]:
    """Mean and standard deviation (d,) of training features; a deviation of zero is replaced by 1."""
    deviation = values.std(axis=0, dtype=np.float64)
    mean = values.mean(axis=0, dtype=np.float64)
    return {
        "feature_mean": mean.astype(np.float32),
        "feature_deviation": np.where(deviation > ZERO_DEVIATION, deviation, 1).astype(np.float32),
    }


def apply_scale(values: np.ndarray, arrays: dict[str, np.ndarray]) -> np.ndarray:
    """Features (n, d) scaled by the training set, in place."""
    values -= arrays["feature_mean"]
    values /= arrays["feature_deviation"]
    return values
