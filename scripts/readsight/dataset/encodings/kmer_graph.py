"""De Bruijn graph of a sequence: its k-mers are nodes, and each points to the k-mer that follows it."""

from typing import Any, NamedTuple

import numpy as np

from readsight.dataset.encodings import kmer_tokens
from readsight.dataset.encodings.windows import check_kmer_length, describe_sequences
from readsight.dataset.fold_file import Encoding, SequenceLayout
from readsight.errors import InputError

LONGEST = 8


class Graph(NamedTuple):
    """The disjoint union of the graphs of a batch, in the order of the sequences; m nodes and e edges in total.

    nodes: (m,) int64, ids 1 … 4^k of the distinct k-mers of each sequence. times: (m,) float32, occurrences of each.
    batch: (m,) int64, sequence of a node. edges: (2, e) int64, indices in `nodes` of a k-mer and of its successor.
    counts: (e,) float32, occurrences of the edge. size: number of sequences; a sequence of only N has no node.
    """

    nodes: np.ndarray
    times: np.ndarray
    batch: np.ndarray
    edges: np.ndarray
    counts: np.ndarray
    size: int


def fit(codes: np.ndarray, sequence: SequenceLayout, spec: dict[str, Any], seed: int, threads: int) -> Encoding:
    """There is nothing to fit. The description has k and vocabulary (4^k + 1). Raises InputError if k is too large."""
    k = spec["k"]
    check_kmer_length(k, sequence.length)
    if k > LONGEST:
        raise InputError(f"represent.k: graphs use k-mers of at most {LONGEST} bases, not of {k}")
    return Encoding("kmer_graph", describe_sequences(sequence) | {"k": k, "vocabulary": 4**k + 1}, {})


def build_graph(codes: np.ndarray, k: int) -> Graph:
    """The graphs of codes (n, length). k-mers with an N are excluded, and no edge crosses them."""
    kmer_ids = kmer_tokens.encode_kmers(codes, k)
    is_known = kmer_ids > 0
    row, _ = np.nonzero(is_known)
    keys, node_index, times = np.unique(row * (4**k + 1) + kmer_ids[is_known], return_inverse=True, return_counts=True)
    node_at = np.full(kmer_ids.shape, -1, np.int64)
    node_at[is_known] = node_index.reshape(-1)
    sources, targets = node_at[:, :-1], node_at[:, 1:]
    is_joined = (sources >= 0) & (targets >= 0)
    steps, counts = np.unique(sources[is_joined] * len(keys) + targets[is_joined], return_counts=True)
    edges = np.stack(np.divmod(steps, max(len(keys), 1)))
    batch, nodes = np.divmod(keys, 4**k + 1)
    return Graph(nodes, times.astype(np.float32), batch, edges, counts.astype(np.float32), len(codes))


def compute_features(codes: np.ndarray, encoding: Encoding) -> tuple[np.ndarray, list[str]]:
    """Raises InputError: graphs have no feature table."""
    raise InputError("representation: kmer_graph gives graphs, for the model 'graph'; tabular models need kmer, word2vec, bpe, transformer or one_hot")  # fmt: skip
