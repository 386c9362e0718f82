"""The values that a config allows are the names of registered modules."""

import inspect
from typing import get_args

import pytest

from readsight.config import tasks
from readsight.dataset.balancing import BALANCES
from readsight.dataset.encodings import ENCODINGS
from readsight.dataset.features import REPRESENTATIONS
from readsight.dataset.sources import SOURCES
from readsight.dataset.splits import SPLITS
from readsight.interpret.sequence_attribution.registry import EXPLANATIONS
from readsight.interpret.tabular_attribution.registry import ATTRIBUTIONS
from readsight.models.kmer import KMER_MODELS
from readsight.models.sequence import NETWORKS
from readsight.models.tabular import MODELS
from readsight.wording import CONTROL

# section, key, registries, functions that their members must have (documented by the packages)
KINDS = [
    (tasks.Task, "source", [SOURCES], {"read"}),
    (tasks.Task, "representation", [REPRESENTATIONS], {"fit", "apply"}),
    (tasks.Task, "representation", [ENCODINGS], {"fit", "compute_features"}),
    (tasks.Split, "by", [SPLITS], {"assign_groups"}),
    (tasks.Balance, "method", [BALANCES], {"balance"}),
    (tasks.Task, "models", [MODELS, NETWORKS, KMER_MODELS], {"train", "predict"}),
    (tasks.Task, "attributions", [ATTRIBUTIONS], {"attribute", "compute_gap"}),
    (tasks.Task, "attributions", [EXPLANATIONS], {"attribute"}),
]
# Sequences are read by `dataset_assemble_sequences`, whose readers depend on the file format.
ELSEWHERE = {"source": {"sequences"}}


def read_allowed_values(section: type, key: str) -> set[str]:
    """Values that the config allows for a key or for the items of its list, without None."""

    def flatten_values(allowed: object) -> set[str]:
        return {allowed} if isinstance(allowed, str) else set().union(*map(flatten_values, get_args(allowed)))

    return flatten_values(section.model_fields[key].annotation)


@pytest.mark.parametrize("key", ["source", "representation", "by", "method", "models", "attributions"])
def test_each_config_value_has_a_module(key):
    rows = [row for row in KINDS if row[1] == key]
    registered = {name for _, _, registries, _ in rows for registry in registries for name in registry}
    assert registered - {CONTROL} == read_allowed_values(rows[0][0], key) - ELSEWHERE.get(key, set())
    for _, _, registries, functions in rows:
        for registry in registries:
            for name in registry:
                assert functions <= set(dict(inspect.getmembers(registry[name], callable))), name
