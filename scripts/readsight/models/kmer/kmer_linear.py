"""A linear model of how often each k-mer stands in a sequence, of all lengths up to k: the baseline that networks are held against."""

import logging
from typing import Any

import numpy as np

from readsight.dataset.encodings.windows import fits
from readsight.dataset.fold_file import Fold
from readsight.models.fitted_model import Fitted
from readsight.models.kmer import kmer_counts
from readsight.models.kmer.glm import KINDS as LINEAR_KINDS
from readsight.models.kmer.glm import fit, predicted

log = logging.getLogger("readsight")

KINDS = LINEAR_KINDS
GRID = [{"strength": strength} for strength in (10.0, 1.0, 0.1, 0.01, 0.001)]
DEFAULTS = {"k": 6, "strength": 0.01}


def space(trial: Any) -> dict[str, Any]:
    """Settings of an Optuna trial."""
    return {"strength": trial.suggest_float("strength", 1e-4, 100.0, log=True)}


def train(train: Fold, validation: Fold | None, settings: dict[str, Any], seed: int, threads: int) -> Fitted:
    """Logistic, softmax, least squares or Poisson regression (`glm`) on rates of k-mers.

    settings: k, longest words counted; strength of the penalty. Of more examples than `kmer_counts.HELD` numbers make, so many
    are drawn: about["examples"]. Raises InputError where k is longer than the sequences.
    """
    own = DEFAULTS | settings
    fits(own["k"], train.sequence.length, "kmers.k")
    lengths = list(range(1, own["k"] + 1))
    about = kmer_counts.told(train) | {"lengths": lengths, "strength": own["strength"]}
    some = kmer_counts.limited(train, kmer_counts.HELD // kmer_counts.per_sequence(lengths, about), seed)
    weight, bias = fit(kmer_counts.rates(some.values, about, lengths), some, own["strength"])
    return Fitted({"weight": weight.astype(np.float32), "bias": bias}, about | {"examples": len(some)})


def predict(arrays: dict[str, np.ndarray], about: dict[str, Any], codes: np.ndarray) -> np.ndarray:
    """Predictions of codes, shaped as `outcome` says."""
    parts = [
        kmer_counts.rates(rows, about, about["lengths"]) @ arrays["weight"] + arrays["bias"] for rows in kmer_counts.chunks(codes)
    ]
    return predicted(about["kind"], np.concatenate(parts).astype(np.float64))
