"""Prediction by a trained network, or by an ensemble."""

from typing import Any

import numpy as np

from readsight.dataset.fold_file import Fold
from readsight.models.training.model_description import restore_encoding
from readsight.models.training.weights import Build, select_network_arrays

TOLERANCE = 0.02  # maximum difference of a prediction in bfloat16: of a probability; of a number, in standard deviations
CHECKED_EXAMPLES = 256  # examples for the comparison


def load_module(build: Build, arrays: dict[str, np.ndarray], description: dict[str, Any]) -> Any:
    """The trained torch module in float32: network input (float one-hot (n, 4, L)) → logits, with gradients.

    For an ensemble the logits correspond to the mean prediction. Only the given strand is read.
    """
    from readsight.models.training.ensemble import EnsembleModule

    nets = [_load_network(build, select_network_arrays(arrays, number), description) for number in range(description["ensemble"])]
    return nets[0] if len(nets) == 1 else EnsembleModule(nets, description["kind"]).eval()


def _load_network(build: Build, arrays: dict[str, np.ndarray], description: dict[str, Any]) -> Any:
    import torch

    with torch.random.fork_rng(devices=[]):  # initial weights are overwritten: do not advance the random state of the caller
        net = build(description)
    net.load_state_dict({name: torch.tensor(array) for name, array in arrays.items()})
    return net.eval()


def predict(
    build: Build, arrays: dict[str, np.ndarray], description: dict[str, Any], codes: np.ndarray, threads: int = 1
) -> np.ndarray:
    """Predictions of codes (n, length; for pairs twice that), shaped by the kind of outcome, float64.

    Mean over the networks, and over both strands if description["average_strands"]. Predictions are independent of the
    other examples of a batch. description["predicts"]: `bfloat16`, where the device supports it; else float32.
    """
    from readsight.models.training.ensemble_prediction import Predictor

    nets = [_load_network(build, select_network_arrays(arrays, number), description) for number in range(description["ensemble"])]
    return Predictor(nets, description, restore_encoding(arrays, description)).predict(
        codes, threads, description.get("predicts") == "bfloat16"
    )


def choose_precision(
    build: Build, arrays: dict[str, np.ndarray], description: dict[str, Any], fold: Fold, threads: int
) -> dict[str, Any]:
    """Precision of predictions: predicts, and if it was tested, off (maximum difference).

    description["precision"] auto: bfloat16 if the device supports it and predictions agree with float32 within TOLERANCE;
    float32 for pairs, whose result is a difference.
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
    reference, fast = (predictor.predict(np.asarray(fold.values)[rows], threads, use_bfloat16) for use_bfloat16 in (False, True))
    scale = reference.std() if description["kind"] in ("regression", "profile") else 1.0
    difference = float(np.abs(reference - fast).max() / max(scale, 1e-12))
    return {"predicts": "bfloat16" if difference <= TOLERANCE else "float32", "off": difference}
