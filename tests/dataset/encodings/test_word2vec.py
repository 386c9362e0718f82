"""k-mer embeddings: k-mers with equal contexts are close."""

import numpy as np
import pytest

import sequenced
from readsight.dataset.encodings import kmer_tokens, word2vec
from readsight.dataset.fold_file import SequenceLayout
from readsight.errors import InputError
from readsight.genome.codes import encode, reverse_complement

SPEC = {"k": 4, "dimensions": 16, "window": 4, "epochs": 8}


def kmer_id(text):
    return int(kmer_tokens.encode_kmers(encode(text)[None], len(text))[0, 0])


def cosine_similarity(embedding, first, second):
    a, b = embedding[kmer_id(first)], embedding[kmer_id(second)]
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def test_kmers_with_equal_neighbours_have_similar_embeddings():
    """TTTT and CCCC occur in the same contexts of one kind of sequence, GGAA and AGAG in those of a second kind."""
    rng = np.random.default_rng(1)

    def make_sequence(before, inner, after):
        return encode("".join([*rng.choice(before, 3), rng.choice(inner), *rng.choice(after, 3)]))

    codes = np.stack(
        [make_sequence(["ACAC", "ACCA"], ["TTTT", "CCCC"], ["AACA", "CAAC"]) for _ in range(400)]
        + [make_sequence(["GTGT", "GTTG"], ["GGAA", "AGAG"], ["TCTG", "TGTC"]) for _ in range(400)]
    )
    encoding = word2vec.fit(codes, SequenceLayout(28, stranded=True), SPEC, 1, 1).arrays["embedding"]
    for first, repeated, second in [("TTTT", "CCCC", "GGAA"), ("GGAA", "AGAG", "CCCC"), ("ACAC", "ACCA", "GTGT")]:
        assert cosine_similarity(encoding, first, repeated) > cosine_similarity(encoding, first, second) + 0.2


def test_kmers_absent_from_training_have_zero_embeddings():
    codes = np.tile(encode("ACAC"), (50, 5))
    encoding = word2vec.fit(codes, SequenceLayout(20, stranded=True), SPEC, 1, 1)
    embedding = encoding.arrays["embedding"]
    assert embedding.shape == (257, 16) and encoding.description["seen"] == 2
    known_ids = np.flatnonzero(embedding.any(axis=1))
    assert sorted(known_ids) == sorted([kmer_id("ACAC"), kmer_id("CACA")])
    unseen = word2vec.compute_features(np.tile(encode("GGGG"), (3, 5)), encoding)[0]
    assert np.isfinite(unseen).all()


def test_training_uses_both_strands_unless_stranded():
    codes = np.tile(encode("ACCA"), (50, 5))
    assert word2vec.fit(codes, SequenceLayout(20), SPEC, 1, 1).description["seen"] == 8
    assert word2vec.fit(codes, SequenceLayout(20, stranded=True), SPEC, 1, 1).description["seen"] == 4


def test_sentences_are_split_at_n_and_at_the_gensim_limit(monkeypatch):
    monkeypatch.setattr(word2vec, "SENTENCE", 6)
    codes = sequenced.random_codes(1, 30)
    codes[0, 14] = 4
    sentences = word2vec.split_sentences(codes, 4, stranded=True)
    assert [len(sentence) for sentence in sentences] == [6, 5, 6, 6]
    ids = kmer_tokens.encode_kmers(codes, 4)[0]
    assert np.array_equal(np.concatenate(sentences), ids[ids > 0])
    both = word2vec.split_sentences(codes, 4, stranded=False)
    complements = kmer_tokens.encode_kmers(reverse_complement(codes), 4)[0]
    assert np.array_equal(np.concatenate(both[4:]), complements[complements > 0])


def test_seed_selects_the_sequences_when_there_are_many(monkeypatch):
    codes = sequenced.random_codes(200, 30)
    monkeypatch.setattr(word2vec, "KMERS_PER_EPOCH", 40 * 27 * 2)
    first, repeated, second = (word2vec.fit(codes, SequenceLayout(30), SPEC, seed, 1) for seed in (1, 1, 2))
    assert first.description["sequences"] == 40
    assert np.array_equal(first.arrays["embedding"], repeated.arrays["embedding"])
    assert not np.array_equal(first.arrays["embedding"], second.arrays["embedding"])


def test_sequences_of_only_n_are_refused():
    with pytest.raises(InputError, match="no training sequence has 4 consecutive bases without an N"):
        word2vec.fit(np.full((5, 20), 4, np.uint8), SequenceLayout(20), SPEC, 1, 1)
