"""Graph convolutions over the sequence's de Bruijn graph of words of k bases.

The graph is made of codes, so that there is no gradient by base.
"""

from typing import Any

from readsight.dataset.encodings.windows import fits
from readsight.models import training

KINDS = ("binary", "multiclass", "multilabel", "regression")
SETTINGS = ("k", "dimensions", "layers", "activation", "norm", "dropout")


def build(about: dict[str, Any]) -> Any:
    """Torch module, batch → logits. about: SETTINGS, and what `readsight.models.sequence` says."""
    from readsight.models.sequence.message_passing import Graphs, Passing
    from readsight.models.sequence.network import Network

    return Network(about, Graphs(about), Passing(about), [about["dimensions"]])


def adjusted(about: dict[str, Any]) -> dict[str, Any]:
    """What it is made of beside its settings. k is the representation's, where it has one (kmer_graph).

    Raises InputError where words of k bases are longer than the sequences.
    """
    own = about["encoding"]["about"].get("k", about["k"])
    fits(own, about["length"], "architectures.graph.k")
    return {"input": "codes", "k": own}


def space(trial: Any) -> dict[str, Any]:
    """Settings that an Optuna trial draws."""
    return training.space(trial) | {
        "dimensions": trial.suggest_categorical("dimensions", [32, 64, 128]),
        "layers": trial.suggest_int("layers", 1, 3),
    }
