"""An encoder with self-attention over tokens of sequence, as in DNABERT (Ji et al. 2021).

Of the representation `transformer` the encoder is the one that was trained before, and is trained on from there.
"""

from typing import Any

from readsight.errors import InputError
from readsight.models import training

KINDS = ("binary", "multiclass", "multilabel", "regression")
SETTINGS = ("dimensions", "layers", "heads", "stem", "activation", "norm", "dropout")


def build(about: dict[str, Any]) -> Any:
    """Torch module, batch → logits. about: SETTINGS, and what `readsight.models.sequence` says."""
    from readsight.models.sequence.attention import Attending, Encoded, Ids
    from readsight.models.sequence.network import Network, Reader

    if about["encoding"]["name"] == "transformer":
        return Network(about, Ids(about), Encoded(about), [])
    if about["dimensions"] % about["heads"]:
        raise InputError(
            f"architectures.transformer.heads: {about['dimensions']} dimensions cannot be shared out among {about['heads']} heads"
        )
    reader = Reader(about)
    return Network(about, reader, Attending(about, reader.places, reader.channels), [])


def space(trial: Any) -> dict[str, Any]:
    """Settings that an Optuna trial draws."""
    return training.space(trial) | {
        "dimensions": trial.suggest_categorical("dimensions", [32, 64, 128]),
        "heads": trial.suggest_categorical("heads", [2, 4, 8]),
        "layers": trial.suggest_int("layers", 1, 4),
    }
