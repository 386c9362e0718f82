"""Graph convolutions on the de Bruijn graph of the k-mers of a sequence.

The graph is built from codes, so there is no gradient per base.
"""

from typing import Any

from readsight.dataset.encodings.windows import check_kmer_length
from readsight.models import training

KINDS = ("binary", "multiclass", "multilabel", "regression")
SETTINGS = ("k", "dimensions", "layers", "activation", "norm", "dropout")


def build(description: dict[str, Any]) -> Any:
    """Torch module, batch → logits. description: SETTINGS, and the values listed in `readsight.models.sequence`."""
    from readsight.models.sequence.message_passing import GraphReader, GraphTrunk
    from readsight.models.sequence.network import NetworkModule

    return NetworkModule(description, GraphReader(description), GraphTrunk(description), [description["dimensions"]])


def derive_settings(description: dict[str, Any]) -> dict[str, Any]:
    """Values derived from the settings: input, and k, which is that of the representation if it has one (kmer_graph).

    Raises InputError if k exceeds the sequence length.
    """
    k = description["encoding"]["about"].get("k", description["k"])
    check_kmer_length(k, description["length"], "architectures.graph.k")
    return {"input": "codes", "k": k}


def search_space(trial: Any) -> dict[str, Any]:
    """Settings of an Optuna trial."""
    return training.search_space(trial) | {
        "dimensions": trial.suggest_categorical("dimensions", [32, 64, 128]),
        "layers": trial.suggest_int("layers", 1, 3),
    }
