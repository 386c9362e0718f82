"""What every representation of sequences keeps: strands, places, padding, and that it knows the training part alone."""

from dataclasses import replace

import numpy as np
import pytest

import sequenced
from readsight.dataset.encodings import ENCODINGS, kmer, kmer_tokens, one_hot
from readsight.dataset.fold_file import Sequence
from readsight.errors import InputError
from readsight.genome.codes import encode, reverse_complement
from readsight.models import lookup
from readsight.models.tabular import logistic

SPEC = {
    "k": 4, "dimensions": 16, "window": 5, "vocabulary": 60, "checkpoint": None, "layers": 1, "heads": 2, "epochs": 2, "masked": 0.15
}  # fmt: skip
OF_TOKENS = ("kmer", "word2vec", "bpe", "transformer")
OF_FEATURES = ("one_hot", *OF_TOKENS)
OF_BOTH_STRANDS = OF_TOKENS


def fitted(word, codes, pair=False, stranded=False, seed=1, **spec):
    length = codes.shape[1] // 2 if pair else codes.shape[1]
    return ENCODINGS[word].fit(codes, Sequence(length, pair, stranded), SPEC | spec, seed, 1)


def features(word, codes, encoding):
    return ENCODINGS[word].features(codes, encoding)[0]


# Words


@pytest.mark.parametrize("k", [1, 2, 3, 5, 6, 7, 12, 15])
def test_ids_are_words_in_alphabetical_order_and_0_where_there_is_an_n(k):
    codes = sequenced.random(20, 40, k)
    codes[5:10, 18] = 4
    codes[11] = 4
    for row, ids in zip(codes, kmer_tokens.ids(codes, k), strict=True):
        for place, found in enumerate(ids.tolist()):
            word = row[place : place + k]
            assert found == (0 if (word > 3).any() else 1 + int("".join(map(str, word)), 4))


def test_words_of_the_other_strand_are_the_complements_in_reverse():
    codes = sequenced.random(50, 30)
    codes[7, 3:5] = 4
    for k in (1, 4, 6):
        ids = kmer_tokens.ids(codes, k)
        assert np.array_equal(kmer_tokens.ids(reverse_complement(codes), k), kmer_tokens.complements(k)[ids][:, ::-1])


def test_columns_join_a_word_with_its_reverse_complement():
    assert kmer_tokens.names(2, False) == ("AA", "AC", "AG", "AT", "CA", "CC", "CG", "GA", "GC", "TA")
    assert kmer_tokens.names(1) == tuple("ACGT")
    for k in (1, 3, 4):
        own = kmer_tokens.columns(k, False)
        assert own[0] == -1 and np.array_equal(own, own[kmer_tokens.complements(k)])
        palindromes = 4 ** (k // 2) * (k % 2 == 0)
        assert own.max() + 1 == (4**k + palindromes) // 2 == len(kmer_tokens.names(k, False))


def test_one_hot_is_the_sequence():
    codes = np.stack([encode("ACGTN"), encode("TTTGC")])
    values, names = one_hot.features(codes, fitted("one_hot", codes))
    assert names[:5] == ["1A", "1C", "1G", "1T", "2A"] and values.shape == (2, 20)
    assert values[0].reshape(5, 4).tolist() == [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]]
    paired, names = one_hot.features(np.hstack([codes, codes]), fitted("one_hot", np.hstack([codes, codes]), pair=True))
    assert paired.shape == (2, 40) and names[0] == "reference:1A" and names[20] == "alternative:1A"


def test_frequencies_are_counted_over_words_without_n():
    codes = np.stack([encode("AAAAC"), encode("GTTTT"), encode("NAANN"), encode("NNNNN")])
    found = fitted("kmer", codes, k=2, stranded=True)
    values, names = kmer.features(codes, found)
    rates = values * found.arrays["feature_deviation"] + found.arrays["feature_mean"]
    assert dict(zip(names, rates[0], strict=True))["AA"] == pytest.approx(0.75)
    assert rates.sum(axis=1) == pytest.approx([1, 1, 1, 0], abs=1e-5)
    assert rates[2, names.index("AA")] == pytest.approx(1)
    both = fitted("kmer", codes, k=2)
    values, names = kmer.features(codes, both)
    assert np.allclose(values[0], values[1]), "a sequence and its reverse complement"


# All of them


@pytest.mark.parametrize("word", OF_TOKENS)
def test_tokens_are_ids_of_the_vocabulary_and_hang_on_nothing_but_the_sequence(word):
    codes = sequenced.random(60, 50)
    codes[3] = 4
    codes[4, 20:31] = 4
    encoding = fitted(word, codes)
    tokens = ENCODINGS[word].tokens(codes, encoding)
    assert tokens.dtype == np.int64 and tokens.min() == 0 and tokens.max() < encoding.about["vocabulary"]
    assert not tokens[3].any() and tokens[4].any()
    order = np.random.default_rng(1).permutation(60)
    assert np.array_equal(ENCODINGS[word].tokens(codes[order], encoding), tokens[order])
    assert np.array_equal(np.vstack([ENCODINGS[word].tokens(codes[i : i + 1], encoding) for i in range(60)]), tokens)


