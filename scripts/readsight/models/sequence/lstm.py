"""A bidirectional LSTM over words of sequence."""

from typing import Any

from readsight.models import training

KINDS = ("binary", "multiclass", "multilabel", "regression")
SETTINGS = ("stride", "units", "layers", "activation", "norm", "dropout")


def build(about: dict[str, Any]) -> Any:
    """Torch module, batch → logits. about: SETTINGS, and what `readsight.models.sequence` says."""
    from readsight.models.sequence.network import Network, Reader
    from readsight.models.sequence.recurrent import WordLstm

    reader = Reader(about)
    return Network(about, reader, WordLstm(about, reader.channels), [about["units"]])


def space(trial: Any) -> dict[str, Any]:
    """Settings that an Optuna trial draws."""
    return training.space(trial) | {
        "stride": trial.suggest_categorical("stride", [1, 3, 5]),
        "units": trial.suggest_categorical("units", [32, 64, 96]),
    }
