"""Initial weights of a network: mean of the outcome, token embeddings, or a pre-trained encoder."""

import math
from typing import Any

import numpy as np

from readsight.dataset.fold_file import Encoding, Fold

MIN_SIGNAL = 1e-3  # minimum mean signal


def make_initial_arrays(description: dict[str, Any], fold: Fold) -> dict[str, np.ndarray]:
    """Initial arrays of the module, by torch name. fold: training set.

    Embeddings and encoders are trained further; the mean of the outcome is fixed.
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
    """Embedding with mean 0 and mean square 1 over tokens, like the initial weights of torch; zero rows are unchanged.

    Embeddings from little data are close together and near 0, and layers would need long to separate them.
    """
    is_used = embedding.any(axis=1)
    if not is_used.any():
        return embedding
    centred = np.where(is_used[:, None], embedding - embedding[is_used].mean(axis=0), 0)
    return (centred / max(np.sqrt((centred[is_used] ** 2).mean()), 1e-12)).astype(np.float32)


def _initialise_head(description: dict[str, Any], fold: Fold) -> dict[str, np.ndarray]:
    """Mean and standard deviation for regression, so that training does not depend on units; the mean signal for profiles."""
    if description["kind"] == "regression":
        mean = np.average(fold.labels, weights=fold.weights)
        deviation = math.sqrt(np.average((fold.labels - mean) ** 2, weights=fold.weights))
        return {"head.usual": np.float32([mean]), "head.deviation": np.float32([deviation or 1.0])}
    if description["kind"] == "profile":
        signal = max(MIN_SIGNAL, float(np.nanmean(fold.labels)))
        return {"head.usual": np.float32([signal + math.log(-math.expm1(-signal))])}
    return {}
