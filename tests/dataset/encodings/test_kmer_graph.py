"""De Bruijn graphs: words are nodes, steps are edges, and both are counted."""

import numpy as np
import pytest

import sequenced
from readsight.dataset.encodings import kmer_graph, kmer_tokens
from readsight.dataset.fold_file import Sequence
from readsight.errors import InputError
from readsight.genome.codes import encode, reverse_complement


def drawn(found, number, k):
    """A sequence's graph as words: times of each, and counts of each step."""
    names = ("", *kmer_tokens.names(k))
    own = np.flatnonzero(found.batch == number)
    times = {names[found.nodes[i]]: int(found.times[i]) for i in own}
    steps = {}
    for (one, other), count in zip(found.edges.T, found.counts, strict=True):
        if found.batch[one] == number:
            assert found.batch[other] == number, "no edge leads from one sequence to another"
            steps[names[found.nodes[one]], names[found.nodes[other]]] = int(count)
    return times, steps


def test_a_graph_is_that_of_the_words_and_their_steps():
    found = kmer_graph.graph(np.stack([encode("ACACAT"), encode("GGGGGG"), encode("ACNTTG")]), 2)
    assert found.size == 3 and found.edges.shape[0] == 2
    assert drawn(found, 0, 2) == ({"AC": 2, "CA": 2, "AT": 1}, {("AC", "CA"): 2, ("CA", "AC"): 1, ("CA", "AT"): 1})
    assert drawn(found, 1, 2) == ({"GG": 5}, {("GG", "GG"): 4})
    assert drawn(found, 2, 2) == ({"AC": 1, "TT": 1, "TG": 1}, {("TT", "TG"): 1})


def test_batches_are_their_sequences_side_by_side():
    codes = sequenced.random(12, 60)
    codes[3] = 4
    codes[5, 20:24] = 4
    whole = kmer_graph.graph(codes, 3)
    assert whole.size == 12 and not (whole.batch == 3).any() and (np.diff(whole.batch) >= 0).all()
    for number in range(12):
        assert drawn(whole, number, 3) == drawn(kmer_graph.graph(codes[number : number + 1], 3), 0, 3)
    words = kmer_tokens.ids(codes, 3)
    assert whole.times.sum() == (words > 0).sum()
    assert whole.counts.sum() == ((words[:, 1:] > 0) & (words[:, :-1] > 0)).sum()


def test_edges_overlap_by_all_but_a_base_and_turn_with_the_strand():
    codes, k = sequenced.random(5, 80), 4
    one, other = kmer_graph.graph(codes, k), kmer_graph.graph(reverse_complement(codes), k)
    head, tail = (one.nodes[side] - 1 for side in one.edges)
    assert (head % 4 ** (k - 1) == tail // 4).all()
    turned = kmer_tokens.complements(k)
    names = ("", *kmer_tokens.names(k))
    for number in range(5):
        times, steps = drawn(one, number, k)
        back = {names[i]: names[turned[i]] for i in range(1, 4**k + 1)}
        assert drawn(other, number, k) == (
            {back[word]: count for word, count in times.items()},
            {(back[b], back[a]): count for (a, b), count in steps.items()},
        )


def test_nothing_but_n_is_a_graph_without_nodes():
    found = kmer_graph.graph(np.full((2, 10), 4, np.uint8), 3)
    assert found.size == 2 and len(found.nodes) == 0 and found.edges.shape == (2, 0)


def test_a_graph_is_no_row_of_numbers():
    found = kmer_graph.fit(sequenced.random(3, 20), Sequence(20), {"k": 4}, 1, 1)
    assert found.about["vocabulary"] == 257 and not found.arrays
    with pytest.raises(InputError, match="kmer_graph gives graphs"):
        kmer_graph.features(sequenced.random(3, 20), found)
