"""What was learned of a representation of sequences, a fold at a time: `representation.safetensors` and its JSON (`model_file`).

The JSON says representation (word of the registry), certificate (hash) and, of each fold, about.
"""

from pathlib import Path

from readsight.dataset.fold_file import Encoding
from readsight.errors import InputError
from readsight.formats import model_file


def write(tensors: Path, description: Path, encodings: list[Encoding], certificate: str) -> None:
    """Write the encodings of a repeat's folds, all of one representation. certificate: hash of the split's."""
    content = {
        "representation": encodings[0].name,
        "certificate": certificate,
        "folds": [{"about": encoding.description} for encoding in encodings],
    }
    model_file.write(tensors, description, [encoding.arrays for encoding in encodings], content)


def read(tensors: Path, description: Path, fold: int, certificate: str | None = None) -> Encoding:
    """The encoding of one fold. certificate: hash that the fold was cut under.

    Raises InputError where there is no such fold, or the encoding was learned under another certificate.
    """
    arrays, content = model_file.read(tensors, description)
    if certificate is not None and certificate != content["certificate"]:
        raise InputError(f"{description}: was learned from other folds (stale); make the representation again")
    if fold >= len(arrays):
        raise InputError(f"{description}: has {len(arrays)} folds, and fold {fold} is asked for; make the representation again")
    return Encoding(content["representation"], content["folds"][fold]["about"], arrays[fold])
