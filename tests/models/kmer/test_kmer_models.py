"""Models of k-mers find what was planted, count both strands as one, and are what is stored of them."""

import json
from dataclasses import replace

import numpy as np
import pytest

import sequenced
from readsight.dataset.encodings import kmer_tokens
from readsight.errors import InputError
from readsight.genome.codes import encode, reverse_complement
from readsight.models.kmer import KMER_MODELS, gapped_kmer_counts, gapped_kmer_svm, glm, kmer_counts, kmer_linear

SETTINGS = {
    "gc_content": {},
    "kmer_linear": {"k": 5, "strength": 0.3},
    "kmer_boosting": {"k": 4, "rounds": 30},
    "gapped_kmer_svm": {"length": 6, "informative": 4, "most": 1000, "strength": 1e-3},
    "shuffled_labels": {},
}
WORDS = ("GATTACC", "CCGTAAG", "TTGCAAC")
LEARNERS = ("kmer_linear", "gapped_kmer_svm", "kmer_boosting")


def made(kind, n=400, length=60, seed=1, **more):
    """A fold in which words tell the label; of numbers and profiles the words' presence is a level."""
    draw = np.random.default_rng(seed)
    codes = sequenced.random(n, length, seed)
    own = draw.integers(0, 2, (n, 2))
    if kind == "multiclass":
        label = draw.integers(0, 3, n)
        for number, word in enumerate(WORDS):
            codes = sequenced.planted(codes, label == number, word, seed + number)
        return sequenced.fold(codes, label, kind, **more)
    for number in (0, 1):
        codes = sequenced.planted(codes, own[:, number] == 1, WORDS[number], seed + number)
    level = 2.0 * own[:, 0] - own[:, 1]
    labels = {
        "binary": own[:, 0],
        "multilabel": own,
        "regression": 10 + level + draw.normal(0, 0.1, n),
        "profile": draw.poisson(np.exp(1 + 0.5 * level)[:, None] * np.array([1, 2, 4])).astype(np.float32),
    }
    return sequenced.fold(codes, labels[kind], kind, **more)


def trained(model, fold, seed=1, **settings):
    return KMER_MODELS[model].train(fold, None, SETTINGS[model] | settings, seed, 1)


def predicted(model, fitted, codes):
    """Predictions from what a file would hold: arrays, and JSON."""
    return KMER_MODELS[model].predict(fitted.arrays, json.loads(json.dumps(fitted.about)), codes)


def blind(fold, other):
    """Loss of predicting the mean of one fold for the other."""
    mean = np.eye(3)[fold.labels].mean(axis=0) if fold.outcome.kind == "multiclass" else fold.labels.mean(axis=0)
    return fold.outcome.loss(np.broadcast_to(mean, (len(other), *np.shape(mean))), other.labels)


KINDS = [(model, kind) for model in LEARNERS for kind in KMER_MODELS[model].KINDS]


@pytest.mark.parametrize("model, kind", KINDS)
def test_each_finds_planted_words_of_each_kind_of_outcome(model, kind):
    fold, other = made(kind), made(kind, seed=9)
    fitted = trained(model, fold)
    guess = predicted(model, fitted, other.values)
    assert guess.shape == (other.labels.shape if kind != "multiclass" else (len(other), 3))
    if kind == "profile":
        assert (guess > 0).all()
    if kind == "multiclass":
        assert np.allclose(guess.sum(axis=1), 1)
    short = blind(fold, other) - fold.outcome.loss(guess, other.labels)
    assert short > (0.2 if model == "kmer_linear" else 0.02), "better than the mean, on sequences that were not seen"


@pytest.mark.parametrize("model", [*LEARNERS, "gc_content", "shuffled_labels"])
def test_strands_are_one_unless_the_strand_means_something(model):
    fold = made("binary", 150)
    fitted = trained(model, fold)
    assert np.allclose(
        predicted(model, fitted, fold.values), predicted(model, fitted, reverse_complement(fold.values)), atol=1e-6
    )
    if model != "gc_content":
        fitted = trained(model, made("binary", 150, stranded=True))
        assert not np.allclose(
            predicted(model, fitted, fold.values), predicted(model, fitted, reverse_complement(fold.values)), atol=1e-3
        )


