"""Models.

A model has `train(train, validation, settings, seed, threads)`, which returns a
`Fitted`, and `predict(arrays, about, values)`, which from that alone gives the
probability of class 1. One with gradients has `module(arrays, about)`, a torch
module from values to logits; one that can be drawn anew has `redrawn(arrays, about, seed)`.
"""

from readsight.models import forest, logistic, network, shuffled_labels, single_feature
from readsight.registry import Registry

MODELS = Registry(
    "model",
    {
        "network": network,
        "logistic": logistic,
        "forest": forest,
        "single_feature": single_feature,
        "shuffled_labels": shuffled_labels,
    },
)
