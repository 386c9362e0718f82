"""Training and prediction of networks of sequence: what all of them share.

A network has `build(about)`, which gives a torch module from a batch to logits (see `readsight.models.sequence`). Its weights and
buffers, by the names of torch, are the arrays; what `build` reads is the about.

    about = training.described(fold, settings) | {"filters": settings["filters"]}
    fitted = training.fit(build, about, fold, validation, settings, seed, threads, keep)
    guess = training.predict(build, fitted.arrays, fitted.about, codes, threads)

Arrays are named `<network of the ensemble>.<name of torch>`, from `0.`; what the encoding learned stands beside them
as `encoding.<name>`. Nothing here imports torch before it is needed.
"""

from readsight.models.training.fitting import fit
from readsight.models.training.model_description import describe_model
from readsight.models.training.prediction import load_module, predict
from readsight.models.training.weights import choose_settings, randomise_weights, search_space

__all__ = ["described", "fit", "module", "predict", "redrawn", "settled", "space"]
