"""A model of features as one of sequences: asked about codes, it makes of them what its encoding makes."""

from typing import Any

import numpy as np

from readsight.dataset.encodings import ENCODINGS
from readsight.dataset.fold_file import Encoding, Fold
from readsight.models import lookup
from readsight.models.kmer import KMER_MODELS
from readsight.models.sequence import NETWORKS


class FeatureModel:
    """member: of `models`, that sees the features of an encoding. It has no gradient by base."""

    def __init__(self, model: Any, encoding: Encoding):
        self.model, self.encoding = model, encoding

    def predict(self, arrays: dict[str, np.ndarray], description: dict[str, Any], codes: np.ndarray) -> np.ndarray:
        """Predictions of codes (n, places), shaped as the kind of outcome says."""
        values, _ = ENCODINGS[self.encoding.name].compute_features(np.asarray(codes), self.encoding)
        return self.model.predict(arrays, description, values)


def find_model(name: str, fold: Fold) -> Any:
    """The module behind a model's word, to be asked about codes. fold: of sequences, with its encoding where there is one.

    Raises InputError for an unknown word.
    """
    model = next((registry[name] for registry in (NETWORKS, KMER_MODELS) if name in registry), None)
    return model or FeatureModel(lookup.MODELS[name], fold.encoding)
