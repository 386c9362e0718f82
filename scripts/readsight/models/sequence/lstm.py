"""A bidirectional LSTM on groups of sequence positions."""

from typing import Any

from readsight.models import training

KINDS = ("binary", "multiclass", "multilabel", "regression")
SETTINGS = ("stride", "units", "layers", "activation", "norm", "dropout")


def build(description: dict[str, Any]) -> Any:
    """Torch module, batch → logits. description: SETTINGS, and the values listed in `readsight.models.sequence`."""
    from readsight.models.sequence.network import NetworkModule, Reader
    from readsight.models.sequence.recurrent import StridedLstm

    reader = Reader(description)
    return NetworkModule(description, reader, StridedLstm(description, reader.channels), [description["units"]])


def search_space(trial: Any) -> dict[str, Any]:
    """Settings of an Optuna trial."""
    return training.search_space(trial) | {
        "stride": trial.suggest_categorical("stride", [1, 3, 5]),
        "units": trial.suggest_categorical("units", [32, 64, 96]),
    }
