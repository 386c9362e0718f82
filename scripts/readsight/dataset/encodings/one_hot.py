"""Bases as they are: four channels a place, one of them 1; N is none. Nothing is learned."""

from typing import Any

import numpy as np

from readsight.dataset.encodings.windows import describe_sequences
from readsight.dataset.fold_file import Encoding, SequenceLayout

# Bases to channels A C G T; N is 0 in all of them.
CHANNELS = np.vstack([np.eye(4, dtype=np.float32), np.zeros((1, 4), np.float32)])


def fit(codes: np.ndarray, sequence: SequenceLayout, spec: dict[str, Any], seed: int, threads: int) -> Encoding:
    """There is nothing to fit."""
    return Encoding("one_hot", describe_sequences(sequence), {})


def compute_features(codes: np.ndarray, encoding: Encoding) -> tuple[np.ndarray, list[str]]:
    """Every channel of every position: (n, 4 × places) of 0 and 1, named `12G` (of pairs `reference:12G`, `alternative:12G`)."""
    length, pair = encoding.description["length"], encoding.description["pair"]
    sides = ("reference:", "alternative:") if pair else ("",)
    names = [f"{side}{position + 1}{base}" for side in sides for position in range(length) for base in "ACGT"]
    return CHANNELS[codes].reshape(len(codes), 4 * codes.shape[1]), names
