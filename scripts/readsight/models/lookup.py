"""Which module learns a model of a task, and what of the examples it is shown.

Of tables a model is a member of `tabular` and sees the fold as it stands. Of sequences it is a network (`sequence`) or a
model of k-mers (`kmer`), which see codes; or a member of `tabular`, which sees features that the encoding makes.
"""

from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

from readsight.dataset.encodings import ENCODINGS
from readsight.dataset.fold_file import Encoding, Fold
from readsight.errors import InputError
from readsight.formats import model_file
from readsight.models.fitted_model import Fitted
from readsight.models.kmer import KMER_MODELS
from readsight.models.sequence import NETS
from readsight.models.tabular import MODELS


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


def said(fold: Fold) -> dict[str, Any]:
    """What a model's file says of the sequences that it was trained on; nothing of tables."""
    if fold.sequence is None:
        return {}
    return {"sequence": fold.sequence.plain(), "representation": fold.encoding.name if fold.encoding else None}


def fits(fold: Fold, content: dict[str, Any], test: Path, about: Path) -> None:
    """Raise InputError where a model was not trained on such sequences, or for such an outcome."""
    faults = []
    for key, value in said(fold).items():
        held = content.get(key)
        of = [(name, value[name], (held or {}).get(name)) for name in value] if key == "sequence" else [(key, value, held)]
        faults += [f"{test}: {name} is {now}, and {about} was trained with {then}" for name, now, then in of if now != then]
    if fold.outcome.plain() != content["outcome"]:
        faults.append(f"{test}: what is to be predicted is not what {about} was trained on")
    if faults:
        raise InputError(faults)


def learned(tensors: Path, about: Path) -> tuple[list[Encoding], str]:
    """The representation as it was learned in each fold, and the mark of the certificate that the folds were made under."""
    arrays, content = model_file.read(tensors, about)
    word = content["representation"]
    found = [Encoding(word, row["about"], own) for row, own in zip(content["folds"], arrays, strict=True)]
    return found, content["certificate"]


def resumes(member: ModuleType) -> bool:
    """Whether a model's training is long: then it keeps checkpoints, and predicts with several threads."""
    return getattr(member, "RESUMES", False)


def trained(
    member: ModuleType,
    parts: tuple[Fold, Fold | None],
    settings: dict[str, Any],
    seed: int,
    threads: int,
    keep: Path | None = None,
) -> Fitted:
    """A model trained on the first part, the second being held out. keep: folder of checkpoints, for those that go on from some."""
    more = {"keep": keep} if resumes(member) else {}
    return member.train(*parts, settings, seed, threads, **more)


def guessed(member: ModuleType, arrays: dict[str, np.ndarray], about: dict[str, Any], fold: Fold, threads: int) -> np.ndarray:
    """A trained model's predictions of a fold's examples."""
    more = {"threads": threads} if resumes(member) else {}
    return member.predict(arrays, about, fold.values, **more)
