"""Input of feature attribution methods: a trained model, examples to explain, and training examples for comparison."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from types import ModuleType
from typing import Any

import numpy as np

from readsight.models.calibration import EDGE, logit

MAX_BATCH = 4096  # examples per forward pass


@dataclass(frozen=True)
class AttributionProblem:
    """A trained model and the examples to explain.

    model: module of the registry. arrays, description: of the trained model. values: (n, features) to explain.
    background: (m, features), examples of the training fold.

    The explained output is the logit of class 1; with several classes the logit of each minus their mean (a common shift
    changes no probability); the logit of each label; the log hazard. Shape (n,), or (n, outputs) for several outputs.
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
        """Number of outputs per example if there are several, else None."""
        return int(self.description["outputs"]) if self.kind in ("multiclass", "multilabel") else None

    @property
    def is_differentiable(self) -> bool:
        return hasattr(self.model, "load_module")

    @cached_property
    def net(self) -> Any:
        """Torch module of the model."""
        return self.model.load_module(self.arrays, self.description)

    @cached_property
    def module(self) -> Any:
        """Torch module of the explained output, double precision: (values, present) → output."""
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
        """Modalities of the examples, (n, modalities) bool; None for a model without modalities.

        The path of a feature keeps the modalities of the example: at its start all features may be 0, but none is absent.
        """
        if not self.is_differentiable or not hasattr(self.net, "presence"):
            return None
        import torch

        return self.net.presence(torch.as_tensor(self.values.astype(np.float64))).numpy()

    def select_rows(self, rows: np.ndarray) -> "AttributionProblem":
        """The same problem for selected examples."""
        selected = replace(self, values=self.values[rows])
        # Built once, because there can be one call per background example.
        vars(selected).update({name: built for name, built in vars(self).items() if name in ("net", "module")})
        return selected

    def start_points(self, start: np.ndarray) -> np.ndarray:
        """A start point (features,) repeated for each example, (n, features); features of absent modalities stay 0."""
        starts = np.tile(start.astype(np.float64), (len(self.values), 1))
        if self.present is not None:
            for a, b in self.description["modalities"].values():
                starts[(self.values[:, a:b] == 0).all(axis=1), a:b] = 0
        return starts

    def output_function(self) -> Callable[..., np.ndarray]:
        """Function from (n, features) to the output; exact if the model has gradients. Its second argument: present."""
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
    """Outputs from predictions, with the same shape."""
    if kind == "survival":
        return predictions
    if kind != "multiclass":
        return logit(predictions)
    logits = np.log(np.clip(predictions, EDGE, 1))
    return logits - logits.mean(axis=1, keepdims=True)


def completeness_gap(attributions: np.ndarray, change: np.ndarray) -> np.ndarray:
    """(n,): sum of attributions (n, features[, outputs]) minus the output's change (n[, outputs]), relative to the mean size of the change.

    For several outputs the largest gap.
    """
    gaps = (attributions.sum(axis=1) - change).reshape(len(attributions), -1) / max(float(np.abs(change).mean()), 1e-9)
    return gaps[np.arange(len(gaps)), np.abs(gaps).argmax(axis=1)]