@pytest.mark.parametrize("model", [*LEARNERS, "gc_content"])
def test_rows_are_predicted_by_themselves_and_the_seed_says_all(model):
    fold = made("binary", 150)
    fold.values[0] = 4
    fold.values[1, 10:] = 4
    one, same = trained(model, fold), trained(model, fold)
    assert all(np.array_equal(one.arrays[name], same.arrays[name]) for name in one.arrays)
    whole = predicted(model, one, fold.values)
    assert np.isfinite(whole).all()
    assert np.allclose(whole[:8], [predicted(model, one, fold.values[i : i + 1])[0] for i in range(8)], atol=1e-6)
    assert predicted(model, one, fold.values[:0]).shape == (0,)


@pytest.mark.parametrize("model", LEARNERS)
def test_of_pairs_the_change_tells(model):
    """The alternative window of a positive makes the word; the reference windows are alike."""
    draw = np.random.default_rng(3)
    label = draw.integers(0, 2, 400)
    reference = sequenced.random(400, 40, 3)
    changed = np.array(["GATAACC", "GATTACC"])[label]
    alternative = reference.copy()
    for row, word in enumerate(changed):
        reference[row, 15:22], alternative[row, 15:22] = encode("GATGACC"), encode(word)
    fold = sequenced.fold(np.hstack([reference, alternative]), label, pair=True)
    fitted = trained(model, sequenced.fold(fold.values[:300], label[:300], pair=True))
    guess = predicted(model, fitted, fold.values[300:])
    assert ((guess > 0.5) == label[300:]).mean() > 0.9


def test_gc_content_tells_by_gc_alone():
    draw = np.random.default_rng(1)
    share = draw.uniform(0.2, 0.8, 600)
    strong = draw.random((600, 80)) < share[:, None]
    codes = np.where(strong, draw.integers(1, 3, (600, 80)), 3 * draw.integers(0, 2, (600, 80))).astype(np.uint8)
    fold = sequenced.fold(codes, (np.abs(share - 0.5) < 0.15).astype(int))
    guess = predicted("gc_content", trained("gc_content", fold), codes)
    assert ((guess > 0.5) == fold.labels).mean() > 0.85, "the middle is told from both ends by the square"
    draw.permuted(codes, axis=1, out=codes)
    assert np.allclose(guess, predicted("gc_content", trained("gc_content", fold), codes))


def test_counts_are_those_of_the_words_and_their_reverse_complements():
    codes = sequenced.random(30, 25)
    codes[4, 8:11] = 4
    about = {"pair": False, "stranded": False, "length": 25}
    found = kmer_counts.rates(codes, about, [1, 3]).toarray()
    assert np.allclose(found, kmer_counts.rates(reverse_complement(codes), about, [1, 3]).toarray())
    text = ["".join("ACGTN"[c] for c in row) for row in codes]
    names = [*kmer_tokens.names(1, False), *kmer_tokens.names(3, False)]
    for row, own in zip(text, found, strict=True):
        for word, rate in zip(names, own, strict=True):
            turned = word[::-1].translate(str.maketrans("ACGT", "TGCA"))
            all_words = [row[i : i + len(word)] for i in range(len(row) - len(word) + 1)]
            known = [w for w in all_words if "N" not in w]
            assert rate == pytest.approx(sum(w in (word, turned) for w in known) / len(known), abs=1e-6)


def test_gapped_words_are_those_of_the_kernel():
    """The features' product is the number of pairs of gapped words that agree, as of Ghandi et al. (2014), each counted for its shifts."""
    codes = sequenced.random(6, 20, 5)
    about = {"word": 4, "informative": 2, "length": 20, "stranded": True, "pair": False}
    found = gapped_kmer_counts.features(codes, about).toarray()
    assert np.allclose((found**2).sum(axis=1), 1)

    def counts(row):
        kinds = {}
        for offsets in [(0, 1), (0, 2), (0, 3)]:
            for start in range(20 - offsets[-1]):
                key = (offsets, *row[start + np.array(offsets)])
                kinds[key] = kinds.get(key, 0) + np.sqrt(4 - offsets[-1])
        return kinds

    own = [counts(row) for row in codes]
    size = [np.sqrt(sum(v**2 for v in one.values())) for one in own]
    for i in range(6):
        for j in range(6):
            expected = sum(v * own[j].get(key, 0) for key, v in own[i].items()) / size[i] / size[j]
            assert found[i] @ found[j] == pytest.approx(expected, abs=1e-5)
    both = gapped_kmer_counts.features(codes, about | {"stranded": False}).toarray()
    assert np.allclose(
        both, gapped_kmer_counts.features(reverse_complement(codes), about | {"stranded": False}).toarray(), atol=1e-6
    )


