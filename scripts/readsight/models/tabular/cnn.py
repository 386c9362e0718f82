"""1-D convolutional network on ordered genes, with one stream per modality, in torch, trained with Lightning.

Genes are ordered by genomic position, or by similarity in the training fold, so that a filter spans
related genes (Mostavi et al. 2020 use the order of the table).
"""

from typing import Any

import numpy as np

from readsight.dataset.fold_file import Fold
from readsight.models.fitted_model import FittedModel
from readsight.models.tabular import gene_order, torch_base
from readsight.models.tabular.torch_base import GRID, choose_settings

__all__ = ["build", "train", "load_module", "predict", "randomise_weights", "choose_settings", "search_space", "GRID", "KINDS"]

KINDS = ("binary", "multiclass", "multilabel", "survival")
POOL = 4  # neighbours averaged after each convolution


def build(description: dict[str, Any]) -> Any:
    """Torch module, (n, features) → (n,) or (n, outputs).

    description: modalities (name → [start, end)), channels, width, hidden, dropout, kind, outputs. The order of the genes is a
    buffer, `order`. Pooling averages, which is smooth and deterministic on every device.
    """
    import torch
    from torch import nn

    class MeanPool(nn.Module):
        def forward(self, values: Any) -> Any:
            size = min(POOL, values.shape[-1])
            padded = nn.functional.pad(values, (0, -values.shape[-1] % size))
            return padded.reshape(*padded.shape[:2], -1, size).mean(dim=-1)

    class Streams(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("order", torch.arange(description["features"]))
            self.spans = list(description["modalities"].values())
            self.streams = nn.ModuleList(self._stream() for _ in self.spans)

        def _stream(self) -> Any:
            layers: list[Any] = []
            channels = 1
            for wider in description["channels"]:
                layers += [nn.Conv1d(channels, wider, description["width"], padding="same"), nn.SiLU(), MeanPool()]
                channels = wider
            return nn.Sequential(*layers, nn.Flatten())

        def forward(self, values: Any) -> Any:
            values = values[:, self.order].unsqueeze(1)
            return torch.cat([stream(values[..., a:b]) for stream, (a, b) in zip(self.streams, self.spans, strict=True)], dim=1)

    units = description["hidden"][0]
    dense = [
        nn.Dropout(description["dropout"]),
        nn.Linear(count_condensed(description), units),
        nn.SiLU(),
        nn.Dropout(description["dropout"]),
    ]
    return nn.Sequential(Streams(), *dense, torch_base.make_output_layer(units, description)).to(torch.float32)


def count_condensed(description: dict[str, Any]) -> int:
    """Number of values per example after all streams."""
    positions = 0
    for start, end in description["modalities"].values():
        length = end - start
        for _ in description["channels"]:
            length = -(-length // min(POOL, length))
        positions += length
    return positions * description["channels"][-1]


def train(train: Fold, validation: Fold | None, settings: dict[str, Any], seed: int, threads: int) -> FittedModel:
    """Train as in `torch_base.train`; the order of the genes is computed from the training fold.

    settings: those of `mlp`, and order, channels, width. Raises InputError if genomic order needs unknown positions.
    """
    description = torch_base.describe_model(train, settings) | {"modalities": torch_base.locate_modalities(train)}
    description |= {"channels": list(settings["channels"]), "width": settings["width"], "order": settings["order"]}
    orders = [
        start + gene_order.order_features(settings["order"], train.values[:, start:end], train.var.iloc[start:end], name)
        for name, (start, end) in description["modalities"].items()
    ]
    buffers = {"0.order": np.concatenate(orders).astype(np.int64)}
    return torch_base.train(build, description, train, validation, settings, seed, threads, buffers)


def load_module(arrays: dict[str, np.ndarray], description: dict[str, Any]) -> Any:
    """The trained torch module in double precision: (n, features) → logits, or log hazards."""
    return torch_base.load_module(build, arrays, description)


def predict(arrays: dict[str, np.ndarray], description: dict[str, Any], values: np.ndarray) -> np.ndarray:
    """Predictions of values (n, features), shaped by the kind of outcome."""
    return torch_base.predict(build, arrays, description, values)


def randomise_weights(arrays: dict[str, np.ndarray], description: dict[str, Any], seed: int) -> dict[str, np.ndarray]:
    """Random, untrained weights of the same architecture; the order of the genes is kept."""
    return torch_base.randomise_weights(build, arrays, description, seed)


def search_space(trial: Any) -> dict[str, Any]:
    """Settings of an Optuna trial."""
    channels = trial.suggest_categorical("channels", [8, 16])
    return torch_base.search_space(trial) | {
        "channels": [channels, 2 * channels],
        "width": trial.suggest_categorical("width", [5, 9, 17]),
    }
