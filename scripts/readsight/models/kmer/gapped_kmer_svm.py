"""A support vector machine on gapped k-mers: words of `length` bases of which `informative` are told (gkm-SVM: Ghandi et al. 2014).

It finds motifs with places that may be any base, which k-mers of the same length break up into many. Features themselves
are held (`gapped_kmer_counts`), not a kernel of all pairs: training and prediction take time that grows with the examples alone.
"""

import logging
from dataclasses import replace
from typing import Any

import numpy as np

from readsight.dataset.encodings.windows import fits
from readsight.dataset.fold_file import Fold
from readsight.errors import InputError
from readsight.models import calibration
from readsight.models.fitted_model import Fitted
from readsight.models.kmer import gapped_kmer_counts, kmer_counts
from readsight.models.kmer.glm import fit, margin, squared
from readsight.models.linear_base import probabilities

log = logging.getLogger("readsight")

LARGEST, LONGEST = 8, 16  # bases that are told, and of a word
KINDS = ("binary", "multiclass", "multilabel", "regression")
DEFAULTS = {"length": 8, "informative": 5, "most": 20_000, "strength": 1e-4}
GRID = [{"strength": strength} for strength in (1e-3, 1e-4, 1e-5)]
UNIT = 3.0  # units that the deviation of distances is taken as: temperatures are sought about 1
CHECKED = 5  # a part in so many of the training groups is kept back once, to see what the machine's distances are worth


def space(trial: Any) -> dict[str, Any]:
    """Settings of an Optuna trial."""
    return {"strength": trial.suggest_float("strength", 1e-6, 1e-2, log=True)}


def train(train: Fold, validation: Fold | None, settings: dict[str, Any], seed: int, threads: int) -> Fitted:
    """Squared hinge loss, classes and labels each against the rest; of numbers squared error.

    settings: length and informative (of words), most (training examples, at most), strength of the penalty. Distances become
    probabilities by Platt's scale, fitted on training groups that are kept back for it; then all are learned from.
    about: scale (unit of distances, and as of `calibration`), examples (learned from). Raises InputError for words that cannot be.
    """
    own = DEFAULTS | settings
    check(own, train.sequence.length)
    about = kmer_counts.told(train) | {name: own[name] for name in DEFAULTS if name != "length"} | {"word": own["length"]}
    some = kmer_counts.limited(train, min(own["most"], gapped_kmer_counts.most(about)), seed)
    values, kind = gapped_kmer_counts.features(some.values, about), train.outcome.kind
    loss = squared if kind == "regression" else margin
    scale = None if kind == "regression" else _scale(values, some, own["strength"], seed)
    weight, bias = fit(values, some, own["strength"], loss, scaled=False)
    return Fitted({"weight": weight.astype(np.float32), "bias": bias}, about | {"scale": scale, "examples": len(some)})


def check(own: dict[str, Any], length: int) -> None:
    """Raise InputError for words that cannot be."""
    faults = []
    if own["informative"] > own["length"]:
        faults.append(
            f"kmers.informative: {own['informative']} of {own['length']} bases cannot be told; use at most kmers.length"
        )
    if own["informative"] > LARGEST or own["length"] > LONGEST:
        faults.append(f"kmers.length: gapped words have at most {LONGEST} bases, and {LARGEST} of them told")
    if faults:
        raise InputError(faults)
    fits(own["length"], length, "kmers.length")


def _scale(values: Any, fold: Fold, strength: float, seed: int) -> dict[str, Any]:
    """What makes probabilities of distances, from groups that a first machine does not see."""
    groups = np.unique(fold.groups, return_inverse=True)[1].reshape(-1)
    kept = np.isin(groups, np.random.default_rng(seed).permutation(groups.max() + 1)[::CHECKED])
    if kept.all() or len(np.unique(fold.labels[~kept], axis=0)) < len(np.unique(fold.labels, axis=0)):
        kept = np.zeros(len(fold), bool)  # of so few groups none can be spared: the scale is that of what was learned from
    rest = replace(fold, weights=np.where(kept, 0.0, fold.weights))
    weight, bias = fit(values, rest, strength, margin, scaled=False)
    told = np.flatnonzero(kept if kept.any() else ~kept)
    distance = values[told] @ weight + bias
    unit = max(float(distance.std()) / UNIT, 1e-12)
    return {"unit": unit} | calibration.fit(
        fold.outcome.kind, probabilities(fold.outcome.kind, distance / unit), fold.labels[told]
    )


def predict(arrays: dict[str, np.ndarray], about: dict[str, Any], codes: np.ndarray) -> np.ndarray:
    """Predictions of codes, shaped as `outcome` says."""
    parts = [gapped_kmer_counts.features(rows, about) @ arrays["weight"] + arrays["bias"] for rows in kmer_counts.chunks(codes)]
    distance = np.concatenate(parts).astype(np.float64)
    if about["kind"] == "regression":
        return distance[:, 0]
    scale = about["scale"]
    return calibration.apply(about["kind"], probabilities(about["kind"], distance / scale["unit"]), scale)
