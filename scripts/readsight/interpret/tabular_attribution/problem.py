"""What an attribution method is given: a trained model, examples to explain, and training examples to compare with."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from types import ModuleType
from typing import Any

import numpy as np

from readsight.models.calibration import EDGE, logit

ROWS = 4096  # examples put through a model at once


@dataclass(frozen=True)
class Problem:
    """member: model of the registry. arrays, about: the trained one. values: (n, features) to explain.

    background: (m, features), examples of the training fold.

    What is explained is the model's output: the logit of class 1, of several classes the logit of each less
    their mean (a shift of all of them changes no probability), the logit of each label, the log hazard.
    One number an example is (n,), several are (n, outputs).
    """

    member: ModuleType
    arrays: dict[str, np.ndarray]
    about: dict[str, Any]
    values: np.ndarray
    background: np.ndarray

    @property
    def kind(self) -> str:
        return self.about.get("kind", "binary")

    @property
    def outputs(self) -> int | None:
        """Outputs of an example where there are several, else None."""
        return int(self.about["outputs"]) if self.kind in ("multiclass", "multilabel") else None

    @property
    def differentiable(self) -> bool:
        return hasattr(self.member, "module")

    @cached_property
    def net(self) -> Any:
        """The model's own torch module."""
        return self.member.module(self.arrays, self.about)

    @cached_property
    def module(self) -> Any:
        """Torch module of the output, double precision: (values, present) → output; present as `present` is."""
        import torch

        net, centred, fuses = self.net, self.kind == "multiclass", hasattr(self.net, "presence")

        class Output(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.net = net

            def forward(self, values: Any, present: Any = None) -> Any:
                found = self.net(values, present) if fuses else self.net(values)
                return found - found.mean(dim=1, keepdim=True) if centred else found

        return Output().eval()

    @cached_property
    def present(self) -> np.ndarray | None:
        """Which modalities the examples have, (n, modalities) bool; None for a model that tells no modalities apart.

        A feature's path leads from the mean to the example through a model that has the same modalities
        throughout: at its start all features may be 0, and yet none is absent.
        """
        if not self.differentiable or not hasattr(self.net, "presence"):
            return None
        import torch

        return self.net.presence(torch.as_tensor(self.values.astype(np.float64))).numpy()

    def some(self, rows: np.ndarray) -> "Problem":
        """The same for some of the examples."""
        found = replace(self, values=self.values[rows])
        # Built once: there may be as many calls as training examples to compare with.
        vars(found).update({name: built for name, built in vars(self).items() if name in ("net", "module")})
        return found

    def starts(self, start: np.ndarray) -> np.ndarray:
        """A starting point (features,) for each example, (n, features): what it lacks altogether it lacks there too."""
        found = np.tile(start.astype(np.float64), (len(self.values), 1))
        if self.present is not None:
            for a, b in self.about["modalities"].values():
                found[(self.values[:, a:b] == 0).all(axis=1), a:b] = 0
        return found

    def output(self) -> Callable[..., np.ndarray]:
        """Function from (n, features) to the output; exact where the model has gradients. Its second argument: present."""
        if not self.differentiable:
            return lambda values, present=None: linked(
                self.kind, self.member.predict(self.arrays, self.about, np.asarray(values, np.float32))
            )
        import torch

        module = self.module

        def logits(values: np.ndarray, present: np.ndarray | None = None) -> np.ndarray:
            rows = torch.as_tensor(np.asarray(values, np.float64)).split(ROWS)
            own = [None] * len(rows) if present is None else torch.as_tensor(present).split(ROWS)
            with torch.inference_mode():
                return torch.cat([module(*pair) for pair in zip(rows, own, strict=True)]).numpy()

        return logits


def linked(kind: str, guess: np.ndarray) -> np.ndarray:
    """Outputs from predictions, shaped as these are."""
    if kind == "survival":
        return guess
    if kind != "multiclass":
        return logit(guess)
    found = np.log(np.clip(guess, EDGE, 1))
    return found - found.mean(axis=1, keepdims=True)


def missed(found: np.ndarray, change: np.ndarray) -> np.ndarray:
    """(n,): sum of attributions (n, features[, outputs]) less the output's change (n[, outputs]), as part of that change's mean size.

    Of several outputs the one that is furthest off.
    """
    gaps = (found.sum(axis=1) - change).reshape(len(found), -1) / max(float(np.abs(change).mean()), 1e-9)
    return gaps[np.arange(len(gaps)), np.abs(gaps).argmax(axis=1)]
