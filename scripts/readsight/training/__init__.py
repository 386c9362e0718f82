"""Training and prediction of networks of sequence: what all of them share.

A network has `build(about)`, which gives a torch module from a batch to logits (see `readsight.nets`). Its weights and
buffers, by the names of torch, are the arrays; what `build` reads is the about.

    about = training.described(fold, settings) | {"filters": settings["filters"]}
    fitted = training.fit(build, about, fold, validation, settings, seed, threads, keep)
    guess = training.predict(build, fitted.arrays, fitted.about, codes, threads)

Arrays are named `<network of the ensemble>.<name of torch>`, from `0.`; what the encoding learned stands beside them
as `encoding.<name>`. Nothing here imports torch before it is needed.
"""

from readsight.training.about import described
from readsight.training.fitting import fit
from readsight.training.predicting import module, predict
from readsight.training.weights import redrawn, settled, space

__all__ = ["described", "fit", "module", "predict", "redrawn", "settled", "space"]
