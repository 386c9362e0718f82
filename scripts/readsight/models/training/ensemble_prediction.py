"""Predictions batch by batch: the mean over networks, and over both strands."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import torch

from readsight.dataset.fold_file import Encoding
from readsight.dataset.outcome import ALONG
from readsight.models.losses import predicted
from readsight.models.training.batch_size import at_once
from readsight.models.training.devices import multiplies_bfloat16, place
from readsight.models.training.fast_layers import quickened
from readsight.models.training.inputs import carried, made, other_strand
from readsight.models.training.model_description import FLAT


class Predictor:
    """nets: trained networks of one about, which are changed in place (`quickened`)."""

    def __init__(self, nets: list[torch.nn.Module], about: dict[str, Any], encoding: Encoding):
        self.device = place(about)
        self.nets = [quickened(net, self.device).to(self.device).eval() for net in nets]
        self.about = about
        self.encoding = encoding

    def predict(self, codes: np.ndarray, threads: int, half: bool) -> np.ndarray:
        """Predictions of codes (n, length), float64. half: in bfloat16, where the device multiplies in it."""
        size, codes = at_once(self.about, "cpu" if self.device == "cpu" else "gpu"), np.asarray(codes)
        with _settings(threads, self.device, half and multiplies_bfloat16(self.device)):
            parts = [self._both(codes[i : i + size]) for i in range(0, len(codes), size)]
        return np.concatenate(parts) if parts else self._none()

    def _both(self, codes: np.ndarray) -> np.ndarray:
        found = self._one(codes)
        if not self.about["average_strands"]:
            return found
        other = self._one(other_strand(codes, self.about))
        return (found + (other[:, ::-1] if self.about["kind"] in ALONG else other)) / 2

    def _one(self, codes: np.ndarray) -> np.ndarray:
        kind = self.about["kind"]
        given = made(carried(codes, self.about, self.encoding).to(self.device), self.about)
        outputs = (net(given) for net in self.nets)
        found = [predicted(kind, (out.reshape(len(out)) if kind in FLAT else out).double()) for out in outputs]
        return (sum(found) / len(found)).cpu().numpy()

    def _none(self) -> np.ndarray:
        """Predictions of no example."""
        about = self.about
        more = {"positions": (about["length"], about["outputs"]), "profile": (about["length"] // about["bin"],)}
        return np.zeros((0, *(() if about["kind"] in FLAT else more.get(about["kind"], (about["outputs"],)))))


@contextmanager
def _settings(threads: int, device: str, half: bool) -> Iterator[None]:
    """Nothing is learned, so many threads, and the precision that is asked for; all is as before afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    with ExitStack() as stack:
        stack.callback(torch.set_num_threads, before)
        stack.enter_context(torch.inference_mode())
        stack.enter_context(torch.autocast(device, torch.bfloat16, enabled=half))
        # Products of float32 are not to be made of fewer bits behind our back, nor by another way each time.
        stack.enter_context(torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False))
        yield
