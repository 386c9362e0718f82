"""Folds of samples for tests: random profiles of one or more modalities with planted outcomes of every kind."""

from dataclasses import replace

import numpy as np
import pandas as pd

from readsight.dataset.fold_file import Fold
from readsight.dataset.outcome import Outcome

OUTCOMES = {
    "binary": Outcome("binary", ("control", "case")),
    "multiclass": Outcome("multiclass", ("a", "b", "c")),
    "multilabel": Outcome("multilabel", ("high", "wide")),
    "survival": Outcome("survival", ("time", "event")),
}
NETWORK = {
    "hidden": [16, 8],
    "dropout": 0.1,
    "learning_rate": 0.01,
    "weight_decay": 1e-3,
    "batch_size": 128,
    "epochs": 60,
    "patience": 15,
}
SETTINGS = {
    "network": NETWORK,
    "cnn": NETWORK | {"order": "auto", "channels": [4, 8], "width": 5},
    "attention_fusion": NETWORK | {"embedding": 8, "drop_modality": 0.1},
}


def make_target(kind: str, values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """An outcome that depends on the first four features, with some noise."""
    score = values[:, :4] @ [[1.5, 0.0], [1.5, 0.0], [0.0, 1.5], [0.0, 1.5]] + 0.3 * rng.normal(size=(len(values), 2))
    if kind == "binary":
        return (score[:, 0] > 0).astype(int)
    if kind == "multiclass":
        return np.where(score[:, 0] > 0.8, 2, score[:, 1] > 0)
    if kind == "multilabel":
        return (score > 0).astype(int)
    time, end = rng.exponential(np.exp(-score[:, 0])), rng.exponential(2, len(values))
    return np.column_stack([np.minimum(time, end), time <= end]).astype(float)


def make_fold(kind: str = "binary", n: int = 120, modalities: dict[str, int] | None = None, seed: int = 1) -> Fold:
    """n samples × modalities (name → features), z-scored; the outcome is planted in the first four features."""
    rng = np.random.default_rng(seed)
    modalities = modalities or {"rna": 40}
    values = rng.normal(size=(n, sum(modalities.values()))).astype(np.float32)
    names = [(m, f"g{i}") for m, size in modalities.items() for i in range(size)]
    var = pd.DataFrame(names, columns=["modality", "feature"], index=[f"{m}:{f}" for m, f in names])
    sample_names = np.array([f"s{seed}.{i}" for i in range(n)])
    return Fold(values, make_target(kind, values, rng), np.ones(n), sample_names, sample_names, var, "mark", OUTCOMES[kind])


def select_rows(fold: Fold, selection: np.ndarray) -> Fold:
    """Some examples of a fold."""
    return replace(fold, **{name: getattr(fold, name)[selection] for name in ("values", "labels", "weights", "names", "groups")})
