"""Residual dilated convolutions over sequence, an output a base, as in SpliceAI (Jaganathan et al. 2019)."""

from typing import Any

from readsight.dataset.outcome import ALONG
from readsight.models import training

KINDS = ("binary", "multiclass", "multilabel", "regression", "positions", "profile")
SETTINGS = ("filters", "widths", "dilations", "activation", "norm", "dropout")


def build(about: dict[str, Any]) -> Any:
    """Torch module, batch → logits. about: SETTINGS, and what `readsight.models.sequence` says."""
    from readsight.models.sequence.layers import Pool
    from readsight.models.sequence.network import Network, Reader
    from readsight.models.sequence.residual import Dilated

    reader = Reader(about)
    trunk = Dilated(about, reader.channels)
    return Network(about, reader, trunk if about["kind"] in ALONG else Pool(trunk), [])


def receptive(about: dict[str, Any]) -> int:
    """Places that an output sees, itself in the middle."""
    return 1 + 2 * sum((width - 1) * dilation for width, dilation in zip(about["widths"], about["dilations"], strict=True))


def adjusted(about: dict[str, Any]) -> dict[str, Any]:
    """What it is made of beside its settings. receptive: places that an output sees, itself in the middle."""
    return {"receptive": receptive(about)}


def space(trial: Any) -> dict[str, Any]:
    """Settings that an Optuna trial draws."""
    filters = trial.suggest_categorical("filters", [16, 32, 48])
    return training.space(trial) | {"filters": filters}
