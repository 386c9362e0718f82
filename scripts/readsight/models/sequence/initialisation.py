"""What a network starts from: the usual outcome, and what was learned before it, embeddings of tokens or a pre-trained encoder."""

import math
from typing import Any

import numpy as np

from readsight.dataset.fold_file import Encoding, Fold

LEAST = 1e-3  # usual signal, at least


def start(about: dict[str, Any], fold: Fold) -> dict[str, np.ndarray]:
    """Arrays of the module of `about` that it starts from, by the names of torch. fold: the training part.

    Embeddings and encoders are trained on like all else; the usual outcome is not.
    """
    return _outcome(about, fold) | _represented(about, fold.encoding)


def _represented(about: dict[str, Any], encoding: Encoding | None) -> dict[str, np.ndarray]:
    if about["input"] != "tokens" or encoding is None:
        return {}
    if encoding.name == "transformer":
        from readsight.dataset.encodings import transformer

        held = transformer.encoder(encoding).state_dict()
        return {f"trunk.encoder.{name}": tensor.numpy() for name, tensor in held.items()}
    if "embedding" not in encoding.arrays:
        return {}
    return {"reader.embedding.weight": standard(encoding.arrays["embedding"])}


def standard(embedding: np.ndarray) -> np.ndarray:
    """An embedding whose words have mean 0 and mean square 1, as torch draws them; words of zeros stay so.

    Where there is little to learn from, words stay near each other and near 0: layers would take long to tell them apart.
    """
    known = embedding.any(axis=1)
    if not known.any():
        return embedding
    found = np.where(known[:, None], embedding - embedding[known].mean(axis=0), 0)
    return (found / max(np.sqrt((found[known] ** 2).mean()), 1e-12)).astype(np.float32)


def _outcome(about: dict[str, Any], fold: Fold) -> dict[str, np.ndarray]:
    """Of numbers mean and deviation, so that they are learned alike whatever they are measured in; of a profile the mean signal."""
    if about["kind"] == "regression":
        usual = np.average(fold.labels, weights=fold.weights)
        deviation = math.sqrt(np.average((fold.labels - usual) ** 2, weights=fold.weights))
        return {"head.usual": np.float32([usual]), "head.deviation": np.float32([deviation or 1.0])}
    if about["kind"] == "profile":
        signal = max(LEAST, float(np.nanmean(fold.labels)))
        return {"head.usual": np.float32([signal + math.log(-math.expm1(-signal))])}
    return {}
