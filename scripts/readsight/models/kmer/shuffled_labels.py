"""The negative control of sequences: a linear model of short k-mers, trained on shuffled labels many times over. It must rank by chance."""

from typing import Any

import numpy as np

from readsight.dataset.fold_file import Fold
from readsight.models.fitted_model import Fitted
from readsight.models.kmer import kmer_counts
from readsight.models.kmer.glm import fit, predicted
from readsight.models.tabular.shuffled_labels import DRAWS, shuffled

__all__ = ["train", "predict", "DRAWS", "KINDS"]

KINDS = ("binary", "multiclass", "multilabel", "regression")
LENGTHS = [1, 2, 3]
STRENGTH = 0.01
MOST = 20_000  # training examples that a draw learns from


def train(train: Fold, validation: Fold | None, settings: dict[str, Any], seed: int, threads: int) -> Fitted:
    """Fit once for each draw. weight (draws, features, outputs), bias (draws, outputs). No settings."""
    lengths = [k for k in LENGTHS if k <= train.sequence.length]
    about = kmer_counts.told(train) | {"lengths": lengths, "draws": DRAWS}
    some = kmer_counts.limited(train, MOST, seed)
    values = kmer_counts.rates(some.values, about, lengths).toarray()  # words so short stand in nearly every sequence
    fits = [fit(values, shuffled(some, 1000 * seed + draw), STRENGTH) for draw in range(DRAWS)]
    weight, bias = (np.array(part) for part in zip(*fits, strict=True))
    return Fitted({"weight": weight, "bias": bias}, about | {"examples": len(some)})


def predict(arrays: dict[str, np.ndarray], about: dict[str, Any], codes: np.ndarray) -> np.ndarray:
    """Predictions by each draw: (draws, n), or (draws, n, K) where there are several a row."""
    values = np.concatenate([kmer_counts.rates(rows, about, about["lengths"]).toarray() for rows in kmer_counts.chunks(codes)])
    scores = np.einsum("nf,dfk->dnk", values.astype(np.float64), arrays["weight"], optimize=True) + arrays["bias"][:, None]
    return np.array([predicted(about["kind"], own) for own in scores])
