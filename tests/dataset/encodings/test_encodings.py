"""Properties of every sequence encoding: strands, positions, padding, and fitting on training data only."""

from dataclasses import replace

import numpy as np
import pytest

import sequenced
from readsight.dataset.encodings import ENCODINGS, kmer, kmer_tokens, one_hot
from readsight.dataset.fold_file import SequenceLayout
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


def fit_encoding(name, codes, pair=False, stranded=False, seed=1, **spec):
    length = codes.shape[1] // 2 if pair else codes.shape[1]
    return ENCODINGS[name].fit(codes, SequenceLayout(length, pair, stranded), SPEC | spec, seed, 1)


def compute_features(name, codes, encoding):
    return ENCODINGS[name].compute_features(codes, encoding)[0]


# k-mers


@pytest.mark.parametrize("k", [1, 2, 3, 5, 6, 7, 12, 15])
def test_kmer_ids_are_alphabetical_and_zero_with_n(k):
    codes = sequenced.random_codes(20, 40, k)
    codes[5:10, 18] = 4
    codes[11] = 4
    for row, ids in zip(codes, kmer_tokens.encode_kmers(codes, k), strict=True):
        for position, kmer_id in enumerate(ids.tolist()):
            kmer = row[position : position + k]
            assert kmer_id == (0 if (kmer > 3).any() else 1 + int("".join(map(str, kmer)), 4))


def test_reverse_strand_kmers_are_complements_in_reverse_order():
    codes = sequenced.random_codes(50, 30)
    codes[7, 3:5] = 4
    for k in (1, 4, 6):
        ids = kmer_tokens.encode_kmers(codes, k)
        assert np.array_equal(
            kmer_tokens.encode_kmers(reverse_complement(codes), k), kmer_tokens.reverse_complement_ids(k)[ids][:, ::-1]
        )


def test_columns_merge_kmers_with_their_reverse_complements():
    assert kmer_tokens.column_names(2, False) == ("AA", "AC", "AG", "AT", "CA", "CC", "CG", "GA", "GC", "TA")
    assert kmer_tokens.column_names(1) == tuple("ACGT")
    for k in (1, 3, 4):
        columns = kmer_tokens.kmer_columns(k, False)
        assert columns[0] == -1 and np.array_equal(columns, columns[kmer_tokens.reverse_complement_ids(k)])
        palindromes = 4 ** (k // 2) * (k % 2 == 0)
        assert columns.max() + 1 == (4**k + palindromes) // 2 == len(kmer_tokens.column_names(k, False))


def test_one_hot_is_the_sequence():
    codes = np.stack([encode("ACGTN"), encode("TTTGC")])
    values, names = one_hot.compute_features(codes, fit_encoding("one_hot", codes))
    assert names[:5] == ["1A", "1C", "1G", "1T", "2A"] and values.shape == (2, 20)
    assert values[0].reshape(5, 4).tolist() == [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]]
    paired, names = one_hot.compute_features(
        np.hstack([codes, codes]), fit_encoding("one_hot", np.hstack([codes, codes]), pair=True)
    )
    assert paired.shape == (2, 40) and names[0] == "reference:1A" and names[20] == "alternative:1A"


def test_frequencies_count_only_kmers_without_n():
    codes = np.stack([encode("AAAAC"), encode("GTTTT"), encode("NAANN"), encode("NNNNN")])
    encoding = fit_encoding("kmer", codes, k=2, stranded=True)
    values, names = kmer.compute_features(codes, encoding)
    rates = values * encoding.arrays["feature_deviation"] + encoding.arrays["feature_mean"]
    assert dict(zip(names, rates[0], strict=True))["AA"] == pytest.approx(0.75)
    assert rates.sum(axis=1) == pytest.approx([1, 1, 1, 0], abs=1e-5)
    assert rates[2, names.index("AA")] == pytest.approx(1)
    both = fit_encoding("kmer", codes, k=2)
    values, names = kmer.compute_features(codes, both)
    assert np.allclose(values[0], values[1]), "a sequence and its reverse complement"


# All encodings


@pytest.mark.parametrize("name", OF_TOKENS)
def test_tokens_are_vocabulary_ids_and_depend_only_on_the_sequence(name):
    codes = sequenced.random_codes(60, 50)
    codes[3] = 4
    codes[4, 20:31] = 4
    encoding = fit_encoding(name, codes)
    tokens = ENCODINGS[name].encode_tokens(codes, encoding)
    assert tokens.dtype == np.int64 and tokens.min() == 0 and tokens.max() < encoding.description["vocabulary"]
    assert not tokens[3].any() and tokens[4].any()
    order = np.random.default_rng(1).permutation(60)
    assert np.array_equal(ENCODINGS[name].encode_tokens(codes[order], encoding), tokens[order])
    assert np.array_equal(np.vstack([ENCODINGS[name].encode_tokens(codes[i : i + 1], encoding) for i in range(60)]), tokens)


