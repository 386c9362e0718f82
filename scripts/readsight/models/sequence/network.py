"""A network of sequence as a whole: a reader of batches, a trunk, and a head for the kind of outcome."""

from typing import Any

import torch
from torch import nn

from readsight.dataset.outcome import ALONG
from readsight.errors import InputError
from readsight.models.sequence.layers import activation, means, norm_rows


class Reader(nn.Module):
    """Batch → values (n, places, channels), and which places are told (n, places), None where all are.

    one_hot: (n, 4, L), its bases as channels. tokens: (n, T) ids, embedded; id 0 is padding, and embedded as 0.
    """

    def __init__(self, about: dict[str, Any]):
        super().__init__()
        self.places, self.channels = about["length"], 4
        self.embedding = None
        if about["input"] == "tokens":
            self.places, self.channels = about["places"], about["encoding"]["about"]["dimensions"]
            self.embedding = nn.Embedding(about["vocabulary"], self.channels, padding_idx=0)

    def forward(self, batch: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        if self.embedding is None:
            return batch.transpose(1, 2), None
        return self.embedding(batch), batch != 0


class Network(nn.Module):
    """Batch → logits, as `readsight.models.sequence` says.

    trunk: values and told → features (n, width), or along the sequence (n, places, width); it has `width`.
    Raises InputError for a batch of another length.
    """

    def __init__(self, about: dict[str, Any], reader: nn.Module, trunk: nn.Module, hidden: list[int]):
        super().__init__()
        self.windows = 2 if about["pair"] else 1
        self.reader, self.trunk = reader, trunk
        self.head = head(about, trunk.width * self.windows, hidden)

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        self.check(batch)
        if self.windows == 1:
            return self.head(self.trunk(*self.reader(batch)))
        features = self.trunk(*self.reader(torch.cat(batch.chunk(2, -1))))
        reference, alternative = features.chunk(2)
        return self.head(torch.cat([alternative, alternative - reference], -1))

    def check(self, batch: torch.Tensor) -> None:
        due = self.reader.places * self.windows
        if batch.shape[-1] != due:
            each = " (a reference and an alternative window)" if self.windows == 2 else ""
            raise InputError(f"sequences: {batch.shape[-1]} places an example, and the network was made for {due}{each}")


def head(about: dict[str, Any], width: int, hidden: list[int]) -> nn.Module:
    """Features → logits: dense layers of `hidden` units for one outcome an example; along the sequence one layer a place.

    about: kind, outputs, activation, norm, dropout; of profiles length and bin.
    """
    if about["kind"] in ALONG and about["pair"]:
        raise InputError(f"sequences.target: a pair of windows has one outcome, not one along them ({about['kind']})")
    if about["kind"] == "positions":
        return nn.Linear(width, about["outputs"])
    if about["kind"] == "profile":
        return Profile(about, width)
    return Whole(about, width, hidden)


class Whole(nn.Module):
    """(n, width) → (n, outputs), or (n,) where there is one. A number is told in deviations from its usual value (`initialisation`)."""

    def __init__(self, about: dict[str, Any], width: int, hidden: list[int]):
        super().__init__()
        self.flat = about["kind"] in ("binary", "regression")
        layers: list[nn.Module] = []
        for units in hidden:
            layers += [nn.Linear(width, units), norm_rows(about["norm"], units), activation(about["activation"])]
            layers.append(nn.Dropout(about["dropout"]))
            width = units
        self.dense = nn.Sequential(*layers)
        self.layer = nn.Linear(width, about["outputs"])
        self.register_buffer("usual", torch.zeros(1))
        self.register_buffer("deviation", torch.ones(1))

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        found = self.layer(self.dense(values)) * self.deviation + self.usual
        return found.flatten() if self.flat else found


class Profile(nn.Module):
    """(n, places, width) → (n, bins): the mean of each bin's places, and a layer on it. Places must divide into the bins."""

    def __init__(self, about: dict[str, Any], width: int):
        super().__init__()
        if about["length"] % about["bin"]:
            raise InputError(f"sequences.bin: {about['length']} bases are no whole number of bins of {about['bin']}")
        self.bins = about["length"] // about["bin"]
        self.layer = nn.Linear(width, 1)
        self.register_buffer("usual", torch.zeros(1))

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return self.layer(means(values, values.shape[1] // self.bins)).squeeze(2) + self.usual
