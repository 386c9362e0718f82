"""What a network starts from: the usual outcome, and what was learned before it, embeddings of tokens or a pre-trained encoder."""

import math
from typing import Any

import numpy as np

from readsight.dataset.fold_file import Encoding, Fold

MIN_SIGNAL = 1e-3  # usual signal, at least


def make_initial_arrays(description: dict[str, Any], fold: Fold) -> dict[str, np.ndarray]:
    """Arrays of the module of `description` that it starts from, by the names of torch. fold: the training part.

    Embeddings and encoders are trained on like all else; the usual outcome is not.
    """
    return _initialise_head(description, fold) | _load_pretrained(description, fold.encoding)


def _load_pretrained(description: dict[str, Any], encoding: Encoding | None) -> dict[str, np.ndarray]:
    if description["input"] != "tokens" or encoding is None:
        return {}
    if encoding.name == "transformer":
        from readsight.dataset.encodings import transformer

        state = transformer.build_encoder(encoding).state_dict()
        return {f"trunk.encoder.{name}": tensor.numpy() for name, tensor in state.items()}
    if "embedding" not in encoding.arrays:
        return {}
    return {"reader.embedding.weight": standardise_embedding(encoding.arrays["embedding"])}


def standardise_embedding(embedding: np.ndarray) -> np.ndarray:
    """An embedding whose words have mean 0 and mean square 1, as torch draws them; words of zeros stay so.

    Where there is little to learn from, words stay near each other and near 0: layers would take long to tell them apart.
    """
    is_used = embedding.any(axis=1)
    if not is_used.any():
        return embedding
    centred = np.where(is_used[:, None], embedding - embedding[is_used].mean(axis=0), 0)
    return (centred / max(np.sqrt((centred[is_used] ** 2).mean()), 1e-12)).astype(np.float32)


def _initialise_head(description: dict[str, Any], fold: Fold) -> dict[str, np.ndarray]:
    """Of numbers mean and deviation, so that they are learned alike whatever they are measured in; of a profile the mean signal."""
    if description["kind"] == "regression":
        mean = np.average(fold.labels, weights=fold.weights)
        deviation = math.sqrt(np.average((fold.labels - mean) ** 2, weights=fold.weights))
        return {"head.usual": np.float32([mean]), "head.deviation": np.float32([deviation or 1.0])}
    if description["kind"] == "profile":
        signal = max(MIN_SIGNAL, float(np.nanmean(fold.labels)))
        return {"head.usual": np.float32([signal + math.log(-math.expm1(-signal))])}
    return {}
