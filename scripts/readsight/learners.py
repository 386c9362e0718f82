"""Which module learns a model of a task, and what of the examples it is shown.

Of tables a model is a member of `models` and sees the fold as it stands. Of sequences it is a network (`nets`) or a
model of k-mers (`kmers`), which see codes; or a member of `models`, which sees features that the encoding makes.
"""

from dataclasses import replace
from types import ModuleType

import pandas as pd

from readsight.encodings import ENCODINGS
from readsight.foldfile import Fold
from readsight.kmers import KMER_MODELS
from readsight.models import MODELS
from readsight.nets import NETS
from readsight.registry import Registry


def member(word: str, fold: Fold) -> tuple[ModuleType, Fold]:
    """The module behind a model's word, and the fold as it sees it. Raises InputError for an unknown word."""
    if fold.sequence is None:
        return MODELS[word], fold
    for registry in (NETS, KMER_MODELS):
        if word in registry:
            return registry[word], fold
    return MODELS[word], featured(fold)


def featured(fold: Fold) -> Fold:
    """The fold with the features that its encoding makes of the sequences."""
    values, names = ENCODINGS[fold.encoding.name].features(fold.values, fold.encoding)
    return replace(fold, values=values, var=pd.DataFrame(index=pd.Index(names)), sequence=None)


def all_words() -> list[str]:
    """Words of all models of sequences."""
    members: list[Registry] = [NETS, KMER_MODELS]
    return [word for registry in members for word in registry]
