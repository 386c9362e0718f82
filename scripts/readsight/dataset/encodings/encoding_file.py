"""Fitted encodings of all folds: `representation.safetensors` and its JSON (`model_file`).

The JSON has representation (name in the registry), certificate (digest) and, for each fold, about.
"""

from pathlib import Path

from readsight.dataset.fold_file import Encoding
from readsight.errors import InputError
from readsight.formats import model_file


def write(tensors: Path, description: Path, encodings: list[Encoding], certificate: str) -> None:
    """Write the encodings of a repeat's folds, all of one representation. certificate: digest of the split's certificate."""
    content = {
        "representation": encodings[0].name,
        "certificate": certificate,
        "folds": [{"about": encoding.description} for encoding in encodings],
    }
    model_file.write(tensors, description, [encoding.arrays for encoding in encodings], content)


def read(tensors: Path, description: Path, fold: int, certificate: str | None = None) -> Encoding:
    """The encoding of one fold. certificate: digest that the fold was made under.

    Raises InputError if there is no such fold, or the encoding was fitted under a different certificate.
    """
    arrays, content = model_file.read(tensors, description)
    if certificate is not None and certificate != content["certificate"]:
        raise InputError(f"{description}: was fitted on different folds (stale); run the representation again")
    if fold >= len(arrays):
        raise InputError(f"{description}: has {len(arrays)} folds, but fold {fold} is required; run the representation again")
    return Encoding(content["representation"], content["folds"][fold]["about"], arrays[fold])
