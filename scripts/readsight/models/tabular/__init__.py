"""Models.

A model has `train(train, validation, settings, seed, threads)`, which returns a
`Fitted`, and `predict(arrays, about, values)`, which from that alone gives predictions
shaped as `outcome` says. validation is None where settings were chosen before and the
model is trained on all that there is.

What it may have besides:
`GRID`: settings to try where no search is asked for; `space(trial)`: settings of an Optuna trial;
`settled(fits, settings)`: settings of that last training, from the fits that they were chosen by;
`module(arrays, about)`: a torch module from values to logits, (n,) or (n, outputs); `redrawn(arrays, about, seed)`:
arrays of a model that learned nothing; `KINDS`: kinds of outcome that it predicts (all, where it does not say);
`NEEDS_MODALITIES`: it joins several; `DRAWS`: it trains many times over, and predicts (draws, n) or (draws, n, K).
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
