"""First-layer filters as motifs, from the subsequences that activate them above half of the maximum (Kelley et al. 2016)."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from readsight.interpret.motifs.meme import NamedMotif
from readsight.interpret.motifs.pwm import compute_frequencies

ACTIVATION_FRACTION = 0.5  # of the largest activation
MIN_WIDTH = 4  # smallest filter width that is read as a motif
MAX_KMERS = 20_000  # subsequences per filter
BATCH_SIZE = 256


@dataclass(frozen=True)
class MotifFilter:
    """A filter and its motif.

    Attributes
    ----------
    number : from 0.
    maximum : largest activation.
    kmer_count : subsequences with more than half of the maximum.
    example_fraction : fraction of the sequences with such a subsequence.
    matrix : (width, 4), None if no subsequence activates the filter.
    sequence_maxima : (n,), largest activation of each sequence.
    """

    number: int
    maximum: float
    kmer_count: int
    example_fraction: float
    matrix: np.ndarray | None
    sequence_maxima: np.ndarray

    @property
    def motif(self) -> NamedMotif:
        return NamedMotif(f"filter{self.number}", self.matrix, "", self.kmer_count)


def find_first_layer(net: Any) -> tuple[list[Any], str]:
    """Layers up to the first activation, without pooling and dropout, and ""; or no layers and the reason.

    net: the module of one network or of an ensemble (then the first network).
    """
    from torch import nn

    net = net.nets[0] if hasattr(net, "nets") else net
    convolution = next((module for module in net.modules() if isinstance(module, (nn.Conv1d, nn.Conv2d))), None)
    if convolution is None or convolution.in_channels != 4:
        return [], "the network has no layer of filters on bases"
    if convolution.kernel_size[-1] < MIN_WIDTH:
        return (
            [],
            f"the network's first filters span {convolution.kernel_size[-1]} base{'s' * (convolution.kernel_size[-1] > 1)}, too short for a motif",
        )
    block = next(
        module for module in net.modules() if isinstance(module, nn.Sequential) and any(layer is convolution for layer in module)
    )
    layers = [layer for layer in block if not isinstance(layer, (nn.MaxPool1d, nn.MaxPool2d, nn.Dropout))]
    return layers[layers.index(convolution) :], ""


def extract_filters(layers: list[Any], codes: np.ndarray) -> list[MotifFilter]:
    """Filters of the layers from `find_first_layer`, from complete subsequences without N. codes: (n, positions)."""
    import torch

    width = layers[0].kernel_size[-1]
    table = torch.eye(5, 4)
    offset = (width - 1) // 2  # centre of a filter with padding "same"
    positions = codes.shape[1] - width + 1
    if positions < 1 or not len(codes):
        return []
    is_valid = np.lib.stride_tricks.sliding_window_view(codes < 4, width, axis=1).all(axis=2)
    chunks = []
    with torch.inference_mode():
        for row in range(0, len(codes), BATCH_SIZE):
            values = table[torch.from_numpy(codes[row : row + BATCH_SIZE].astype(np.int64))].transpose(1, 2).unsqueeze(2)
            for layer in layers:
                values = layer(values)
            chunks.append(values[:, :, 0, offset : offset + positions].half().numpy())
    values = np.concatenate(chunks)
    return [
        _build_filter(number, np.where(is_valid, values[:, number].astype(np.float32), 0), codes, width)
        for number in range(values.shape[1])
    ]


def _build_filter(number: int, values: np.ndarray, codes: np.ndarray, width: int) -> MotifFilter:
    """values: (n, positions), activations."""
    highest = values.max(axis=1)
    maximum = float(highest.max())
    row, start = np.nonzero(values > ACTIVATION_FRACTION * maximum) if maximum > 0 else (np.zeros(0, int), np.zeros(0, int))
    if not len(row):
        return MotifFilter(number, max(maximum, 0.0), 0, 0.0, None, highest)
    sampled = np.unique(np.linspace(0, len(row) - 1, min(len(row), MAX_KMERS)).round().astype(int))
    matrix = compute_frequencies(codes, row[sampled], start[sampled], np.ones(len(sampled), int), width)
    return MotifFilter(number, maximum, len(row), len(np.unique(row)) / len(codes), matrix, highest)
