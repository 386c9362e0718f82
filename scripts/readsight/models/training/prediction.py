"""Prediction by a trained network, or by several whose predictions are averaged."""

from typing import Any

import numpy as np

from readsight.dataset.fold_file import Fold
from readsight.models.training.model_description import restore_encoding
from readsight.models.training.weights import Build, select_network_arrays

TOLERANCE = 0.02  # most that a prediction in bfloat16 may be off: a probability; of numbers, in their standard deviations
CHECKED_EXAMPLES = 256  # examples that this is told from


def load_module(build: Build, arrays: dict[str, np.ndarray], description: dict[str, Any]) -> Any:
    """The trained torch module in float32: from what the network reads (float one-hot (n, 4, L)) to logits, with gradients.

    Of an ensemble the logits are those of its averaged predictions. One strand is read, as it is given.
    """
    from readsight.models.training.ensemble import EnsembleModule

    nets = [_load_network(build, select_network_arrays(arrays, number), description) for number in range(description["ensemble"])]
    return nets[0] if len(nets) == 1 else EnsembleModule(nets, description["kind"]).eval()


def _load_network(build: Build, arrays: dict[str, np.ndarray], description: dict[str, Any]) -> Any:
    import torch

    with torch.random.fork_rng(devices=[]):  # what is drawn here is overwritten: leave the caller's numbers alone
        net = build(description)
    net.load_state_dict({name: torch.tensor(array) for name, array in arrays.items()})
    return net.eval()


def predict(
    build: Build, arrays: dict[str, np.ndarray], description: dict[str, Any], codes: np.ndarray, threads: int = 1
) -> np.ndarray:
    """Predictions of codes (n, length; of pairs twice that), shaped as the kind of outcome says, float64.

    Mean over the networks, and over both strands where about["average_strands"] says so. A prediction does not hang on
    the examples beside it. about["predicts"]: `bfloat16`, and the device multiplies in it where it can; else float32.
    """
    from readsight.models.training.ensemble_prediction import Predictor

    nets = [_load_network(build, select_network_arrays(arrays, number), description) for number in range(description["ensemble"])]
    return Predictor(nets, description, restore_encoding(arrays, description)).predict(
        codes, threads, description.get("predicts") == "bfloat16"
    )


def choose_precision(
    build: Build, arrays: dict[str, np.ndarray], description: dict[str, Any], fold: Fold, threads: int
) -> dict[str, Any]:
    """In what precision a network predicts: predicts, and where that was told by trying it, off (the largest difference).

    about["precision"] auto: bfloat16 where the device multiplies in it, and predictions are those of float32 but for ALIKE;
    of pairs float32, for what counts of them is a difference.
    """
    from readsight.models.training.devices import has_bfloat16, select_device
    from readsight.models.training.ensemble_prediction import Predictor

    if description["precision"] != "auto":
        return {"predicts": description["precision"]}
    if description["pair"] or not has_bfloat16(select_device(description)):
        return {"predicts": "float32"}
    nets = [_load_network(build, select_network_arrays(arrays, number), description) for number in range(description["ensemble"])]
    predictor = Predictor(nets, description, restore_encoding(arrays, description))
    rows = np.unique(np.linspace(0, len(fold) - 1, CHECKED_EXAMPLES).astype(int))
    float32, bfloat16 = (
        predictor.predict(np.asarray(fold.values)[rows], threads, use_bfloat16) for use_bfloat16 in (False, True)
    )
    scale = float32.std() if description["kind"] in ("regression", "profile") else 1.0
    difference = float(np.abs(float32 - bfloat16).max() / max(scale, 1e-12))
    return {"predicts": "bfloat16" if difference <= TOLERANCE else "float32", "off": difference}
