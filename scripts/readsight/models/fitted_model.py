"""Result of training."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class FittedModel:
    """A trained model as data: no code, no pickle.

    arrays: by name, for safetensors. description: JSON-serialisable values that `predict` needs.
    history: one row per epoch (epoch, training and validation loss); empty for models without epochs.
    """

    arrays: dict[str, np.ndarray]
    description: dict[str, Any]
    history: list[dict[str, float]] = field(default_factory=list)
