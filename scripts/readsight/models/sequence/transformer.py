"""An encoder with self-attention over sequence tokens, as in DNABERT (Ji et al. 2021).

With the representation `transformer` the encoder is the pre-trained one, which is trained further.
"""

from typing import Any

from readsight.errors import InputError
from readsight.models import training

KINDS = ("binary", "multiclass", "multilabel", "regression")
SETTINGS = ("dimensions", "layers", "heads", "stem", "activation", "norm", "dropout")


def build(description: dict[str, Any]) -> Any:
    """Torch module, batch → logits. description: SETTINGS, and the values listed in `readsight.models.sequence`."""
    from readsight.models.sequence.attention import AttentionTrunk, PretrainedTrunk, TokenIds
    from readsight.models.sequence.network import NetworkModule, Reader

    if description["encoding"]["name"] == "transformer":
        return NetworkModule(description, TokenIds(description), PretrainedTrunk(description), [])
    if description["dimensions"] % description["heads"]:
        raise InputError(
            f"architectures.transformer.heads: {description['dimensions']} dimensions cannot be "
            f"divided among {description['heads']} heads"
        )
    reader = Reader(description)
    return NetworkModule(description, reader, AttentionTrunk(description, reader.places, reader.channels), [])


def search_space(trial: Any) -> dict[str, Any]:
    """Settings of an Optuna trial."""
    return training.search_space(trial) | {
        "dimensions": trial.suggest_categorical("dimensions", [32, 64, 128]),
        "heads": trial.suggest_categorical("heads", [2, 4, 8]),
        "layers": trial.suggest_int("layers", 1, 4),
    }
