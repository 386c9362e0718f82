"""Prediction by a trained network, or by several whose predictions are averaged."""

from typing import Any

import numpy as np

from readsight.training.about import encoding_of
from readsight.training.weights import Build, own


def module(build: Build, arrays: dict[str, np.ndarray], about: dict[str, Any]) -> Any:
    """The trained torch module: from what the network reads (float one-hot (n, 4, L)) to logits, with gradients.

    Of an ensemble the logits are those of its averaged predictions. One strand is read, as it is given.
    """
    from readsight.training.together import Together

    nets = []
    for number in range(about["ensemble"]):
        nets.append(_loaded(build, own(arrays, number), about))
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
    the examples beside it.
    """
    import torch

    from readsight.training.averaging import averaged
    from readsight.training.rows import at_once

    torch.set_num_threads(threads)
    net = module(build, arrays, about)
    encoding = encoding_of(arrays, about)
    size = at_once(about)
    codes = np.asarray(codes)
    with torch.inference_mode():
        parts = [averaged(net, codes[i : i + size], about, encoding) for i in range(0, len(codes), size)]
    return np.concatenate(parts) if parts else averaged_nothing(about)


def averaged_nothing(about: dict[str, Any]) -> np.ndarray:
    """Predictions of no example."""
    shapes = {"binary": (0,), "regression": (0,), "positions": (0, about["length"], about["outputs"])}
    return np.zeros(
        shapes.get(about["kind"], (0, about["length"] // about["bin"] if about["kind"] == "profile" else about["outputs"]))
    )
