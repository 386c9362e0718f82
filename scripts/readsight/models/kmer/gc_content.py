"""Baseline on GC content and its square: a model that is not better uses base composition at most."""

from typing import Any

import numpy as np

from readsight.dataset.fold_file import Fold
from readsight.models.fitted_model import FittedModel
from readsight.models.kmer import kmer_counts
from readsight.models.kmer.glm import KINDS as LINEAR_KINDS
from readsight.models.kmer.glm import fit_glm, predict_from_scores

KINDS = LINEAR_KINDS
STRENGTH = 1e-6  # two features need a penalty only if they separate classes perfectly


def compute_gc(codes: np.ndarray, description: dict[str, Any]) -> np.ndarray:
    """GC content and its square, (n, 2) float64; for pairs the reference, and the change to the alternative.

    A sequence of only N has a GC content of 0.5.
    """
    sides = np.split(codes, 2, axis=1) if description["pair"] else [codes]
    contents = []
    for side in sides:
        known = (side < 4).sum(axis=1)
        content = np.where(known > 0, ((side == 1) | (side == 2)).sum(axis=1) / np.maximum(known, 1), 0.5)
        contents.append(np.stack([content, content**2], axis=1))
    return np.hstack([contents[0], contents[1] - contents[0]]) if description["pair"] else contents[0]


def train(train: Fold, validation: Fold | None, settings: dict[str, Any], seed: int, threads: int) -> FittedModel:
    """Logistic, softmax, least-squares or Poisson regression, by kind of outcome. No settings."""
    description = kmer_counts.describe_fold(train)
    features = np.concatenate([compute_gc(rows, description) for rows in kmer_counts.iter_chunks(train.values)])
    weight, bias = fit_glm(features, train, STRENGTH)
    return FittedModel({"weight": weight, "bias": bias}, description)


def predict(arrays: dict[str, np.ndarray], description: dict[str, Any], codes: np.ndarray) -> np.ndarray:
    """Predictions of codes, shaped as in `outcome`."""
    predictions = [
        predict_from_scores(description["kind"], compute_gc(rows, description) @ arrays["weight"] + arrays["bias"])
        for rows in kmer_counts.iter_chunks(codes)
    ]
    return np.concatenate(predictions)
