"""The words that a config may use are those behind which a module stands."""

import inspect
from typing import get_args

import pytest

from readsight import learning
from readsight.attributions import ATTRIBUTIONS
from readsight.balances import BALANCES
from readsight.models import MODELS
from readsight.representations import REPRESENTATIONS
from readsight.sources import SOURCES
from readsight.splits import SPLITS
from readsight.verdict import CONTROL

# section, key, registry, and what its members must have (the docstring of its package says what these take and give)
KINDS = [
    (learning.Task, "source", SOURCES, {"read"}),
    (learning.Task, "representation", REPRESENTATIONS, {"fit", "apply"}),
    (learning.Split, "by", SPLITS, {"groups"}),
    (learning.Balance, "method", BALANCES, {"balance"}),
    (learning.Task, "models", MODELS, {"train", "predict"}),
    (learning.Task, "attributions", ATTRIBUTIONS, {"attribute", "gap"}),
]


def words(section: type, key: str) -> set[str]:
    """Values that the config allows for a key, or for the items of a list; None, for a default told later, aside."""

    def inside(allowed: object) -> set[str]:
        return {allowed} if isinstance(allowed, str) else set().union(*map(inside, get_args(allowed)))

    return inside(section.model_fields[key].annotation)


@pytest.mark.parametrize("section, key, registry, functions", KINDS, ids=lambda value: value if isinstance(value, str) else "")
def test_each_word_of_the_config_has_its_module(section, key, registry, functions):
    assert set(registry) - {CONTROL} == words(section, key)
    for name in registry:
        assert functions <= set(dict(inspect.getmembers(registry[name], callable))), name
