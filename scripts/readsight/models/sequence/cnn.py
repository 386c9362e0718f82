"""Convolutions and dense layers on sequence, as in Basset (Kelley et al. 2016) and DeepSEA (Zhou & Troyanskaya 2015)."""

from typing import Any

from readsight.dataset.outcome import POSITIONAL_KINDS
from readsight.models import training

KINDS = ("binary", "multiclass", "multilabel", "regression", "positions", "profile")
SETTINGS = ("filters", "widths", "pools", "hidden", "activation", "norm", "dropout")


def build(description: dict[str, Any]) -> Any:
    """Torch module, batch → logits. description: SETTINGS, and the values listed in `readsight.models.sequence`."""
    from readsight.models.sequence.convolutional import PooledConvolutions, UnpooledConvolutions
    from readsight.models.sequence.network import NetworkModule, Reader

    reader = Reader(description)
    trunk = (
        UnpooledConvolutions(description, reader.channels)
        if description["kind"] in POSITIONAL_KINDS
        else PooledConvolutions(description, reader.places, reader.channels)
    )
    return NetworkModule(description, reader, trunk, description["hidden"])


def search_space(trial: Any) -> dict[str, Any]:
    """Settings of an Optuna trial."""
    filters = trial.suggest_categorical("filters", [32, 64, 96])
    width = trial.suggest_categorical("width", [11, 15, 19])
    layers = {"filters": [filters, 3 * filters // 2, 2 * filters], "widths": [width, 7, 5]}
    return training.search_space(trial) | layers | {"pools": [2, 2, trial.suggest_categorical("pool", [2, 4])]}
