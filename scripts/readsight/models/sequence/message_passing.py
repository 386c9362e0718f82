"""A trunk of graph convolutions, on de Bruijn graphs of sequences."""

from typing import Any

import numpy as np
import torch
from torch import nn
from torch_geometric.nn import GINEConv
from torch_geometric.utils import scatter

from readsight.dataset.encodings.kmer_graph import graph
from readsight.models.sequence.layers import activation, norm_rows


class Graphs(nn.Module):
    """Batch of codes (n, length) → the graphs of all its sequences side by side, and how many there are."""

    def __init__(self, about: dict[str, Any]):
        super().__init__()
        self.places, self.k = about["length"], about["k"]

    def forward(self, codes: torch.Tensor) -> tuple[dict[str, torch.Tensor], int]:
        found = graph(np.ascontiguousarray(codes.cpu().numpy()), self.k)
        names = ("nodes", "times", "batch", "edges", "counts")
        return {name: torch.as_tensor(getattr(found, name), device=codes.device) for name in names}, found.size


class Passing(nn.Module):
    """Embedded words, told what stands before and behind them, then means and maxima of each graph: → (n, width).

    A word has the logarithm of how often it stands there, an edge that of how often it is gone, and its direction:
    messages go both ways.
    """

    def __init__(self, about: dict[str, Any]):
        super().__init__()
        size = about["dimensions"]
        self.embedding = nn.Embedding(4 ** about["k"] + 1, size)
        self.times = nn.Linear(1, size)
        self.layers, self.norms = nn.ModuleList(), nn.ModuleList()
        for _ in range(about["layers"]):
            dense = nn.Sequential(nn.Linear(size, size), activation(about["activation"]), nn.Linear(size, size))
            self.layers.append(GINEConv(dense, train_eps=True, edge_dim=2))
            self.norms.append(norm_rows(about["norm"], size))
        self.activation, self.dropout = activation(about["activation"]), nn.Dropout(about["dropout"])
        self.width = 2 * size

    def forward(self, held: dict[str, torch.Tensor], size: int) -> torch.Tensor:
        weight = self.embedding.weight.dtype
        values = self.embedding(held["nodes"]) + self.times(held["times"].to(weight).log()[:, None])
        ways = torch.cat([held["edges"], held["edges"].flip(0)], 1)
        often = held["counts"].to(weight).log1p()
        marks = torch.cat([torch.stack([often, often], 1), torch.stack([often, -often], 1)])
        for layer, norm in zip(self.layers, self.norms, strict=True):
            values = values + self.dropout(self.activation(norm(layer(values, ways, marks))))
        share = held["times"].to(weight)[:, None]
        total = scatter(share, held["batch"], dim_size=size, reduce="sum").clamp_min(1)
        mean = scatter(values * share, held["batch"], dim_size=size, reduce="sum") / total
        return torch.cat([mean, scatter(values, held["batch"], dim_size=size, reduce="max")], 1)
