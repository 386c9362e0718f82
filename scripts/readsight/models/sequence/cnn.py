"""Convolutions and dense layers over sequence, as in Basset (Kelley et al. 2016) and DeepSEA (Zhou & Troyanskaya 2015)."""

from typing import Any

from readsight.dataset.outcome import ALONG
from readsight.models import training

KINDS = ("binary", "multiclass", "multilabel", "regression", "positions", "profile")
SETTINGS = ("filters", "widths", "pools", "hidden", "activation", "norm", "dropout")


def build(about: dict[str, Any]) -> Any:
    """Torch module, batch → logits. about: SETTINGS, and what `readsight.models.sequence` says."""
    from readsight.models.sequence.convolutional import Along, Pooled
    from readsight.models.sequence.network import Network, Reader

    reader = Reader(about)
    trunk = Along(about, reader.channels) if about["kind"] in ALONG else Pooled(about, reader.places, reader.channels)
    return Network(about, reader, trunk, about["hidden"])


def space(trial: Any) -> dict[str, Any]:
    """Settings that an Optuna trial draws."""
    filters = trial.suggest_categorical("filters", [32, 64, 96])
    width = trial.suggest_categorical("width", [11, 15, 19])
    layers = {"filters": [filters, 3 * filters // 2, 2 * filters], "widths": [width, 7, 5]}
    return training.space(trial) | layers | {"pools": [2, 2, trial.suggest_categorical("pool", [2, 4])]}
