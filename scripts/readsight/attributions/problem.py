"""What an attribution method is given: a trained model, examples to explain, and training examples to compare with."""

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from readsight.calibration import logit


@dataclass(frozen=True)
class Problem:
    """member: model of the registry. arrays, about: the trained one. values: (n, features) to explain.

    background: (m, features), examples of the training fold.
    """

    member: ModuleType
    arrays: dict[str, np.ndarray]
    about: dict[str, Any]
    values: np.ndarray
    background: np.ndarray

    @property
    def differentiable(self) -> bool:
        return hasattr(self.member, "module")

    def module(self) -> Any:
        """Torch module of the model, double precision."""
        return self.member.module(self.arrays, self.about)

    def output(self) -> Callable[[np.ndarray], np.ndarray]:
        """Function from (n, features) to (n,) logits of class 1; exact where the model has gradients."""
        if not self.differentiable:
            return lambda values: logit(self.member.predict(self.arrays, self.about, np.asarray(values, np.float32)))
        import torch

        module = self.module()

        def logits(values: np.ndarray) -> np.ndarray:
            with torch.inference_mode():
                return module(torch.as_tensor(np.asarray(values, np.float64))).numpy()

        return logits
