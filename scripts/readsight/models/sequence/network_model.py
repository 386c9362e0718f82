"""A network as a model: an architecture with training and prediction by `readsight.models.training`."""

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from readsight.dataset.fold_file import Fold
from readsight.models import training
from readsight.models.fitted_model import FittedModel
from readsight.models.sequence.initialisation import make_initial_arrays


class SequenceModel:
    """Registry entry of an architecture: a module with `build`, `search_space`, `KINDS` and `SETTINGS`.

    The module may have `derive_settings(description)`: values of the description that depend on the settings.
    """

    RESUMES = True
    choose_settings = staticmethod(training.choose_settings)

    def __init__(self, architecture: ModuleType):
        self.architecture = architecture
        self.build, self.search_space = architecture.build, architecture.search_space
        self.KINDS, self.SETTINGS = architecture.KINDS, architecture.SETTINGS

    def train(
        self,
        train: Fold,
        validation: Fold | None,
        settings: dict[str, Any],
        seed: int,
        threads: int,
        checkpoint_folder: Path | None = None,
    ) -> FittedModel:
        """Train by `training.fit`. settings: those of the architecture, and of `training`."""
        description = training.describe_model(train, settings) | {name: settings[name] for name in self.SETTINGS}
        if hasattr(self.architecture, "derive_settings"):
            description |= self.architecture.derive_settings(description)
        return training.fit(
            self.build,
            description,
            train,
            validation,
            settings,
            seed,
            threads,
            checkpoint_folder,
            make_initial_arrays(description, train),
        )

    def load_module(self, arrays: dict[str, np.ndarray], description: dict[str, Any]) -> Any:
        """The trained torch module: batch → logits."""
        return training.load_module(self.build, arrays, description)

    def predict(
        self, arrays: dict[str, np.ndarray], description: dict[str, Any], values: np.ndarray, threads: int = 1
    ) -> np.ndarray:
        """Predictions of codes (n, length), shaped by the kind of outcome."""
        return training.predict(self.build, arrays, description, values, threads)

    def randomise_weights(self, arrays: dict[str, np.ndarray], description: dict[str, Any], seed: int) -> dict[str, np.ndarray]:
        """Random, untrained weights of the same architecture."""
        return training.randomise_weights(self.build, arrays, description, seed)