@pytest.mark.parametrize("word", OF_FEATURES)
def test_features_are_numbers_by_row_and_scaled_by_the_training_part(word):
    codes = sequenced.random(80, 50)
    encoding = fitted(word, codes)
    values, names = ENCODINGS[word].features(codes, encoding)
    assert values.dtype == np.float32 and values.shape == (80, len(names)) and len(set(names)) == len(names)
    if word != "one_hot":
        assert np.abs(values.mean(axis=0)).max() < 1e-2
        assert np.allclose(values.std(axis=0)[values.std(axis=0) > 1e-3], 1, atol=1e-2)
    strange = codes.copy()
    strange[0], strange[1, 10:] = 4, 4
    found = features(word, strange, encoding)
    assert np.isfinite(found).all() and np.allclose(found[2:], values[2:], atol=1e-4)
    assert features(word, codes[:0], encoding).shape == (0, len(names))


@pytest.mark.parametrize("word", OF_BOTH_STRANDS)
def test_strands_are_one_unless_the_strand_means_something(word):
    codes = sequenced.random(60, 50)
    turned = reverse_complement(codes)
    both, one = fitted(word, codes), fitted(word, codes, stranded=True)
    assert np.allclose(features(word, codes, both), features(word, turned, both), atol=1e-4)
    assert not np.allclose(features(word, codes, one), features(word, turned, one), atol=1e-2)


@pytest.mark.parametrize("word", OF_FEATURES)
def test_of_pairs_equal_windows_differ_by_nothing(word):
    codes = sequenced.random(60, 40)
    other = codes.copy()
    other[30:, 20] = (other[30:, 20] + 1) % 4
    encoding = fitted(word, np.hstack([codes, other]), pair=True)
    values, names = ENCODINGS[word].features(np.hstack([codes, other]), encoding)
    if word == "one_hot":
        half = len(names) // 2
        assert np.array_equal(values[:30, :half], values[:30, half:])
    else:
        half = len(names) // 2
        assert names[0].startswith("reference:") and names[half].startswith("difference:")
        unscaled = values * encoding.arrays["feature_deviation"] + encoding.arrays["feature_mean"]
        assert np.abs(unscaled[:30, half:]).max() < 1e-5 < np.abs(unscaled[30:, half:]).max(axis=1).min()


@pytest.mark.parametrize("word", OF_TOKENS)
def test_a_fit_is_the_seeds_and_the_codes_alone(word):
    """Codes in a file, mapped and not read, give what codes in memory do; and nothing else does: no test part is handed over."""
    codes = sequenced.random(80, 40)
    one, same = fitted(word, codes), fitted(word, codes.copy())
    assert one.about == same.about and all(np.array_equal(one.arrays[name], same.arrays[name]) for name in one.arrays)
    other = fitted(word, sequenced.random(80, 40, 7))
    assert not np.array_equal(one.arrays["feature_mean"], other.arrays["feature_mean"])


@pytest.mark.parametrize("word", OF_FEATURES)
def test_a_model_of_tables_learns_from_each(word):
    label = np.random.default_rng(1).integers(0, 2, 300)
    codes = sequenced.random(300, 40)
    codes[label == 1, 10:18] = encode("GATTACAG")
    fold = sequenced.fold(codes, label, stranded=True)
    own, seen = lookup.member("logistic", replace(fold, encoding=fitted(word, codes, stranded=True, epochs=10, dimensions=32)))
    assert own is logistic and seen.values.shape == (300, len(seen.features)) and seen.sequence is None
    found = logistic.train(seen, None, {"C": 0.1}, 1, 1)
    guess = logistic.predict(found.arrays, found.about, seen.values)
    assert ((guess > 0.5) == label).mean() > (0.8 if word == "transformer" else 0.9), "a mean of contexts blurs the word"


@pytest.mark.parametrize("word", ["kmer", "word2vec", "transformer", "kmer_graph"])
def test_words_longer_than_the_sequence_are_refused(word):
    with pytest.raises(InputError, match="represent.k: words of 6 bases are longer than the sequences .5 bases.; use at most 5"):
        fitted(word, sequenced.random(10, 5), k=6)


def test_too_many_words_are_refused():
    with pytest.raises(InputError, match="16,777,216 words of 12 bases are too many columns"):
        kmer.features(sequenced.random(2, 20), fitted("kmer", sequenced.random(2, 20), k=12))
    with pytest.raises(InputError, match="up to 10 bases, not of 11"):
        fitted("word2vec", sequenced.random(4, 20), k=11)
    with pytest.raises(InputError, match="at most 8 bases, not of 9"):
        fitted("kmer_graph", sequenced.random(4, 20), k=9)
