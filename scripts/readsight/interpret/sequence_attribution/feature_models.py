"""A model of features as one of sequences: asked about codes, it makes of them what its encoding makes."""

from typing import Any

import numpy as np

from readsight.dataset.encodings import ENCODINGS
from readsight.dataset.fold_file import Encoding, Fold
from readsight.models import lookup
from readsight.models.kmer import KMER_MODELS
from readsight.models.sequence import NETS


class Featured:
    """member: of `models`, that sees the features of an encoding. It has no gradient by base."""

    def __init__(self, member: Any, encoding: Encoding):
        self.member, self.encoding = member, encoding

    def predict(self, arrays: dict[str, np.ndarray], about: dict[str, Any], codes: np.ndarray) -> np.ndarray:
        """Predictions of codes (n, places), shaped as the kind of outcome says."""
        values, _ = ENCODINGS[self.encoding.name].features(np.asarray(codes), self.encoding)
        return self.member.predict(arrays, about, values)


def member(word: str, fold: Fold) -> Any:
    """The module behind a model's word, to be asked about codes. fold: of sequences, with its encoding where there is one.

    Raises InputError for an unknown word.
    """
    found = next((registry[word] for registry in (NETS, KMER_MODELS) if word in registry), None)
    return found or Featured(lookup.MODELS[word], fold.encoding)
