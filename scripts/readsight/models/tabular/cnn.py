"""1-D convolutional network over ordered genes, a stream a modality, in torch, trained by Lightning.

Genes stand along the genome, or by their likeness in the training fold, so that a filter spans
genes that have something in common (as in Mostavi et al. 2020, who fold the profile as it comes).
"""

from typing import Any

import numpy as np

from readsight.dataset.fold_file import Fold
from readsight.models.fitted_model import Fitted
from readsight.models.tabular import gene_order, torch_base
from readsight.models.tabular.torch_base import GRID, settled

__all__ = ["build", "train", "module", "predict", "redrawn", "settled", "space", "GRID", "KINDS"]

KINDS = ("binary", "multiclass", "multilabel", "survival")
POOL = 4  # neighbours averaged after each convolution


def build(about: dict[str, Any]) -> Any:
    """Torch module, (n, features) → (n,) or (n, outputs).

    about: modalities (name → [start, end)), channels, width, hidden, dropout, kind, outputs. The order of
    the genes is a buffer, `order`. Pooling takes means: they are smooth, and deterministic on every device.
    """
    import torch
    from torch import nn

    class Pool(nn.Module):
        def forward(self, values: Any) -> Any:
            by = min(POOL, values.shape[-1])
            padded = nn.functional.pad(values, (0, -values.shape[-1] % by))
            return padded.reshape(*padded.shape[:2], -1, by).mean(dim=-1)

    class Streams(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("order", torch.arange(about["features"]))
            self.spans = list(about["modalities"].values())
            self.streams = nn.ModuleList(self._stream() for _ in self.spans)

        def _stream(self) -> Any:
            layers: list[Any] = []
            channels = 1
            for wider in about["channels"]:
                layers += [nn.Conv1d(channels, wider, about["width"], padding="same"), nn.SiLU(), Pool()]
                channels = wider
            return nn.Sequential(*layers, nn.Flatten())

        def forward(self, values: Any) -> Any:
            values = values[:, self.order].unsqueeze(1)
            return torch.cat([own(values[..., a:b]) for own, (a, b) in zip(self.streams, self.spans, strict=True)], dim=1)

    units = about["hidden"][0]
    dense = [nn.Dropout(about["dropout"]), nn.Linear(condensed(about), units), nn.SiLU(), nn.Dropout(about["dropout"])]
    return nn.Sequential(Streams(), *dense, torch_base.outlet(units, about)).to(torch.float32)


def condensed(about: dict[str, Any]) -> int:
    """Numbers that the streams leave of an example."""
    places = 0
    for start, end in about["modalities"].values():
        length = end - start
        for _ in about["channels"]:
            length = -(-length // min(POOL, length))
        places += length
    return places * about["channels"][-1]


def train(train: Fold, validation: Fold | None, settings: dict[str, Any], seed: int, threads: int) -> Fitted:
    """Train as `torch_base.train` says; the order of the genes is told from the training fold.

    settings: those of `mlp`, and order, channels, width. Raises InputError where the order along the
    genome is asked for and not known.
    """
    about = torch_base.described(train, settings) | {"modalities": torch_base.blocks(train)}
    about |= {"channels": list(settings["channels"]), "width": settings["width"], "order": settings["order"]}
    places = [
        start + gene_order.order(settings["order"], train.values[:, start:end], train.var.iloc[start:end], name)
        for name, (start, end) in about["modalities"].items()
    ]
    buffers = {"0.order": np.concatenate(places).astype(np.int64)}
    return torch_base.train(build, about, train, validation, settings, seed, threads, buffers)


def module(arrays: dict[str, np.ndarray], about: dict[str, Any]) -> Any:
    """The trained torch module in double precision: (n, features) → logits, or log hazards."""
    return torch_base.module(build, arrays, about)


def predict(arrays: dict[str, np.ndarray], about: dict[str, Any], values: np.ndarray) -> np.ndarray:
    """Predictions of values (n, features), shaped as the kind of outcome says."""
    return torch_base.predict(build, arrays, about, values)


def redrawn(arrays: dict[str, np.ndarray], about: dict[str, Any], seed: int) -> dict[str, np.ndarray]:
    """Weights of the same architecture, drawn anew and not trained; the order of the genes stays."""
    return torch_base.redrawn(build, arrays, about, seed)


def space(trial: Any) -> dict[str, Any]:
    """Settings that an Optuna trial draws."""
    channels = trial.suggest_categorical("channels", [8, 16])
    return torch_base.space(trial) | {
        "channels": [channels, 2 * channels],
        "width": trial.suggest_categorical("width", [5, 9, 17]),
    }
