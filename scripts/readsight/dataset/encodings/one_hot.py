"""One-hot encoding: four channels per position; N is zero in all of them. Nothing is fitted."""

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
    """Channels of all positions: (n, 4 × length) of 0 and 1, named `12G` (for pairs `reference:12G`, `alternative:12G`)."""
    length, pair = encoding.description["length"], encoding.description["pair"]
    sides = ("reference:", "alternative:") if pair else ("",)
    names = [f"{side}{position + 1}{base}" for side in sides for position in range(length) for base in "ACGT"]
    return CHANNELS[codes].reshape(len(codes), 4 * codes.shape[1]), names
