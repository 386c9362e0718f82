"""Training and prediction shared by all networks of sequence.

A network has `build(description)`, which returns a torch module from a batch to logits (see `readsight.models.sequence`). Its
weights and buffers, by torch name, are the arrays; the description has all values that `build` reads.

    description = training.describe_model(fold, settings) | {"filters": settings["filters"]}
    fitted = training.fit(build, description, fold, validation, settings, seed, threads, checkpoint_folder)
    predictions = training.predict(build, fitted.arrays, fitted.description, codes, threads)

Arrays are named `<index in the ensemble>.<torch name>`, from `0.`; arrays of the encoding are stored
as `encoding.<name>`. Nothing here imports torch before it is needed.
"""

from readsight.models.training.fitting import fit
from readsight.models.training.model_description import describe_model
from readsight.models.training.prediction import load_module, predict
from readsight.models.training.weights import choose_settings, randomise_weights, search_space

__all__ = ["describe_model", "fit", "load_module", "predict", "randomise_weights", "choose_settings", "search_space"]
