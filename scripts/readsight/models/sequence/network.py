"""A complete network of sequence: a reader of batches, a trunk, and a head for the kind of outcome."""

from typing import Any

import torch
from torch import nn

from readsight.dataset.outcome import POSITIONAL_KINDS
from readsight.errors import InputError
from readsight.models.sequence.layers import average_neighbours, make_activation, make_row_norm


class Reader(nn.Module):
    """Batch → values (n, places, channels), and the mask of non-padding positions (n, places), None without padding.

    one_hot: (n, 4, L), with bases as channels. tokens: (n, T) ids, embedded; id 0 is padding with embedding 0.
    """

    def __init__(self, description: dict[str, Any]):
        super().__init__()
        self.places, self.channels = description["length"], 4
        self.embedding = None
        if description["input"] == "tokens":
            self.places, self.channels = description["places"], description["encoding"]["about"]["dimensions"]
            self.embedding = nn.Embedding(description["vocabulary"], self.channels, padding_idx=0)

    def forward(self, batch: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        if self.embedding is None:
            return batch.transpose(1, 2), None
        return self.embedding(batch), batch != 0


class NetworkModule(nn.Module):
    """Batch → logits, shaped as in `readsight.models.sequence`.

    trunk: values and mask → features (n, width), or per position (n, places, width); it has the attribute `width`.
    Raises InputError for a batch of the wrong length.
    """

    def __init__(self, description: dict[str, Any], reader: nn.Module, trunk: nn.Module, hidden: list[int]):
        super().__init__()
        self.windows = 2 if description["pair"] else 1
        self.reader, self.trunk = reader, trunk
        self.head = make_head(description, trunk.width * self.windows, hidden)

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        self.check_length(batch)
        if self.windows == 1:
            return self.head(self.trunk(*self.reader(batch)))
        features = self.trunk(*self.reader(torch.cat(batch.chunk(2, -1))))
        reference, alternative = features.chunk(2)
        return self.head(torch.cat([alternative, alternative - reference], -1))

    def check_length(self, batch: torch.Tensor) -> None:
        expected = self.reader.places * self.windows
        if batch.shape[-1] != expected:
            note = " (a reference and an alternative window)" if self.windows == 2 else ""
            raise InputError(f"sequences: {batch.shape[-1]} positions per example, but the network expects {expected}{note}")


def make_head(description: dict[str, Any], width: int, hidden: list[int]) -> nn.Module:
    """Features → logits: dense layers of `hidden` units for one outcome per example; one linear layer for per-base outcomes.

    description: kind, outputs, activation, norm, dropout; for profiles also length and bin.
    """
    if description["kind"] in POSITIONAL_KINDS and description["pair"]:
        raise InputError(f"sequences.target: a pair of windows has one outcome, not a per-base outcome ({description['kind']})")
    if description["kind"] == "positions":
        return nn.Linear(width, description["outputs"])
    if description["kind"] == "profile":
        return ProfileHead(description, width)
    return SequenceHead(description, width, hidden)


class SequenceHead(nn.Module):
    """(n, width) → (n, outputs), or (n,) for a single output. Regression outputs are rescaled to the units of the outcome
    (`initialisation`).
    """

    def __init__(self, description: dict[str, Any], width: int, hidden: list[int]):
        super().__init__()
        self.flat = description["kind"] in ("binary", "regression")
        layers: list[nn.Module] = []
        for units in hidden:
            layers += [
                nn.Linear(width, units),
                make_row_norm(description["norm"], units),
                make_activation(description["activation"]),
            ]
            layers.append(nn.Dropout(description["dropout"]))
            width = units
        self.dense = nn.Sequential(*layers)
        self.layer = nn.Linear(width, description["outputs"])
        self.register_buffer("usual", torch.zeros(1))
        self.register_buffer("deviation", torch.ones(1))

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        outputs = self.layer(self.dense(values)) * self.deviation + self.usual
        return outputs.flatten() if self.flat else outputs


class ProfileHead(nn.Module):
    """(n, places, width) → (n, bins): mean over the positions of each bin, then a linear layer. Bins must divide the positions
    evenly.
    """

    def __init__(self, description: dict[str, Any], width: int):
        super().__init__()
        if description["length"] % description["bin"]:
            raise InputError(f"sequences.bin: {description['length']} bases cannot be divided into bins of {description['bin']}")
        self.bins = description["length"] // description["bin"]
        self.layer = nn.Linear(width, 1)
        self.register_buffer("usual", torch.zeros(1))

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return self.layer(average_neighbours(values, values.shape[1] // self.bins)).squeeze(2) + self.usual