@pytest.mark.parametrize("name", OF_FEATURES)
def test_features_are_finite_and_scaled_by_training_data(name):
    codes = sequenced.random_codes(80, 50)
    encoding = fit_encoding(name, codes)
    values, names = ENCODINGS[name].compute_features(codes, encoding)
    assert values.dtype == np.float32 and values.shape == (80, len(names)) and len(set(names)) == len(names)
    if name != "one_hot":
        assert np.abs(values.mean(axis=0)).max() < 1e-2
        assert np.allclose(values.std(axis=0)[values.std(axis=0) > 1e-3], 1, atol=1e-2)
    strange = codes.copy()
    strange[0], strange[1, 10:] = 4, 4
    values_with_n = compute_features(name, strange, encoding)
    assert np.isfinite(values_with_n).all() and np.allclose(values_with_n[2:], values[2:], atol=1e-4)
    assert compute_features(name, codes[:0], encoding).shape == (0, len(names))


@pytest.mark.parametrize("name", OF_BOTH_STRANDS)
def test_features_ignore_strand_unless_stranded(name):
    codes = sequenced.random_codes(60, 50)
    complement = reverse_complement(codes)
    both, stranded_encoding = fit_encoding(name, codes), fit_encoding(name, codes, stranded=True)
    assert np.allclose(compute_features(name, codes, both), compute_features(name, complement, both), atol=1e-4)
    assert not np.allclose(
        compute_features(name, codes, stranded_encoding), compute_features(name, complement, stranded_encoding), atol=1e-2
    )


@pytest.mark.parametrize("name", OF_FEATURES)
def test_pair_of_equal_windows_has_zero_difference(name):
    codes = sequenced.random_codes(60, 40)
    alternative = codes.copy()
    alternative[30:, 20] = (alternative[30:, 20] + 1) % 4
    encoding = fit_encoding(name, np.hstack([codes, alternative]), pair=True)
    values, names = ENCODINGS[name].compute_features(np.hstack([codes, alternative]), encoding)
    if name == "one_hot":
        half = len(names) // 2
        assert np.array_equal(values[:30, :half], values[:30, half:])
    else:
        half = len(names) // 2
        assert names[0].startswith("reference:") and names[half].startswith("difference:")
        unscaled = values * encoding.arrays["feature_deviation"] + encoding.arrays["feature_mean"]
        assert np.abs(unscaled[:30, half:]).max() < 1e-5 < np.abs(unscaled[30:, half:]).max(axis=1).min()


@pytest.mark.parametrize("word", OF_TOKENS)
def test_fit_depends_only_on_seed_and_codes(word):
    """Memory-mapped codes give the same fit as codes in memory; no test data is passed in."""
    codes = sequenced.random_codes(80, 40)
    first, repeated = fit_encoding(word, codes), fit_encoding(word, codes.copy())
    assert first.description == repeated.description and all(
        np.array_equal(first.arrays[name], repeated.arrays[name]) for name in first.arrays
    )
    second = fit_encoding(word, sequenced.random_codes(80, 40, 7))
    assert not np.array_equal(first.arrays["feature_mean"], second.arrays["feature_mean"])


@pytest.mark.parametrize("name", OF_FEATURES)
def test_tabular_model_learns_from_each_encoding(name):
    label = np.random.default_rng(1).integers(0, 2, 300)
    codes = sequenced.random_codes(300, 40)
    codes[label == 1, 10:18] = encode("GATTACAG")
    fold = sequenced.make_fold(codes, label, stranded=True)
    learner, features = lookup.find_model(
        "logistic", replace(fold, encoding=fit_encoding(name, codes, stranded=True, epochs=10, dimensions=32))
    )
    assert learner is logistic and features.values.shape == (300, len(features.features)) and features.sequence is None
    model = logistic.train(features, None, {"C": 0.1}, 1, 1)
    predictions = logistic.predict(model.arrays, model.description, features.values)
    assert ((predictions > 0.5) == label).mean() > (0.8 if name == "transformer" else 0.9), "a mean of contexts blurs the motif"


@pytest.mark.parametrize("name", ["kmer", "word2vec", "transformer", "kmer_graph"])
def test_kmers_longer_than_the_sequence_are_refused(name):
    with pytest.raises(InputError, match="represent.k: k-mers of 6 bases are longer than the sequences .5 bases.; use at most 5"):
        fit_encoding(name, sequenced.random_codes(10, 5), k=6)


def test_too_many_kmers_are_refused():
    with pytest.raises(InputError, match="16,777,216 k-mers of 12 bases are too many columns"):
        kmer.compute_features(sequenced.random_codes(2, 20), fit_encoding("kmer", sequenced.random_codes(2, 20), k=12))
    with pytest.raises(InputError, match="up to 10 bases, not of 11"):
        fit_encoding("word2vec", sequenced.random_codes(4, 20), k=11)
    with pytest.raises(InputError, match="at most 8 bases, not of 9"):
        fit_encoding("kmer_graph", sequenced.random_codes(4, 20), k=9)
