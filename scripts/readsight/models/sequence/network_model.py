"""A network as a model: its architecture, trained and asked by `readsight.models.training`."""

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from readsight.dataset.fold_file import Fold
from readsight.models import training
from readsight.models.fitted_model import Fitted
from readsight.models.sequence.initialisation import start


class Member:
    """What the registry holds of an architecture: a module with `build`, `space`, `KINDS` and `SETTINGS`.

    It may have `adjusted(about)` besides: what the network says of itself beside its settings.
    """

    RESUMES = True
    settled = staticmethod(training.settled)

    def __init__(self, architecture: ModuleType):
        self.architecture = architecture
        self.build, self.space = architecture.build, architecture.space
        self.KINDS, self.SETTINGS = architecture.KINDS, architecture.SETTINGS

    def train(
        self, train: Fold, validation: Fold | None, settings: dict[str, Any], seed: int, threads: int, keep: Path | None = None
    ) -> Fitted:
        """Train as `training.fit` says. settings: the architecture's, and those of `training`."""
        about = training.described(train, settings) | {name: settings[name] for name in self.SETTINGS}
        if hasattr(self.architecture, "adjusted"):
            about |= self.architecture.adjusted(about)
        return training.fit(self.build, about, train, validation, settings, seed, threads, keep, start(about, train))

    def module(self, arrays: dict[str, np.ndarray], about: dict[str, Any]) -> Any:
        """The trained torch module: a batch → logits."""
        return training.module(self.build, arrays, about)

    def predict(self, arrays: dict[str, np.ndarray], about: dict[str, Any], values: np.ndarray, threads: int = 1) -> np.ndarray:
        """Predictions of codes (n, length), shaped as the kind of outcome says."""
        return training.predict(self.build, arrays, about, values, threads)

    def redrawn(self, arrays: dict[str, np.ndarray], about: dict[str, Any], seed: int) -> dict[str, np.ndarray]:
        """Weights of the same architecture, drawn anew and not trained."""
        return training.redrawn(self.build, arrays, about, seed)
