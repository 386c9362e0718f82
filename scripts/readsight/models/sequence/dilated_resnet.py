"""Residual dilated convolutions on sequence, with one output per base, as in SpliceAI (Jaganathan et al. 2019)."""

from typing import Any

from readsight.dataset.outcome import POSITIONAL_KINDS
from readsight.models import training

KINDS = ("binary", "multiclass", "multilabel", "regression", "positions", "profile")
SETTINGS = ("filters", "widths", "dilations", "activation", "norm", "dropout")


def build(description: dict[str, Any]) -> Any:
    """Torch module, batch → logits. description: SETTINGS, and the values listed in `readsight.models.sequence`."""
    from readsight.models.sequence.layers import GlobalPool
    from readsight.models.sequence.network import NetworkModule, Reader
    from readsight.models.sequence.residual import DilatedTrunk

    reader = Reader(description)
    trunk = DilatedTrunk(description, reader.channels)
    return NetworkModule(description, reader, trunk if description["kind"] in POSITIONAL_KINDS else GlobalPool(trunk), [])


def receptive_field(description: dict[str, Any]) -> int:
    """Number of positions in the receptive field of an output, which is at its centre."""
    return 1 + 2 * sum(
        (width - 1) * dilation for width, dilation in zip(description["widths"], description["dilations"], strict=True)
    )


def derive_settings(description: dict[str, Any]) -> dict[str, Any]:
    """Values derived from the settings. receptive: size of the receptive field."""
    return {"receptive": receptive_field(description)}


def search_space(trial: Any) -> dict[str, Any]:
    """Settings of an Optuna trial."""
    filters = trial.suggest_categorical("filters", [16, 32, 48])
    return training.search_space(trial) | {"filters": filters}
