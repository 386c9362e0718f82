"""The de Bruijn graph of a sequence: its words of k bases are nodes, and each points to the one that follows it."""

from typing import Any, NamedTuple

import numpy as np

from readsight.dataset.encodings import kmer_tokens
from readsight.dataset.encodings.windows import check_kmer_length, describe_sequences
from readsight.dataset.fold_file import Encoding, SequenceLayout
from readsight.errors import InputError

LONGEST = 8


class Graph(NamedTuple):
    """The graphs of a batch side by side, in the order of their sequences. m nodes and e edges of all together.

    nodes: (m,) int64, ids 1 … 4^k of the distinct words of each sequence. times: (m,) float32, how often each stands there.
    batch: (m,) int64, the sequence that a node is of. edges: (2, e) int64, places in `nodes` of a word and of the one
    that follows it. counts: (e,) float32, how often it does. size: sequences; one of N alone has no node.
    """

    nodes: np.ndarray
    times: np.ndarray
    batch: np.ndarray
    edges: np.ndarray
    counts: np.ndarray
    size: int


def fit(codes: np.ndarray, sequence: SequenceLayout, spec: dict[str, Any], seed: int, threads: int) -> Encoding:
    """There is nothing to fit. about: k, vocabulary (4^k + 1). Raises InputError for a k that no graph is made of."""
    k = spec["k"]
    check_kmer_length(k, sequence.length)
    if k > LONGEST:
        raise InputError(f"represent.k: graphs are made of words of at most {LONGEST} bases, not of {k}")
    return Encoding("kmer_graph", describe_sequences(sequence) | {"k": k, "vocabulary": 4**k + 1}, {})


def build_graph(codes: np.ndarray, k: int) -> Graph:
    """The graphs of codes (n, length). Words that hold an N are left out, and nothing leads over them."""
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
    """A graph is no row of numbers. Raises InputError."""
    raise InputError("representation: kmer_graph gives graphs, for the model 'graph'; models of features need kmer, word2vec, bpe, transformer or one_hot")  # fmt: skip
