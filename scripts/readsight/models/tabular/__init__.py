"""Models of tabular features.

A model has `train(train, validation, settings, seed, threads)`, which returns a `FittedModel`, and `predict(arrays,
description, values)`, which needs nothing else and returns predictions shaped as in `outcome`. validation is None when
settings were chosen before and the model is trained on all training examples.

Optional attributes:
`GRID`: settings to try without a search; `search_space(trial)`: settings of an Optuna trial;
`choose_settings(fits, settings)`: settings of the final training, from the fits of the search;
`load_module(arrays, description)`: a torch module from values to logits, (n,) or (n, outputs);
`randomise_weights(arrays, description, seed)`: arrays of an untrained model; `KINDS`: supported kinds of outcome (default:
all); `NEEDS_MODALITIES`: it combines several; `DRAWS`: it trains repeatedly, and predicts (draws, n) or (draws, n, K).
"""

from readsight.models.tabular import (
    attention_fusion,
    boosting,
    cnn,
    cox,
    elastic_net,
    forest,
    late_fusion,
    logistic,
    mlp,
    shuffled_labels,
    single_feature,
)
from readsight.registry import Registry

MODELS = Registry(
    "model",
    {
        "network": mlp,
        "cnn": cnn,
        "logistic": logistic,
        "elastic_net": elastic_net,
        "forest": forest,
        "boosting": boosting,
        "late_fusion": late_fusion,
        "attention_fusion": attention_fusion,
        "cox": cox,
        "single_feature": single_feature,
        "shuffled_labels": shuffled_labels,
    },
)
