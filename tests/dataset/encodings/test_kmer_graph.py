"""De Bruijn graphs: k-mers are nodes, steps are edges, and both are counted."""

import numpy as np
import pytest

import sequenced
from readsight.dataset.encodings import kmer_graph, kmer_tokens
from readsight.dataset.fold_file import SequenceLayout
from readsight.errors import InputError
from readsight.genome.codes import encode, reverse_complement


def describe_graph(graph, number, k):
    """Graph of one sequence as text: count of each k-mer and of each step."""
    names = ("", *kmer_tokens.column_names(k))
    nodes = np.flatnonzero(graph.batch == number)
    times = {names[graph.nodes[i]]: int(graph.times[i]) for i in nodes}
    steps = {}
    for (source, target), count in zip(graph.edges.T, graph.counts, strict=True):
        if graph.batch[source] == number:
            assert graph.batch[target] == number, "no edge connects two sequences"
            steps[names[graph.nodes[source]], names[graph.nodes[target]]] = int(count)
    return times, steps


def test_graph_has_kmers_as_nodes_and_steps_as_edges():
    graph = kmer_graph.build_graph(np.stack([encode("ACACAT"), encode("GGGGGG"), encode("ACNTTG")]), 2)
    assert graph.size == 3 and graph.edges.shape[0] == 2
    assert describe_graph(graph, 0, 2) == ({"AC": 2, "CA": 2, "AT": 1}, {("AC", "CA"): 2, ("CA", "AC"): 1, ("CA", "AT"): 1})
    assert describe_graph(graph, 1, 2) == ({"GG": 5}, {("GG", "GG"): 4})
    assert describe_graph(graph, 2, 2) == ({"AC": 1, "TT": 1, "TG": 1}, {("TT", "TG"): 1})


def test_batch_graph_is_the_union_of_its_graphs():
    codes = sequenced.random_codes(12, 60)
    codes[3] = 4
    codes[5, 20:24] = 4
    batch = kmer_graph.build_graph(codes, 3)
    assert batch.size == 12 and not (batch.batch == 3).any() and (np.diff(batch.batch) >= 0).all()
    for number in range(12):
        assert describe_graph(batch, number, 3) == describe_graph(kmer_graph.build_graph(codes[number : number + 1], 3), 0, 3)
    motifs = kmer_tokens.encode_kmers(codes, 3)
    assert batch.times.sum() == (motifs > 0).sum()
    assert batch.counts.sum() == ((motifs[:, 1:] > 0) & (motifs[:, :-1] > 0)).sum()


def test_edges_overlap_by_k_minus_one_and_reverse_with_strand():
    codes, k = sequenced.random_codes(5, 80), 4
    forward, backward = kmer_graph.build_graph(codes, k), kmer_graph.build_graph(reverse_complement(codes), k)
    head, tail = (forward.nodes[side] - 1 for side in forward.edges)
    assert (head % 4 ** (k - 1) == tail // 4).all()
    reversed_ids = kmer_tokens.reverse_complement_ids(k)
    names = ("", *kmer_tokens.column_names(k))
    for number in range(5):
        times, steps = describe_graph(forward, number, k)
        reversed_graph = {names[i]: names[reversed_ids[i]] for i in range(1, 4**k + 1)}
        assert describe_graph(backward, number, k) == (
            {reversed_graph[kmer]: count for kmer, count in times.items()},
            {(reversed_graph[b], reversed_graph[a]): count for (a, b), count in steps.items()},
        )


def test_sequence_of_only_n_gives_an_empty_graph():
    graph = kmer_graph.build_graph(np.full((2, 10), 4, np.uint8), 3)
    assert graph.size == 2 and len(graph.nodes) == 0 and graph.edges.shape == (2, 0)


def test_graph_encoding_has_no_feature_table():
    encoding = kmer_graph.fit(sequenced.random_codes(3, 20), SequenceLayout(20), {"k": 4}, 1, 1)
    assert encoding.description["vocabulary"] == 257 and not encoding.arrays
    with pytest.raises(InputError, match="kmer_graph gives graphs"):
        kmer_graph.compute_features(sequenced.random_codes(3, 20), encoding)
