"""Embeddings of words: those that stand among the same words lie near each other."""

import numpy as np
import pytest

import sequenced
from readsight.dataset.encodings import kmer_tokens, word2vec
from readsight.dataset.fold_file import Sequence
from readsight.errors import InputError
from readsight.genome.codes import encode, reverse_complement

SPEC = {"k": 4, "dimensions": 16, "window": 4, "epochs": 8}


def word(text):
    return int(kmer_tokens.ids(encode(text)[None], len(text))[0, 0])


def likeness(embedding, one, other):
    a, b = embedding[word(one)], embedding[word(other)]
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def test_words_with_the_same_neighbours_lie_near_each_other():
    """TTTT and CCCC stand in the same places of one kind of sequence, GGAA and AGAG in those of another."""
    draw = np.random.default_rng(1)

    def sequence(before, inner, behind):
        return encode("".join([*draw.choice(before, 3), draw.choice(inner), *draw.choice(behind, 3)]))

    codes = np.stack(
        [sequence(["ACAC", "ACCA"], ["TTTT", "CCCC"], ["AACA", "CAAC"]) for _ in range(400)]
        + [sequence(["GTGT", "GTTG"], ["GGAA", "AGAG"], ["TCTG", "TGTC"]) for _ in range(400)]
    )
    found = word2vec.fit(codes, Sequence(28, stranded=True), SPEC, 1, 1).arrays["embedding"]
    for one, same, other in [("TTTT", "CCCC", "GGAA"), ("GGAA", "AGAG", "CCCC"), ("ACAC", "ACCA", "GTGT")]:
        assert likeness(found, one, same) > likeness(found, one, other) + 0.2


def test_words_that_training_has_not_are_zeros():
    codes = np.tile(encode("ACAC"), (50, 5))
    found = word2vec.fit(codes, Sequence(20, stranded=True), SPEC, 1, 1)
    embedding = found.arrays["embedding"]
    assert embedding.shape == (257, 16) and found.about["seen"] == 2
    known = np.flatnonzero(embedding.any(axis=1))
    assert sorted(known) == sorted([word("ACAC"), word("CACA")])
    unseen = word2vec.features(np.tile(encode("GGGG"), (3, 5)), found)[0]
    assert np.isfinite(unseen).all()


def test_both_strands_are_learned_from_unless_the_strand_means_something():
    codes = np.tile(encode("ACCA"), (50, 5))
    assert word2vec.fit(codes, Sequence(20), SPEC, 1, 1).about["seen"] == 8
    assert word2vec.fit(codes, Sequence(20, stranded=True), SPEC, 1, 1).about["seen"] == 4


def test_sentences_are_cut_at_n_and_where_gensim_would_cut(monkeypatch):
    monkeypatch.setattr(word2vec, "SENTENCE", 6)
    codes = sequenced.random(1, 30)
    codes[0, 14] = 4
    parts = word2vec.sentences(codes, 4, stranded=True)
    assert [len(part) for part in parts] == [6, 5, 6, 6]
    ids = kmer_tokens.ids(codes, 4)[0]
    assert np.array_equal(np.concatenate(parts), ids[ids > 0])
    both = word2vec.sentences(codes, 4, stranded=False)
    turned = kmer_tokens.ids(reverse_complement(codes), 4)[0]
    assert np.array_equal(np.concatenate(both[4:]), turned[turned > 0])


def test_few_sequences_are_drawn_of_many_and_the_seed_says_which(monkeypatch):
    codes = sequenced.random(200, 30)
    monkeypatch.setattr(word2vec, "WORDS", 40 * 27 * 2)
    one, same, other = (word2vec.fit(codes, Sequence(30), SPEC, seed, 1) for seed in (1, 1, 2))
    assert one.about["sequences"] == 40
    assert np.array_equal(one.arrays["embedding"], same.arrays["embedding"])
    assert not np.array_equal(one.arrays["embedding"], other.arrays["embedding"])


def test_nothing_but_n_is_refused():
    with pytest.raises(InputError, match="no training sequence has 4 bases side by side without an N"):
        word2vec.fit(np.full((5, 20), 4, np.uint8), Sequence(20), SPEC, 1, 1)
