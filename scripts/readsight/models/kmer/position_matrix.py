"""Position weight matrices for per-base classes, such as splice sites.

The weights are log odds of bases (Stormo et al. 1982), fitted jointly as a softmax regression, which accounts for their
correlations. Positions of the most frequent class are sampled; the prior is corrected afterwards.
"""

import logging
from typing import Any

import numpy as np

from readsight.dataset.encodings.one_hot import CHANNELS
from readsight.dataset.fold_file import Fold
from readsight.dataset.outcome import UNCOUNTED
from readsight.errors import InputError
from readsight.models.calibration import softmax
from readsight.models.fitted_model import FittedModel
from readsight.models.kmer import kmer_counts
from readsight.models.kmer.glm import minimise_loss, multinomial_loss

log = logging.getLogger("readsight")

KINDS = ("positions",)
GRID = [{"strength": strength} for strength in (1e-3, 1e-4, 1e-5)]
DEFAULTS = {"left": 20, "right": 20, "strength": 1e-4}
BACKGROUND_RATIO = 20  # positions of the most frequent class per position of a rarer class
POSITION_LIMITS = (20_000, 200_000)  # minimum (if available) and maximum training positions per class
ROWS = 256  # sequences predicted at once


def search_space(trial: Any) -> dict[str, Any]:
    """Settings of an Optuna trial."""
    return {
        "left": trial.suggest_int("left", 3, 40),
        "right": trial.suggest_int("right", 3, 40),
        "strength": trial.suggest_float("strength", 1e-6, 1e-2, log=True),
    }


def train(train: Fold, validation: Fold | None, settings: dict[str, Any], seed: int, threads: int) -> FittedModel:
    """Softmax regression on the bases from `left` positions before to `right` after. settings: these, and penalty strength.

    Arrays: weight (left + 1 + right, 4, classes), bias (classes,). Raises InputError if only one class has positions.
    """
    options = DEFAULTS | settings
    row, position, sample_counts, total_counts = sample_positions(train, seed)
    class_count = len(train.outcome.classes)
    if (total_counts > 0).sum() < 2:
        names = ", ".join(name for name, count in zip(train.outcome.classes, total_counts, strict=True) if count) or "none"
        raise InputError(f"models: position_matrix needs several classes: all positions of a training set are of class {names}")
    values = encode_surroundings(train.values, row, position, options["left"], options["right"])
    target = np.eye(class_count)[np.asarray(train.labels[row, position], int)]
    start = np.log((sample_counts + 1) / (sample_counts.sum() + class_count))
    weight, bias = minimise_loss(
        values, target, train.weights[row], multinomial_loss, options["strength"], start, standardise=False
    )
    prior = np.log(np.maximum(total_counts, 1) / np.maximum(sample_counts, 1))
    shape = (options["left"] + 1 + options["right"], 4, class_count)
    description = (
        kmer_counts.describe_fold(train) | {name: options[name] for name in DEFAULTS} | {"places": sample_counts.tolist()}
    )
    return FittedModel({"weight": weight.reshape(shape).astype(np.float32), "bias": bias + prior}, description)


def sample_positions(train: Fold, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Row and position of the training positions, their number per class, and the total number per class."""
    class_count = len(train.outcome.classes)
    total_counts = sum(
        (
            np.bincount(np.asarray(rows).ravel(), minlength=UNCOUNTED + 1)[:class_count]
            for rows in kmer_counts.iter_chunks(train.labels)
        ),
        np.zeros(class_count, int),
    )
    limits = np.full(class_count, POSITION_LIMITS[1])
    commonest = int(total_counts.argmax())
    limits[commonest] = int(np.clip(BACKGROUND_RATIO * np.delete(total_counts, commonest).sum(), *POSITION_LIMITS))
    rng = np.random.default_rng(seed)
    samples = [
        _sample_class(train.labels, label, int(total_counts[label]), int(limits[label]), rng) for label in range(class_count)
    ]
    row, position = np.divmod(np.sort(np.concatenate(samples)), train.labels.shape[1])
    return row, position, np.minimum(total_counts, limits), total_counts


def _sample_class(labels: np.ndarray, label: int, total: int, limit: int, rng: np.random.Generator) -> np.ndarray:
    """Flat indices of positions of a class, at most `limit`."""
    ranks = np.sort(rng.choice(total, limit, replace=False)) if total > limit else np.arange(total)
    chunks, class_offset, position_offset = [], 0, 0
    for rows in kmer_counts.iter_chunks(labels):
        positions = np.flatnonzero(rows == label)
        selected = ranks[(ranks >= class_offset) & (ranks < class_offset + len(positions))] - class_offset
        chunks.append(position_offset + positions[selected])
        class_offset, position_offset = class_offset + len(positions), position_offset + rows.size
    return np.concatenate(chunks)


def encode_surroundings(codes: np.ndarray, row: np.ndarray, position: np.ndarray, left: int, right: int) -> np.ndarray:
    """One-hot bases around positions, (m, 4 × (left + 1 + right)) float32; positions outside the window are N."""
    positions = position[:, None] + np.arange(-left, right + 1)
    is_inside = (positions >= 0) & (positions < codes.shape[1])
    bases = np.where(is_inside, codes[row[:, None], np.clip(positions, 0, codes.shape[1] - 1)], 4)
    return CHANNELS[bases].reshape(len(row), -1)


def predict(arrays: dict[str, np.ndarray], description: dict[str, Any], codes: np.ndarray) -> np.ndarray:
    """Class probabilities (n, length, classes) float32 of each position."""
    chunks = [
        _predict_chunk(arrays, description["left"], np.asarray(codes[i : i + ROWS])) for i in range(0, max(len(codes), 1), ROWS)
    ]
    return np.concatenate(chunks)


def _predict_chunk(arrays: dict[str, np.ndarray], left: int, codes: np.ndarray) -> np.ndarray:
    weight = np.concatenate([arrays["weight"], np.zeros_like(arrays["weight"][:, :1])], axis=1)  # N has weight 0
    span, length = len(weight), codes.shape[1]
    padded = np.pad(codes, ((0, 0), (left, span - 1 - left)), constant_values=4)
    scores = np.broadcast_to(arrays["bias"].astype(np.float32), (*codes.shape, weight.shape[2])).copy()
    for offset in range(span):
        scores += weight[offset][padded[:, offset : offset + length]]
    return softmax(scores)
