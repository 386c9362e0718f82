"""Prediction by a trained network, or by several whose predictions are averaged."""

from typing import Any

import numpy as np

from readsight.dataset.fold_file import Fold
from readsight.models.training.model_description import encoding_of
from readsight.models.training.weights import Build, own

ALIKE = 0.02  # most that a prediction in bfloat16 may be off: a probability; of numbers, in their standard deviations
LOOKED_AT = 256  # examples that this is told from


def module(build: Build, arrays: dict[str, np.ndarray], about: dict[str, Any]) -> Any:
    """The trained torch module in float32: from what the network reads (float one-hot (n, 4, L)) to logits, with gradients.

    Of an ensemble the logits are those of its averaged predictions. One strand is read, as it is given.
    """
    from readsight.models.training.ensemble import Together

    nets = [_loaded(build, own(arrays, number), about) for number in range(about["ensemble"])]
    return nets[0] if len(nets) == 1 else Together(nets, about["kind"]).eval()


def _loaded(build: Build, arrays: dict[str, np.ndarray], about: dict[str, Any]) -> Any:
    import torch

    with torch.random.fork_rng(devices=[]):  # what is drawn here is overwritten: leave the caller's numbers alone
        net = build(about)
    net.load_state_dict({name: torch.tensor(array) for name, array in arrays.items()})
    return net.eval()


def predict(
    build: Build, arrays: dict[str, np.ndarray], about: dict[str, Any], codes: np.ndarray, threads: int = 1
) -> np.ndarray:
    """Predictions of codes (n, length; of pairs twice that), shaped as the kind of outcome says, float64.

    Mean over the networks, and over both strands where about["average_strands"] says so. A prediction does not hang on
    the examples beside it. about["predicts"]: `bfloat16`, and the device multiplies in it where it can; else float32.
    """
    from readsight.models.training.ensemble_prediction import Predictor

    nets = [_loaded(build, own(arrays, number), about) for number in range(about["ensemble"])]
    return Predictor(nets, about, encoding_of(arrays, about)).predict(codes, threads, about.get("predicts") == "bfloat16")


def agreed(build: Build, arrays: dict[str, np.ndarray], about: dict[str, Any], fold: Fold, threads: int) -> dict[str, Any]:
    """In what precision a network predicts: predicts, and where that was told by trying it, off (the largest difference).

    about["precision"] auto: bfloat16 where the device multiplies in it, and predictions are those of float32 but for ALIKE;
    of pairs float32, for what counts of them is a difference.
    """
    from readsight.models.training.devices import multiplies_bfloat16, place
    from readsight.models.training.ensemble_prediction import Predictor

    if about["precision"] != "auto":
        return {"predicts": about["precision"]}
    if about["pair"] or not multiplies_bfloat16(place(about)):
        return {"predicts": "float32"}
    nets = [_loaded(build, own(arrays, number), about) for number in range(about["ensemble"])]
    predictor = Predictor(nets, about, encoding_of(arrays, about))
    rows = np.unique(np.linspace(0, len(fold) - 1, LOOKED_AT).astype(int))
    exact, quick = (predictor.predict(np.asarray(fold.values)[rows], threads, half) for half in (False, True))
    scale = exact.std() if about["kind"] in ("regression", "profile") else 1.0
    off = float(np.abs(exact - quick).max() / max(scale, 1e-12))
    return {"predicts": "bfloat16" if off <= ALIKE else "float32", "off": off}