def test_gapped_words_that_share_columns_still_tell(monkeypatch):
    fold, other = made("binary"), made("binary", seed=9)
    monkeypatch.setattr(gapped_kmer_counts, "COLUMNS", 600)
    fitted = trained("gapped_kmer_svm", fold)
    assert len(fitted.arrays["weight"]) <= 600
    assert (((predicted("gapped_kmer_svm", fitted, other.values)) > 0.5) == other.labels).mean() > 0.75


def test_a_gapped_motif_is_found_that_words_of_the_same_length_miss():
    draw = np.random.default_rng(2)
    label = draw.integers(0, 2, 1200)
    codes = sequenced.planted(sequenced.random(1200, 60, 2), label == 1, "GA..C..TC", 2)

    def right(model, **settings):
        fitted = trained(model, sequenced.fold(codes[:800], label[:800]), **settings)
        return ((predicted(model, fitted, codes[800:]) > 0.5) == label[800:]).mean()

    gaps = right("gapped_kmer_svm", length=9, informative=5, strength=1e-3)
    words = max(right("kmer_linear", k=7, strength=strength) for strength in (0.1, 0.01))
    assert gaps > 0.75 and gaps > words + 0.1


def test_shuffled_labels_rank_by_chance():
    fold, other = made("binary", 600), made("binary", 600, seed=9)
    fitted = trained("shuffled_labels", fold)
    guess = predicted("shuffled_labels", fitted, other.values)
    assert guess.shape == (20, 600)
    order = guess.argsort(axis=1).argsort(axis=1)
    area = [(own[other.labels == 1].mean() - own[other.labels == 0].mean()) / 600 + 0.5 for own in order]
    assert np.mean(area) == pytest.approx(0.5, abs=0.05)
    several = made("multiclass", 200)
    assert predicted("shuffled_labels", trained("shuffled_labels", several), several.values).shape == (20, 200, 3)


def test_a_class_that_training_lacks_is_left_unlikely_and_one_alone_is_refused():
    fold = made("multiclass", 300)
    kept = fold.labels != 1
    some = sequenced.fold(fold.values[kept], fold.labels[kept], "multiclass")
    for model in LEARNERS:
        assert predicted(model, trained(model, some), fold.values)[:, 1].max() < 0.2, model
        with pytest.raises(InputError, match="nothing can be told apart"):
            trained(model, sequenced.fold(fold.values[:50], np.zeros(50, int)))


def test_weights_count_as_copies():
    fold = made("binary", 120)
    twice = np.concatenate([np.arange(120), np.arange(40)])
    copies = sequenced.fold(fold.values[twice], fold.labels[twice])
    weighted = replace(fold, weights=np.r_[np.full(40, 2.0), np.ones(80)])
    values = [kmer_counts.rates(f.values, kmer_counts.told(f), [1, 2]).toarray() for f in (copies, weighted)]
    one, other = (
        glm.minimised(v, f.labels[:, None].astype(float), f.weights, glm.logistic, 0.01, np.zeros(1), scaled=False)
        for v, f in zip(values, (copies, weighted), strict=True)
    )
    assert np.allclose(one[0], other[0], atol=1e-3) and np.allclose(one[1], other[1], atol=1e-3)


def test_more_examples_than_can_be_held_are_drawn(monkeypatch):
    fold = made("binary", 300)
    monkeypatch.setattr(kmer_counts, "HELD", 100 * kmer_counts.per_sequence([1, 2, 3, 4, 5], kmer_counts.told(fold)))
    assert trained("kmer_linear", fold).about["examples"] == 100
    assert trained("gapped_kmer_svm", fold, most=50).about["examples"] == 50


@pytest.mark.parametrize(
    "model, settings, words",
    [
        ("kmer_linear", {"k": 7}, "kmers.k: words of 7 bases are longer than the sequences .5 bases."),
        ("gapped_kmer_svm", {"length": 6}, "kmers.length: words of 6 bases are longer"),
        ("gapped_kmer_svm", {"length": 4, "informative": 5}, "kmers.informative: 5 of 4 bases cannot be told"),
        ("gapped_kmer_svm", {"length": 20, "informative": 9}, "at most 16 bases, and 8 of them told"),
    ],
)
def test_words_that_cannot_be_are_refused(model, settings, words):
    fold = sequenced.fold(sequenced.random(20, 5), np.arange(20) % 2)
    with pytest.raises(InputError, match=words):
        trained(model, fold, **settings)


def test_a_search_has_settings_to_try():
    import optuna

    trial = optuna.trial.FixedTrial({"strength": 0.1})
    assert kmer_linear.space(trial) == {"strength": 0.1}
    assert gapped_kmer_svm.space(optuna.trial.FixedTrial({"strength": 1e-3})) == {"strength": 1e-3}
