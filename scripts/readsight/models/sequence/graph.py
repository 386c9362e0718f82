"""Graph convolutions over the sequence's de Bruijn graph of words of k bases.

The graph is made of codes, so that there is no gradient by base.
"""

from typing import Any

from readsight.dataset.encodings.windows import check_kmer_length
from readsight.models import training

KINDS = ("binary", "multiclass", "multilabel", "regression")
SETTINGS = ("k", "dimensions", "layers", "activation", "norm", "dropout")


def build(description: dict[str, Any]) -> Any:
    """Torch module, batch → logits. description: SETTINGS, and what `readsight.models.sequence` says."""
    from readsight.models.sequence.message_passing import GraphReader, GraphTrunk
    from readsight.models.sequence.network import NetworkModule

    return NetworkModule(description, GraphReader(description), GraphTrunk(description), [description["dimensions"]])


def derive_settings(description: dict[str, Any]) -> dict[str, Any]:
    """What it is made of beside its settings. k is the representation's, where it has one (kmer_graph).

    Raises InputError where words of k bases are longer than the sequences.
    """
    k = description["encoding"]["about"].get("k", description["k"])
    check_kmer_length(k, description["length"], "architectures.graph.k")
    return {"input": "codes", "k": k}


def search_space(trial: Any) -> dict[str, Any]:
    """Settings that an Optuna trial draws."""
    return training.search_space(trial) | {
        "dimensions": trial.suggest_categorical("dimensions", [32, 64, 128]),
        "layers": trial.suggest_int("layers", 1, 3),
    }
