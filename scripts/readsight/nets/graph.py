"""Graph convolutions over the sequence's de Bruijn graph of words of k bases.

The graph is made of codes, so that there is no gradient by base.
"""

from pathlib import Path
from typing import Any

import numpy as np

from readsight import training
from readsight.encodings.windows import fits
from readsight.foldfile import Fold
from readsight.models.fitted import Fitted
from readsight.nets.start import start
from readsight.training import settled

__all__ = ["build", "module", "predict", "redrawn", "settled", "space", "train", "KINDS", "RESUMES"]

KINDS = ("binary", "multiclass", "multilabel", "regression")
RESUMES = True
SETTINGS = ("k", "dimensions", "layers", "activation", "norm", "dropout")


def build(about: dict[str, Any]) -> Any:
    """Torch module, batch → logits. about: SETTINGS, and what `readsight.nets` says."""
    from readsight.nets.message_passing import Graphs, Passing
    from readsight.nets.network import Network

    return Network(about, Graphs(about), Passing(about), [about["dimensions"]])


def train(
    train: Fold, validation: Fold | None, settings: dict[str, Any], seed: int, threads: int, keep: Path | None = None
) -> Fitted:
    """Train as `training.fit` says. k is the representation's, where it has one (kmer_graph).

    Raises InputError where words of k bases are longer than the sequences.
    """
    about = training.described(train, settings) | {name: settings[name] for name in SETTINGS}
    about |= {"input": "codes", "k": about["encoding"]["about"].get("k", settings["k"])}
    fits(about["k"], about["length"], "architectures.graph.k")
    return training.fit(build, about, train, validation, settings, seed, threads, keep, start(about, train))


def module(arrays: dict[str, np.ndarray], about: dict[str, Any]) -> Any:
    """The trained torch module: a batch → logits."""
    return training.module(build, arrays, about)


def predict(arrays: dict[str, np.ndarray], about: dict[str, Any], values: np.ndarray, threads: int = 1) -> np.ndarray:
    """Predictions of codes (n, length), shaped as the kind of outcome says."""
    return training.predict(build, arrays, about, values, threads)


def redrawn(arrays: dict[str, np.ndarray], about: dict[str, Any], seed: int) -> dict[str, np.ndarray]:
    """Weights of the same architecture, drawn anew and not trained."""
    return training.redrawn(build, arrays, about, seed)


def space(trial: Any) -> dict[str, Any]:
    """Settings that an Optuna trial draws."""
    return training.space(trial) | {
        "dimensions": trial.suggest_categorical("dimensions", [32, 64, 128]),
        "layers": trial.suggest_int("layers", 1, 3),
    }
