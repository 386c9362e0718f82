"""A sequence's GC content and its square: whoever does not beat this has learned composition at best."""

from typing import Any

import numpy as np

from readsight.dataset.fold_file import Fold
from readsight.models.fitted_model import Fitted
from readsight.models.kmer import kmer_counts
from readsight.models.kmer.glm import KINDS as LINEAR_KINDS
from readsight.models.kmer.glm import fit, predicted

KINDS = LINEAR_KINDS
STRENGTH = 1e-6  # two features need no penalty, but where they tell classes apart wholly


def values(codes: np.ndarray, about: dict[str, Any]) -> np.ndarray:
    """GC content and its square of codes, (n, 2) float64; of pairs those of the reference, and by how much the alternative differs.

    A sequence of N alone counts as half GC.
    """
    sides = np.split(codes, 2, axis=1) if about["pair"] else [codes]
    contents = []
    for side in sides:
        told = (side < 4).sum(axis=1)
        content = np.where(told > 0, ((side == 1) | (side == 2)).sum(axis=1) / np.maximum(told, 1), 0.5)
        contents.append(np.stack([content, content**2], axis=1))
    return np.hstack([contents[0], contents[1] - contents[0]]) if about["pair"] else contents[0]


def train(train: Fold, validation: Fold | None, settings: dict[str, Any], seed: int, threads: int) -> Fitted:
    """Logistic, softmax, least squares or Poisson regression, as the outcome asks. No settings."""
    about = kmer_counts.told(train)
    own = np.concatenate([values(rows, about) for rows in kmer_counts.chunks(train.values)])
    weight, bias = fit(own, train, STRENGTH)
    return Fitted({"weight": weight, "bias": bias}, about)


def predict(arrays: dict[str, np.ndarray], about: dict[str, Any], codes: np.ndarray) -> np.ndarray:
    """Predictions of codes, shaped as `outcome` says."""
    parts = [
        predicted(about["kind"], values(rows, about) @ arrays["weight"] + arrays["bias"]) for rows in kmer_counts.chunks(codes)
    ]
    return np.concatenate(parts)
