"""A sequence's GC content and its square: whoever does not beat this has learned composition at best."""

from typing import Any

import numpy as np

from readsight.dataset.fold_file import Fold
from readsight.models.fitted_model import FittedModel
from readsight.models.kmer import kmer_counts
from readsight.models.kmer.glm import KINDS as LINEAR_KINDS
from readsight.models.kmer.glm import fit_glm, predict_from_scores

KINDS = LINEAR_KINDS
STRENGTH = 1e-6  # two features need no penalty, but where they tell classes apart wholly


def compute_gc(codes: np.ndarray, description: dict[str, Any]) -> np.ndarray:
    """GC content and its square of codes, (n, 2) float64; of pairs those of the reference, and by how much the alternative differs.

    A sequence of N alone counts as half GC.
    """
    sides = np.split(codes, 2, axis=1) if description["pair"] else [codes]
    contents = []
    for side in sides:
        known = (side < 4).sum(axis=1)
        content = np.where(known > 0, ((side == 1) | (side == 2)).sum(axis=1) / np.maximum(known, 1), 0.5)
        contents.append(np.stack([content, content**2], axis=1))
    return np.hstack([contents[0], contents[1] - contents[0]]) if description["pair"] else contents[0]


def train(train: Fold, validation: Fold | None, settings: dict[str, Any], seed: int, threads: int) -> FittedModel:
    """Logistic, softmax, least squares or Poisson regression, as the outcome asks. No settings."""
    description = kmer_counts.describe_fold(train)
    features = np.concatenate([compute_gc(rows, description) for rows in kmer_counts.iter_chunks(train.values)])
    weight, bias = fit_glm(features, train, STRENGTH)
    return FittedModel({"weight": weight, "bias": bias}, description)


def predict(arrays: dict[str, np.ndarray], description: dict[str, Any], codes: np.ndarray) -> np.ndarray:
    """Predictions of codes, shaped as `outcome` says."""
    predictions = [
        predict_from_scores(description["kind"], compute_gc(rows, description) @ arrays["weight"] + arrays["bias"])
        for rows in kmer_counts.iter_chunks(codes)
    ]
    return np.concatenate(predictions)
