"""Batched prediction, averaged over the networks of an ensemble and over both strands."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import torch

from readsight.dataset.fold_file import Encoding
from readsight.dataset.outcome import POSITIONAL_KINDS
from readsight.models.losses import to_predictions
from readsight.models.training.batch_size import choose_batch_size
from readsight.models.training.devices import has_bfloat16, select_device
from readsight.models.training.fast_layers import use_fast_layers
from readsight.models.training.inputs import encode_batch, reverse_strand, to_network_input
from readsight.models.training.model_description import FLAT


class Predictor:
    """nets: trained networks with one description, which are modified in place (`use_fast_layers`)."""

    def __init__(self, nets: list[torch.nn.Module], description: dict[str, Any], encoding: Encoding):
        self.device = select_device(description)
        self.nets = [use_fast_layers(net, self.device).to(self.device).eval() for net in nets]
        self.description = description
        self.encoding = encoding

    def predict(self, codes: np.ndarray, threads: int, use_bfloat16: bool) -> np.ndarray:
        """Predictions of codes (n, length), float64. use_bfloat16: if the device supports it."""
        size, codes = choose_batch_size(self.description, "cpu" if self.device == "cpu" else "gpu"), np.asarray(codes)
        with _inference_settings(threads, self.device, use_bfloat16 and has_bfloat16(self.device)):
            chunks = [self._predict_strands(codes[i : i + size]) for i in range(0, len(codes), size)]
        return np.concatenate(chunks) if chunks else self._empty_predictions()

    def _predict_strands(self, codes: np.ndarray) -> np.ndarray:
        forward = self._predict_strand(codes)
        if not self.description["average_strands"]:
            return forward
        reverse = self._predict_strand(reverse_strand(codes, self.description))
        return (forward + (reverse[:, ::-1] if self.description["kind"] in POSITIONAL_KINDS else reverse)) / 2

    def _predict_strand(self, codes: np.ndarray) -> np.ndarray:
        kind = self.description["kind"]
        inputs = to_network_input(encode_batch(codes, self.description, self.encoding).to(self.device), self.description)
        outputs = (net(inputs) for net in self.nets)
        predictions = [
            to_predictions(kind, (output.reshape(len(output)) if kind in FLAT else output).double()) for output in outputs
        ]
        return (sum(predictions) / len(predictions)).cpu().numpy()

    def _empty_predictions(self) -> np.ndarray:
        """Predictions for zero examples."""
        description = self.description
        shapes = {
            "positions": (description["length"], description["outputs"]),
            "profile": (description["length"] // description["bin"],),
        }
        return np.zeros((0, *(() if description["kind"] in FLAT else shapes.get(description["kind"], (description["outputs"],)))))


@contextmanager
def _inference_settings(threads: int, device: str, use_bfloat16: bool) -> Iterator[None]:
    """Inference mode with a number of threads and a precision; previous settings are restored afterwards."""
    previous = torch.get_num_threads()
    torch.set_num_threads(threads)
    with ExitStack() as stack:
        stack.callback(torch.set_num_threads, previous)
        stack.enter_context(torch.inference_mode())
        stack.enter_context(torch.autocast(device, torch.bfloat16, enabled=use_bfloat16))
        # No TF32 for float32 products, and a fixed algorithm for reproducibility.
        stack.enter_context(torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False))
        yield
