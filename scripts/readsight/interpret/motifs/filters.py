"""Filters of a network's first layer as motifs: the words that drive each one to more than half of what any word does (Kelley et al. 2016)."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from readsight.interpret.motifs.meme import Known
from readsight.interpret.motifs.pwm import counted

HALF = 0.5  # of the largest activation
LEAST = 4  # bases that a filter spans, where it is one of motifs
MOST = 20_000  # words of a filter that are counted
ROWS = 256


@dataclass(frozen=True)
class Filter:
    """number: from 0. maximum: largest activation. words: how many drive it to more than half of that. examples: part of the
    sequences with such a word. matrix: (width, 4), None where no word does. highest: (n,), each sequence's largest activation.
    """

    number: int
    maximum: float
    words: int
    examples: float
    matrix: np.ndarray | None
    highest: np.ndarray

    @property
    def known(self) -> Known:
        return Known(f"filter{self.number}", self.matrix, "", self.words)


def first(net: Any) -> tuple[list[Any], str]:
    """The layers up to the first activation, without pooling and dropout, and nothing; or no layers, and why there are none.

    net: module of one network, or of several: then of the first.
    """
    from torch import nn

    net = net.nets[0] if hasattr(net, "nets") else net
    convolution = next((own for own in net.modules() if isinstance(own, (nn.Conv1d, nn.Conv2d))), None)
    if convolution is None or convolution.in_channels != 4:
        return [], "the network has no layer of filters that read bases"
    if convolution.kernel_size[-1] < LEAST:
        return (
            [],
            f"the network's first filters span {convolution.kernel_size[-1]} base{'s' * (convolution.kernel_size[-1] > 1)}: no motif",
        )
    block = next(own for own in net.modules() if isinstance(own, nn.Sequential) and any(part is convolution for part in own))
    kept = [part for part in block if not isinstance(part, (nn.MaxPool1d, nn.MaxPool2d, nn.Dropout))]
    return kept[kept.index(convolution) :], ""


def filters(layers: list[Any], codes: np.ndarray) -> list[Filter]:
    """Filters of the layers that `first` gave, by words of codes (n, places) that hold no N and lie within their sequence."""
    import torch

    width = layers[0].kernel_size[-1]
    table = torch.eye(5, 4)
    offset = (width - 1) // 2  # a filter's middle, as padding "same" counts it
    places = codes.shape[1] - width + 1
    if places < 1 or not len(codes):
        return []
    known = np.lib.stride_tricks.sliding_window_view(codes < 4, width, axis=1).all(axis=2)
    parts = []
    with torch.inference_mode():
        for row in range(0, len(codes), ROWS):
            values = table[torch.from_numpy(codes[row : row + ROWS].astype(np.int64))].transpose(1, 2).unsqueeze(2)
            for layer in layers:
                values = layer(values)
            parts.append(values[:, :, 0, offset : offset + places].half().numpy())
    values = np.concatenate(parts)
    return [
        _filter(number, np.where(known, values[:, number].astype(np.float32), 0), codes, width)
        for number in range(values.shape[1])
    ]


def _filter(number: int, values: np.ndarray, codes: np.ndarray, width: int) -> Filter:
    """values: (n, places) activations."""
    highest = values.max(axis=1)
    maximum = float(highest.max())
    row, start = np.nonzero(values > HALF * maximum) if maximum > 0 else (np.zeros(0, int), np.zeros(0, int))
    if not len(row):
        return Filter(number, max(maximum, 0.0), 0, 0.0, None, highest)
    taken = np.unique(np.linspace(0, len(row) - 1, min(len(row), MOST)).round().astype(int))
    matrix = counted(codes, row[taken], start[taken], np.ones(len(taken), int), width)
    return Filter(number, maximum, len(row), len(np.unique(row)) / len(codes), matrix, highest)
