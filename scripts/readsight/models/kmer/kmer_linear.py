"""Linear model of the rates of all k-mers up to length k: the baseline for networks."""

import logging
from typing import Any

import numpy as np

from readsight.dataset.encodings.windows import check_kmer_length
from readsight.dataset.fold_file import Fold
from readsight.models.fitted_model import FittedModel
from readsight.models.kmer import kmer_counts
from readsight.models.kmer.glm import KINDS as LINEAR_KINDS
from readsight.models.kmer.glm import fit_glm, predict_from_scores

log = logging.getLogger("readsight")

KINDS = LINEAR_KINDS
GRID = [{"strength": strength} for strength in (10.0, 1.0, 0.1, 0.01, 0.001)]
DEFAULTS = {"k": 6, "strength": 0.01}


def search_space(trial: Any) -> dict[str, Any]:
    """Settings of an Optuna trial."""
    return {"strength": trial.suggest_float("strength", 1e-4, 100.0, log=True)}


def train(train: Fold, validation: Fold | None, settings: dict[str, Any], seed: int, threads: int) -> FittedModel:
    """Logistic, softmax, least-squares or Poisson regression (`glm`) on rates of k-mers.

    settings: k (maximum length), strength of the penalty. Examples are sampled if the matrix exceeds `kmer_counts.MAX_VALUES`
    numbers: description["examples"]. Raises InputError if k exceeds the sequence length.
    """
    options = DEFAULTS | settings
    check_kmer_length(options["k"], train.sequence.length, "kmers.k")
    lengths = list(range(1, options["k"] + 1))
    description = kmer_counts.describe_fold(train) | {"lengths": lengths, "strength": options["strength"]}
    subset = kmer_counts.sample_examples(
        train, kmer_counts.MAX_VALUES // kmer_counts.max_values_per_sequence(lengths, description), seed
    )
    weight, bias = fit_glm(kmer_counts.compute_rates(subset.values, description, lengths), subset, options["strength"])
    return FittedModel({"weight": weight.astype(np.float32), "bias": bias}, description | {"examples": len(subset)})


def predict(arrays: dict[str, np.ndarray], description: dict[str, Any], codes: np.ndarray) -> np.ndarray:
    """Predictions of codes, shaped as in `outcome`."""
    scores = [
        kmer_counts.compute_rates(rows, description, description["lengths"]) @ arrays["weight"] + arrays["bias"]
        for rows in kmer_counts.iter_chunks(codes)
    ]
    return predict_from_scores(description["kind"], np.concatenate(scores).astype(np.float64))
