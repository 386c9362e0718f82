"""The negative control: logistic regression trained on shuffled labels. It must rank by chance."""

from dataclasses import replace
from typing import Any

import numpy as np

from readsight.foldfile import Fold
from readsight.models import logistic
from readsight.models.fitted import Fitted
from readsight.models.linear import module, predict, redrawn

__all__ = ["train", "predict", "module", "redrawn"]


def shuffled(fold: Fold, seed: int) -> Fold:
    """The same examples with their labels dealt out at random."""
    order = np.random.default_rng(seed).permutation(len(fold))
    return replace(fold, labels=fold.labels[order], weights=fold.weights[order])


def train(train: Fold, validation: Fold, settings: dict[str, Any], seed: int, threads: int) -> Fitted:
    """As `logistic`, after shuffling the labels of both parts."""
    return logistic.train(shuffled(train, seed), shuffled(validation, seed + 1), settings, seed, threads)
