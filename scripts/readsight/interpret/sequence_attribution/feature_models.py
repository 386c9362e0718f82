"""Adapter for models of encoded features: predicts from codes by computing their encoding."""

from typing import Any

import numpy as np

from readsight.dataset.encodings import ENCODINGS
from readsight.dataset.fold_file import Encoding, Fold
from readsight.models import lookup
from readsight.models.kmer import KMER_MODELS
from readsight.models.sequence import NETWORKS


class FeatureModel:
    """A model on features of an encoding. model: of `readsight.models.tabular`. It has no gradient per base."""

    def __init__(self, model: Any, encoding: Encoding):
        self.model, self.encoding = model, encoding

    def predict(self, arrays: dict[str, np.ndarray], description: dict[str, Any], codes: np.ndarray) -> np.ndarray:
        """Predictions for codes (n, positions), shaped by the kind of outcome."""
        values, _ = ENCODINGS[self.encoding.name].compute_features(np.asarray(codes), self.encoding)
        return self.model.predict(arrays, description, values)


def find_model(name: str, fold: Fold) -> Any:
    """The model module of a name, made to predict from codes. fold: of sequences, with its encoding if there is one.

    Raises InputError for an unknown name.
    """
    model = next((registry[name] for registry in (NETWORKS, KMER_MODELS) if name in registry), None)
    return model or FeatureModel(lookup.MODELS[name], fold.encoding)
