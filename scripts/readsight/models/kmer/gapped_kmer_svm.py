"""A support vector machine on gapped k-mers: words of `length` bases of which `informative` are told (gkm-SVM: Ghandi et al. 2014).

It finds motifs with places that may be any base, which k-mers of the same length break up into many. Features themselves
are held (`gapped_kmer_counts`), not a kernel of all pairs: training and prediction take time that grows with the examples alone.
"""

import logging
from dataclasses import replace
from typing import Any

import numpy as np

from readsight.dataset.encodings.windows import check_kmer_length
from readsight.dataset.fold_file import Fold
from readsight.errors import InputError
from readsight.models import calibration
from readsight.models.fitted_model import FittedModel
from readsight.models.kmer import gapped_kmer_counts, kmer_counts
from readsight.models.kmer.glm import fit_glm, l2_hinge_loss, quadratic_loss
from readsight.models.linear_base import to_probabilities

log = logging.getLogger("readsight")

MAX_INFORMATIVE, MAX_LENGTH = 8, 16  # bases that are told, and of a word
KINDS = ("binary", "multiclass", "multilabel", "regression")
DEFAULTS = {"length": 8, "informative": 5, "most": 20_000, "strength": 1e-4}
GRID = [{"strength": strength} for strength in (1e-3, 1e-4, 1e-5)]
UNIT = 3.0  # units that the deviation of distances is taken as: temperatures are sought about 1
CALIBRATION_INTERVAL = (
    5  # a part in so many of the training groups is kept back once, to see what the machine's distances are worth
)


def search_space(trial: Any) -> dict[str, Any]:
    """Settings of an Optuna trial."""
    return {"strength": trial.suggest_float("strength", 1e-6, 1e-2, log=True)}


def train(train: Fold, validation: Fold | None, settings: dict[str, Any], seed: int, threads: int) -> FittedModel:
    """Squared hinge loss, classes and labels each against the rest; of numbers squared error.

    settings: length and informative (of words), most (training examples, at most), strength of the penalty. Distances become
    probabilities by Platt's scale, fitted on training groups that are kept back for it; then all are learned from.
    description: scale (unit of distances, and as of `draw_calibration`), examples (learned from). Raises InputError for words that cannot be.
    """
    options = DEFAULTS | settings
    check_options(options, train.sequence.length)
    description = (
        kmer_counts.describe_fold(train)
        | {name: options[name] for name in DEFAULTS if name != "length"}
        | {"word": options["length"]}
    )
    subset = kmer_counts.sample_examples(train, min(options["most"], gapped_kmer_counts.max_sequences(description)), seed)
    values, kind = gapped_kmer_counts.compute_features(subset.values, description), train.outcome.kind
    loss = quadratic_loss if kind == "regression" else l2_hinge_loss
    scale = None if kind == "regression" else _fit_scale(values, subset, options["strength"], seed)
    weight, bias = fit_glm(values, subset, options["strength"], loss, standardise=False)
    return FittedModel(
        {"weight": weight.astype(np.float32), "bias": bias}, description | {"scale": scale, "examples": len(subset)}
    )


def check_options(options: dict[str, Any], length: int) -> None:
    """Raise InputError for words that cannot be."""
    faults = []
    if options["informative"] > options["length"]:
        faults.append(
            f"kmers.informative: {options['informative']} of {options['length']} bases cannot be told; use at most kmers.length"
        )
    if options["informative"] > MAX_INFORMATIVE or options["length"] > MAX_LENGTH:
        faults.append(f"kmers.length: gapped words have at most {MAX_LENGTH} bases, and {MAX_INFORMATIVE} of them told")
    if faults:
        raise InputError(faults)
    check_kmer_length(options["length"], length, "kmers.length")


def _fit_scale(values: Any, fold: Fold, strength: float, seed: int) -> dict[str, Any]:
    """What makes probabilities of distances, from groups that a first machine does not see."""
    groups = np.unique(fold.groups, return_inverse=True)[1].reshape(-1)
    is_reserved = np.isin(groups, np.random.default_rng(seed).permutation(groups.max() + 1)[::CALIBRATION_INTERVAL])
    if is_reserved.all() or len(np.unique(fold.labels[~is_reserved], axis=0)) < len(np.unique(fold.labels, axis=0)):
        is_reserved = np.zeros(len(fold), bool)  # of so few groups none can be spared: the scale is that of what was learned from
    reduced = replace(fold, weights=np.where(is_reserved, 0.0, fold.weights))
    weight, bias = fit_glm(values, reduced, strength, l2_hinge_loss, standardise=False)
    calibration_rows = np.flatnonzero(is_reserved if is_reserved.any() else ~is_reserved)
    distance = values[calibration_rows] @ weight + bias
    unit = max(float(distance.std()) / UNIT, 1e-12)
    return {"unit": unit} | calibration.fit(
        fold.outcome.kind, to_probabilities(fold.outcome.kind, distance / unit), fold.labels[calibration_rows]
    )


def predict(arrays: dict[str, np.ndarray], description: dict[str, Any], codes: np.ndarray) -> np.ndarray:
    """Predictions of codes, shaped as `outcome` says."""
    distances = [
        gapped_kmer_counts.compute_features(rows, description) @ arrays["weight"] + arrays["bias"]
        for rows in kmer_counts.iter_chunks(codes)
    ]
    distance = np.concatenate(distances).astype(np.float64)
    if description["kind"] == "regression":
        return distance[:, 0]
    scale = description["scale"]
    return calibration.apply(description["kind"], to_probabilities(description["kind"], distance / scale["unit"]), scale)
