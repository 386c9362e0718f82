"""Fusion of modalities by attention, in torch, trained with Lightning.

Each modality has an encoder; gated attention (Ilse et al. 2018) weighs the modalities that an example has, and a head reads
their weighted sum. A modality counts as missing if all of its features are exactly 0.
"""

from typing import Any

import numpy as np

from readsight.dataset.fold_file import Fold
from readsight.models.fitted_model import FittedModel
from readsight.models.tabular import torch_base
from readsight.models.tabular.torch_base import GRID, choose_settings

__all__ = [
    "build",
    "train",
    "load_module",
    "predict",
    "randomise_weights",
    "choose_settings",
    "search_space",
    "GRID",
    "compute_attention",
    "KINDS",
    "NEEDS_MODALITIES",
]

KINDS = ("binary", "multiclass", "multilabel", "survival")
NEEDS_MODALITIES = True


def build(description: dict[str, Any]) -> Any:
    """Torch module, (n, features) → (n,) or (n, outputs).

    description: modalities (name → [start, end)), embedding, drop_modality, hidden, dropout, kind, outputs.
    `presence(values)`, (n, modalities) bool, gives the available modalities; forward accepts a different mask as its second
    argument, and `attention(values, present)` returns the weights. Both are in the order of the sorted modality names.
    """
    import torch
    from torch import nn

    units, last, size = description["hidden"][0], description["hidden"][-1], description["embedding"]

    class Fusion(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            # Sorted by name, so that initial weights do not depend on the order of the modalities.
            self.spans = [description["modalities"][name] for name in sorted(description["modalities"])]
            self.encoders = nn.ModuleList(
                nn.Sequential(
                    nn.Linear(b - a, units),
                    nn.LayerNorm(units),
                    nn.SiLU(),
                    nn.Dropout(description["dropout"]),
                    nn.Linear(units, size),
                )
                for a, b in self.spans
            )
            self.inner, self.gate, self.score = nn.Linear(size, size), nn.Linear(size, size), nn.Linear(size, 1)
            self.head = nn.Sequential(
                nn.Linear(size, last),
                nn.SiLU(),
                nn.Dropout(description["dropout"]),
                torch_base.make_output_layer(last, description),
            )

        def presence(self, values: Any) -> Any:
            present = torch.stack([(values[:, a:b] != 0).any(dim=1) for a, b in self.spans], dim=1)
            # Without any modality, all count as present with value 0 (the mean).
            return present | ~present.any(dim=1, keepdim=True)

        def _hide(self, present: Any) -> Any:
            is_visible = present & (torch.rand(present.shape, device=present.device) >= description["drop_modality"])
            return torch.where(is_visible.any(dim=1, keepdim=True), is_visible, present)

        def _embed(self, values: Any, present: Any) -> tuple[Any, Any]:
            parts = [encode(values[:, a:b]) for encode, (a, b) in zip(self.encoders, self.spans, strict=True)]
            embedded = torch.stack(parts, dim=1).masked_fill(~present.unsqueeze(2), 0)
            score = self.score(torch.tanh(self.inner(embedded)) * torch.sigmoid(self.gate(embedded))).squeeze(2)
            return embedded, torch.softmax(score.masked_fill(~present, -torch.inf), dim=1)

        def attention(self, values: Any, present: Any = None) -> Any:
            return self._embed(values, self.presence(values) if present is None else present)[1]

        def forward(self, values: Any, present: Any = None) -> Any:
            present = self.presence(values) if present is None else present
            embedded, share = self._embed(values, self._hide(present) if self.training else present)
            return self.head((share.unsqueeze(2) * embedded).sum(dim=1))

    return Fusion().to(torch.float32)


def train(train: Fold, validation: Fold | None, settings: dict[str, Any], seed: int, threads: int) -> FittedModel:
    """Train as in `torch_base.train`. settings: those of `mlp`, and embedding, drop_modality."""
    description = torch_base.describe_model(train, settings) | {"modalities": torch_base.locate_modalities(train)}
    description |= {"embedding": settings["embedding"], "drop_modality": settings["drop_modality"]}
    return torch_base.train(build, description, train, validation, settings, seed, threads)


def load_module(arrays: dict[str, np.ndarray], description: dict[str, Any]) -> Any:
    """The trained torch module in double precision: (n, features) → logits, or log hazards."""
    return torch_base.load_module(build, arrays, description)


def predict(arrays: dict[str, np.ndarray], description: dict[str, Any], values: np.ndarray) -> np.ndarray:
    """Predictions of values (n, features), shaped by the kind of outcome."""
    return torch_base.predict(build, arrays, description, values)


def compute_attention(arrays: dict[str, np.ndarray], description: dict[str, Any], values: np.ndarray) -> np.ndarray:
    """Attention weights of each example, (n, modalities), in the order of description["modalities"]; rows sum to 1."""
    import torch

    with torch.inference_mode():
        attention = load_module(arrays, description).attention(torch.as_tensor(np.asarray(values, np.float64))).numpy()
    return attention[:, [sorted(description["modalities"]).index(name) for name in description["modalities"]]]


def randomise_weights(arrays: dict[str, np.ndarray], description: dict[str, Any], seed: int) -> dict[str, np.ndarray]:
    """Random, untrained weights of the same architecture."""
    return torch_base.randomise_weights(build, arrays, description, seed)


def search_space(trial: Any) -> dict[str, Any]:
    """Settings of an Optuna trial."""
    embedding = {"embedding": trial.suggest_categorical("embedding", [8, 16, 32])}
    return torch_base.search_space(trial) | embedding | {"drop_modality": trial.suggest_float("drop_modality", 0.0, 0.3)}
