"""What training returns."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class FittedModel:
    """A trained model as data: no code, no pickle.

    arrays: by name, for safetensors. description: JSON-able, what else `predict` needs.
    history: a row an epoch (epoch, training, validation loss), empty where there are none.
    """

    arrays: dict[str, np.ndarray]
    description: dict[str, Any]
    history: list[dict[str, float]] = field(default_factory=list)
