"""What an attribution method is given: a trained model, examples to explain, and training examples to compare with."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from types import ModuleType
from typing import Any

import numpy as np

from readsight.models.calibration import EDGE, logit

MAX_BATCH = 4096  # examples put through a model at once


@dataclass(frozen=True)
class AttributionProblem:
    """member: model of the registry. arrays, description: the trained one. values: (n, features) to explain.

    background: (m, features), examples of the training fold.

    What is explained is the model's output_function: the logit of class 1, of several classes the logit of each less
    their mean (a shift of all of them changes no probability), the logit of each label, the log hazard.
    One number an example is (n,), several are (n, outputs).
    """

    model: ModuleType
    arrays: dict[str, np.ndarray]
    description: dict[str, Any]
    values: np.ndarray
    background: np.ndarray

    @property
    def kind(self) -> str:
        return self.description.get("kind", "binary")

    @property
    def outputs(self) -> int | None:
        """Outputs of an example where there are several, else None."""
        return int(self.description["outputs"]) if self.kind in ("multiclass", "multilabel") else None

    @property
    def is_differentiable(self) -> bool:
        return hasattr(self.model, "module")

    @cached_property
    def net(self) -> Any:
        """The model's own torch module."""
        return self.model.module(self.arrays, self.description)

    @cached_property
    def module(self) -> Any:
        """Torch module of the output, double precision: (values, present) → output; present as `present` is."""
        import torch

        net, is_centred, is_fusion = self.net, self.kind == "multiclass", hasattr(self.net, "presence")

        class Output(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.net = net

            def forward(self, values: Any, present: Any = None) -> Any:
                outputs = self.net(values, present) if is_fusion else self.net(values)
                return outputs - outputs.mean(dim=1, keepdim=True) if is_centred else outputs

        return Output().eval()

    @cached_property
    def present(self) -> np.ndarray | None:
        """Which modalities the examples have, (n, modalities) bool; None for a model that tells no modalities apart.

        A feature's path leads from the mean to the example through a model that has the same modalities
        throughout: at its start all features may be 0, and yet none is absent.
        """
        if not self.is_differentiable or not hasattr(self.net, "presence"):
            return None
        import torch

        return self.net.presence(torch.as_tensor(self.values.astype(np.float64))).numpy()

    def select_rows(self, rows: np.ndarray) -> "AttributionProblem":
        """The same for some of the examples."""
        selected = replace(self, values=self.values[rows])
        # Built once: there may be as many calls as training examples to compare with.
        vars(selected).update({name: built for name, built in vars(self).items() if name in ("net", "module")})
        return selected

    def start_points(self, start: np.ndarray) -> np.ndarray:
        """A starting point (features,) for each example, (n, features): what it lacks altogether it lacks there too."""
        starts = np.tile(start.astype(np.float64), (len(self.values), 1))
        if self.present is not None:
            for a, b in self.description["modalities"].values():
                starts[(self.values[:, a:b] == 0).all(axis=1), a:b] = 0
        return starts

    def output_function(self) -> Callable[..., np.ndarray]:
        """Function from (n, features) to the output; exact where the model has gradients. Its second argument: present."""
        if not self.is_differentiable:
            return lambda values, present=None: link_predictions(
                self.kind, self.model.predict(self.arrays, self.description, np.asarray(values, np.float32))
            )
        import torch

        module = self.module

        def compute_logits(values: np.ndarray, present: np.ndarray | None = None) -> np.ndarray:
            rows = torch.as_tensor(np.asarray(values, np.float64)).split(MAX_BATCH)
            presence = [None] * len(rows) if present is None else torch.as_tensor(present).split(MAX_BATCH)
            with torch.inference_mode():
                return torch.cat([module(*pair) for pair in zip(rows, presence, strict=True)]).numpy()

        return compute_logits


def link_predictions(kind: str, predictions: np.ndarray) -> np.ndarray:
    """Outputs from predictions, shaped as these are."""
    if kind == "survival":
        return predictions
    if kind != "multiclass":
        return logit(predictions)
    logits = np.log(np.clip(predictions, EDGE, 1))
    return logits - logits.mean(axis=1, keepdims=True)


def completeness_gap(attributions: np.ndarray, change: np.ndarray) -> np.ndarray:
    """(n,): sum of attributions (n, features[, outputs]) less the output's change (n[, outputs]), as part of that change's mean size.

    Of several outputs the one that is furthest off.
    """
    gaps = (attributions.sum(axis=1) - change).reshape(len(attributions), -1) / max(float(np.abs(change).mean()), 1e-9)
    return gaps[np.arange(len(gaps)), np.abs(gaps).argmax(axis=1)]
