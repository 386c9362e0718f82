"""Negative control for sequences: a linear k-mer model, trained repeatedly on shuffled labels. It must rank by chance."""

from typing import Any

import numpy as np

from readsight.dataset.fold_file import Fold
from readsight.models.fitted_model import FittedModel
from readsight.models.kmer import kmer_counts
from readsight.models.kmer.glm import fit_glm, predict_from_scores
from readsight.models.tabular.shuffled_labels import DRAWS, shuffle_labels

__all__ = ["train", "predict", "DRAWS", "KINDS"]

KINDS = ("binary", "multiclass", "multilabel", "regression")
LENGTHS = [1, 2, 3]
STRENGTH = 0.01
MAX_EXAMPLES = 20_000  # training examples per draw


def train(train: Fold, validation: Fold | None, settings: dict[str, Any], seed: int, threads: int) -> FittedModel:
    """Fit once per draw. weight (draws, features, outputs), bias (draws, outputs). No settings."""
    lengths = [k for k in LENGTHS if k <= train.sequence.length]
    description = kmer_counts.describe_fold(train) | {"lengths": lengths, "draws": DRAWS}
    subset = kmer_counts.sample_examples(train, MAX_EXAMPLES, seed)
    # Dense, since such short k-mers occur in nearly every sequence.
    values = kmer_counts.compute_rates(subset.values, description, lengths).toarray()
    fits = [fit_glm(values, shuffle_labels(subset, 1000 * seed + draw), STRENGTH) for draw in range(DRAWS)]
    weight, bias = (np.array(arrays) for arrays in zip(*fits, strict=True))
    return FittedModel({"weight": weight, "bias": bias}, description | {"examples": len(subset)})


def predict(arrays: dict[str, np.ndarray], description: dict[str, Any], codes: np.ndarray) -> np.ndarray:
    """Predictions of each draw: (draws, n), or (draws, n, K) with several outputs."""
    values = np.concatenate(
        [
            kmer_counts.compute_rates(rows, description, description["lengths"]).toarray()
            for rows in kmer_counts.iter_chunks(codes)
        ]
    )
    scores = np.einsum("nf,dfk->dnk", values.astype(np.float64), arrays["weight"], optimize=True) + arrays["bias"][:, None]
    return np.array([predict_from_scores(description["kind"], draw_scores) for draw_scores in scores])
