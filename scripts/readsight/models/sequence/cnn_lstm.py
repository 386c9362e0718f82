"""A convolution, a bidirectional LSTM and dense layers over sequence, as in DanQ (Quang & Xie 2016)."""

from typing import Any

from readsight.models import training

KINDS = ("binary", "multiclass", "multilabel", "regression")
SETTINGS = ("filters", "width", "pool", "units", "hidden", "activation", "norm", "dropout")


def build(description: dict[str, Any]) -> Any:
    """Torch module, batch → logits. description: SETTINGS, and what `readsight.models.sequence` says."""
    from readsight.models.sequence.network import NetworkModule, Reader
    from readsight.models.sequence.recurrent import ConvolutionalLstm

    reader = Reader(description)
    return NetworkModule(
        description, reader, ConvolutionalLstm(description, reader.places, reader.channels), description["hidden"]
    )


def search_space(trial: Any) -> dict[str, Any]:
    """Settings that an Optuna trial draws."""
    return training.search_space(trial) | {
        "filters": trial.suggest_categorical("filters", [64, 96, 128]),
        "units": trial.suggest_categorical("units", [32, 64, 96]),
    }
