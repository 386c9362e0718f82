"""A trunk of graph convolutions on de Bruijn graphs of sequences."""

from typing import Any

import numpy as np
import torch
from torch import nn
from torch_geometric.nn import GINEConv
from torch_geometric.utils import scatter

from readsight.dataset.encodings.kmer_graph import build_graph
from readsight.models.sequence.layers import make_activation, make_row_norm


class GraphReader(nn.Module):
    """Batch of codes (n, length) → the disjoint union of the graphs of all sequences, and the number of graphs."""

    def __init__(self, description: dict[str, Any]):
        super().__init__()
        self.places, self.k = description["length"], description["k"]

    def forward(self, codes: torch.Tensor) -> tuple[dict[str, torch.Tensor], int]:
        graphs = build_graph(np.ascontiguousarray(codes.cpu().numpy()), self.k)
        names = ("nodes", "times", "batch", "edges", "counts")
        return {name: torch.as_tensor(getattr(graphs, name), device=codes.device) for name in names}, graphs.size


class GraphTrunk(nn.Module):
    """Embedded k-mers, message passing over their neighbours, then mean and maximum per graph: → (n, width).

    Nodes have the log count of the k-mer; edges have their log count and direction. Messages pass both ways.
    """

    def __init__(self, description: dict[str, Any]):
        super().__init__()
        size = description["dimensions"]
        self.embedding = nn.Embedding(4 ** description["k"] + 1, size)
        self.times = nn.Linear(1, size)
        self.layers, self.norms = nn.ModuleList(), nn.ModuleList()
        for _ in range(description["layers"]):
            dense = nn.Sequential(nn.Linear(size, size), make_activation(description["activation"]), nn.Linear(size, size))
            self.layers.append(GINEConv(dense, train_eps=True, edge_dim=2))
            self.norms.append(make_row_norm(description["norm"], size))
        self.activation, self.dropout = make_activation(description["activation"]), nn.Dropout(description["dropout"])
        self.width = 2 * size

    def forward(self, graphs: dict[str, torch.Tensor], size: int) -> torch.Tensor:
        dtype = self.embedding.weight.dtype
        values = self.embedding(graphs["nodes"]) + self.times(graphs["times"].to(dtype).log()[:, None])
        edges = torch.cat([graphs["edges"], graphs["edges"].flip(0)], 1)
        log_counts = graphs["counts"].to(dtype).log1p()
        edge_features = torch.cat([torch.stack([log_counts, log_counts], 1), torch.stack([log_counts, -log_counts], 1)])
        for layer, norm in zip(self.layers, self.norms, strict=True):
            values = values + self.dropout(self.activation(norm(layer(values, edges, edge_features))))
        counts = graphs["times"].to(dtype)[:, None]
        total = scatter(counts, graphs["batch"], dim_size=size, reduce="sum").clamp_min(1)
        mean = scatter(values * counts, graphs["batch"], dim_size=size, reduce="sum") / total
        return torch.cat([mean, scatter(values, graphs["batch"], dim_size=size, reduce="max")], 1)
