"""Description of a network of sequence, independent of architecture: training data and options of prediction."""

from typing import Any

import numpy as np

from readsight.dataset.fold_file import Encoding, Fold
from readsight.errors import InputError

ONE_HOT = Encoding("one_hot", {}, {})
FLAT = ("binary", "regression")  # kinds with one number per example


def describe_model(fold: Fold, settings: dict[str, Any]) -> dict[str, Any]:
    """Values: kind, outputs, length, pair, stranded, bin, average_strands, ensemble, precision, device, encoding (name,
    about), input, and for tokens vocabulary and places.

    input: `one_hot`, or `tokens` if the encoding has tokens. settings: average_strands, ensemble, precision, device.
    Raises InputError if the fold has no sequences, or an encoding that networks cannot read.
    """
    if fold.sequence is None:
        raise InputError("a network of sequence needs sequences, but these examples have none")
    encoding = fold.encoding or ONE_HOT
    description = {"kind": fold.outcome.kind, "outputs": fold.outcome.output_count} | fold.sequence.to_dict()
    description["average_strands"] = bool(settings["average_strands"]) and not fold.sequence.stranded
    description |= {key: settings[key] for key in ("ensemble", "precision", "device")}
    description |= {"encoding": {"name": encoding.name, "about": encoding.description}, "input": "one_hot"}
    tokenise = get_tokeniser(encoding)
    if tokenise is not None:
        positions = tokenise(np.asarray(fold.values[:1, : fold.sequence.length]), encoding).shape[1]
        description |= {"input": "tokens", "vocabulary": int(encoding.description["vocabulary"]), "places": int(positions)}
    return description


def get_tokeniser(encoding: Encoding) -> Any:
    """The function that converts codes to tokens, None for encodings without tokens."""
    if encoding.name == "one_hot":
        return None
    from readsight.dataset.encodings import ENCODINGS

    return getattr(ENCODINGS[encoding.name], "encode_tokens", None)


def restore_encoding(arrays: dict[str, np.ndarray], description: dict[str, Any]) -> Encoding:
    """The encoding of a trained network, from its arrays and its description."""
    encoding_arrays = {name.removeprefix("encoding."): array for name, array in arrays.items() if name.startswith("encoding.")}
    return Encoding(description["encoding"]["name"], description["encoding"]["about"], encoding_arrays)
