"""Support vector machine on gapped k-mers of `length` bases with `informative` positions (gkm-SVM: Ghandi et al. 2014).

It detects motifs with variable positions, which plain k-mers of the same length split into many. It uses explicit
features (`gapped_kmer_counts`) instead of a kernel matrix: time grows linearly with the number of examples.
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

MAX_INFORMATIVE, MAX_LENGTH = 8, 16  # informative bases, and total length
KINDS = ("binary", "multiclass", "multilabel", "regression")
DEFAULTS = {"length": 8, "informative": 5, "most": 20_000, "strength": 1e-4}
GRID = [{"strength": strength} for strength in (1e-3, 1e-4, 1e-5)]
UNIT = 3.0  # distances are scaled to this standard deviation, so that temperatures are near 1
CALIBRATION_INTERVAL = 5  # one in so many training groups is reserved for the calibration of distances


def search_space(trial: Any) -> dict[str, Any]:
    """Settings of an Optuna trial."""
    return {"strength": trial.suggest_float("strength", 1e-6, 1e-2, log=True)}


def train(train: Fold, validation: Fold | None, settings: dict[str, Any], seed: int, threads: int) -> FittedModel:
    """Squared hinge loss, one-versus-all for classes and labels; squared error for regression.

    settings: length and informative (of k-mers), most (maximum number of training examples), strength of the penalty. Platt
    scaling converts distances to probabilities; it is fitted on reserved training groups, and the model then on all groups.
    description: scale (unit of distances, and as in `calibration`), examples (number used). Raises InputError for impossible
    k-mer settings.
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
    """Raise InputError for impossible k-mer settings."""
    faults = []
    if options["informative"] > options["length"]:
        faults.append(
            f"kmers.informative: {options['informative']} of {options['length']} bases cannot be informative; "
            "use at most kmers.length"
        )
    if options["informative"] > MAX_INFORMATIVE or options["length"] > MAX_LENGTH:
        faults.append(f"kmers.length: gapped k-mers have at most {MAX_LENGTH} bases, and {MAX_INFORMATIVE} informative ones")
    if faults:
        raise InputError(faults)
    check_kmer_length(options["length"], length, "kmers.length")


def _fit_scale(values: Any, fold: Fold, strength: float, seed: int) -> dict[str, Any]:
    """Calibration of distances, fitted on reserved groups with a model trained without them."""
    groups = np.unique(fold.groups, return_inverse=True)[1].reshape(-1)
    is_reserved = np.isin(groups, np.random.default_rng(seed).permutation(groups.max() + 1)[::CALIBRATION_INTERVAL])
    if is_reserved.all() or len(np.unique(fold.labels[~is_reserved], axis=0)) < len(np.unique(fold.labels, axis=0)):
        is_reserved = np.zeros(len(fold), bool)  # too few groups to reserve any: calibrate on the training examples
    reduced = replace(fold, weights=np.where(is_reserved, 0.0, fold.weights))
    weight, bias = fit_glm(values, reduced, strength, l2_hinge_loss, standardise=False)
    calibration_rows = np.flatnonzero(is_reserved if is_reserved.any() else ~is_reserved)
    distance = values[calibration_rows] @ weight + bias
    unit = max(float(distance.std()) / UNIT, 1e-12)
    return {"unit": unit} | calibration.fit(
        fold.outcome.kind, to_probabilities(fold.outcome.kind, distance / unit), fold.labels[calibration_rows]
    )


def predict(arrays: dict[str, np.ndarray], description: dict[str, Any], codes: np.ndarray) -> np.ndarray:
    """Predictions of codes, shaped as in `outcome`."""
    distances = [
        gapped_kmer_counts.compute_features(rows, description) @ arrays["weight"] + arrays["bias"]
        for rows in kmer_counts.iter_chunks(codes)
    ]
    distance = np.concatenate(distances).astype(np.float64)
    if description["kind"] == "regression":
        return distance[:, 0]
    scale = description["scale"]
    return calibration.apply(description["kind"], to_probabilities(description["kind"], distance / scale["unit"]), scale)
