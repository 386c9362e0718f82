"""A convolution, a bidirectional LSTM and dense layers on sequence, as in DanQ (Quang & Xie 2016)."""

from typing import Any

from readsight.models import training

KINDS = ("binary", "multiclass", "multilabel", "regression")
SETTINGS = ("filters", "width", "pool", "units", "hidden", "activation", "norm", "dropout")


def build(description: dict[str, Any]) -> Any:
    """Torch module, batch → logits. description: SETTINGS, and the values listed in `readsight.models.sequence`."""
    from readsight.models.sequence.network import NetworkModule, Reader
    from readsight.models.sequence.recurrent import ConvolutionalLstm

    reader = Reader(description)
    return NetworkModule(
        description, reader, ConvolutionalLstm(description, reader.places, reader.channels), description["hidden"]
    )


def search_space(trial: Any) -> dict[str, Any]:
    """Settings of an Optuna trial."""
    return training.search_space(trial) | {
        "filters": trial.suggest_categorical("filters", [64, 96, 128]),
        "units": trial.suggest_categorical("units", [32, 64, 96]),
    }
