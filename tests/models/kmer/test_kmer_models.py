"""K-mer models recover planted motifs, count both strands as one, and match their stored form."""

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
MOTIFS = ("GATTACC", "CCGTAAG", "TTGCAAC")
LEARNERS = ("kmer_linear", "gapped_kmer_svm", "kmer_boosting")


def make_fold(kind, n=400, length=60, seed=1, **layout):
    """A fold in which motifs determine the label; for regression and profiles they determine a level."""
    rng = np.random.default_rng(seed)
    codes = sequenced.random_codes(n, length, seed)
    has_motif = rng.integers(0, 2, (n, 2))
    if kind == "multiclass":
        label = rng.integers(0, 3, n)
        for number, motif in enumerate(MOTIFS):
            codes = sequenced.plant_motif(codes, label == number, motif, seed + number)
        return sequenced.make_fold(codes, label, kind, **layout)
    for number in (0, 1):
        codes = sequenced.plant_motif(codes, has_motif[:, number] == 1, MOTIFS[number], seed + number)
    level = 2.0 * has_motif[:, 0] - has_motif[:, 1]
    labels = {
        "binary": has_motif[:, 0],
        "multilabel": has_motif,
        "regression": 10 + level + rng.normal(0, 0.1, n),
        "profile": rng.poisson(np.exp(1 + 0.5 * level)[:, None] * np.array([1, 2, 4])).astype(np.float32),
    }
    return sequenced.make_fold(codes, labels[kind], kind, **layout)


def train_model(model, fold, seed=1, **settings):
    return KMER_MODELS[model].train(fold, None, SETTINGS[model] | settings, seed, 1)


def predict_from_json(model, fitted, codes):
    """Predictions from the stored form: arrays and JSON."""
    return KMER_MODELS[model].predict(fitted.arrays, json.loads(json.dumps(fitted.description)), codes)


def baseline_loss(fold, test):
    """Loss on the second fold when predicting the mean of the first."""
    mean = np.eye(3)[fold.labels].mean(axis=0) if fold.outcome.kind == "multiclass" else fold.labels.mean(axis=0)
    return fold.outcome.compute_loss(np.broadcast_to(mean, (len(test), *np.shape(mean))), test.labels)


KINDS = [(model, kind) for model in LEARNERS for kind in KMER_MODELS[model].KINDS]


@pytest.mark.parametrize("model, kind", KINDS)
def test_models_learn_planted_motifs_for_each_outcome(model, kind):
    fold, test = make_fold(kind), make_fold(kind, seed=9)
    fitted = train_model(model, fold)
    predictions = predict_from_json(model, fitted, test.values)
    assert predictions.shape == (test.labels.shape if kind != "multiclass" else (len(test), 3))
    if kind == "profile":
        assert (predictions > 0).all()
    if kind == "multiclass":
        assert np.allclose(predictions.sum(axis=1), 1)
    improvement = baseline_loss(fold, test) - fold.outcome.compute_loss(predictions, test.labels)
    assert improvement > (0.2 if model == "kmer_linear" else 0.02), "better than the mean, on test sequences"


@pytest.mark.parametrize("model", [*LEARNERS, "gc_content", "shuffled_labels"])
def test_strands_are_equal_unless_stranded(model):
    fold = make_fold("binary", 150)
    fitted = train_model(model, fold)
    assert np.allclose(
        predict_from_json(model, fitted, fold.values),
        predict_from_json(model, fitted, reverse_complement(fold.values)),
        atol=1e-6,
    )
    if model != "gc_content":
        fitted = train_model(model, make_fold("binary", 150, stranded=True))
        assert not np.allclose(
            predict_from_json(model, fitted, fold.values),
            predict_from_json(model, fitted, reverse_complement(fold.values)),
            atol=1e-3,
        )


@pytest.mark.parametrize("model", [*LEARNERS, "gc_content"])
def test_predictions_are_independent_and_reproducible(model):
    fold = make_fold("binary", 150)
    fold.values[0] = 4
    fold.values[1, 10:] = 4
    first, second = train_model(model, fold), train_model(model, fold)
    assert all(np.array_equal(first.arrays[name], second.arrays[name]) for name in first.arrays)
    batch = predict_from_json(model, first, fold.values)
    assert np.isfinite(batch).all()
    assert np.allclose(batch[:8], [predict_from_json(model, first, fold.values[i : i + 1])[0] for i in range(8)], atol=1e-6)
    assert predict_from_json(model, first, fold.values[:0]).shape == (0,)


@pytest.mark.parametrize("model", LEARNERS)
def test_pairs_are_classified_by_the_change(model):
    """The alternative window of a positive has the motif; the reference windows are equal in both classes."""
    rng = np.random.default_rng(3)
    label = rng.integers(0, 2, 400)
    reference = sequenced.random_codes(400, 40, 3)
    changed = np.array(["GATAACC", "GATTACC"])[label]
    alternative = reference.copy()
    for row, motif in enumerate(changed):
        reference[row, 15:22], alternative[row, 15:22] = encode("GATGACC"), encode(motif)
    fold = sequenced.make_fold(np.hstack([reference, alternative]), label, pair=True)
    fitted = train_model(model, sequenced.make_fold(fold.values[:300], label[:300], pair=True))
    predictions = predict_from_json(model, fitted, fold.values[300:])
    assert ((predictions > 0.5) == label[300:]).mean() > 0.9


def test_gc_model_depends_on_gc_only():
    rng = np.random.default_rng(1)
    gc = rng.uniform(0.2, 0.8, 600)
    is_gc = rng.random((600, 80)) < gc[:, None]
    codes = np.where(is_gc, rng.integers(1, 3, (600, 80)), 3 * rng.integers(0, 2, (600, 80))).astype(np.uint8)
    fold = sequenced.make_fold(codes, (np.abs(gc - 0.5) < 0.15).astype(int))
    predictions = predict_from_json("gc_content", train_model("gc_content", fold), codes)
    assert ((predictions > 0.5) == fold.labels).mean() > 0.85, "the square separates the middle from both ends"
    rng.permuted(codes, axis=1, out=codes)
    assert np.allclose(predictions, predict_from_json("gc_content", train_model("gc_content", fold), codes))


def test_kmer_rates_merge_reverse_complements():
    codes = sequenced.random_codes(30, 25)
    codes[4, 8:11] = 4
    description = {"pair": False, "stranded": False, "length": 25}
    rates = kmer_counts.compute_rates(codes, description, [1, 3]).toarray()
    assert np.allclose(rates, kmer_counts.compute_rates(reverse_complement(codes), description, [1, 3]).toarray())
    text = ["".join("ACGTN"[c] for c in row) for row in codes]
    names = [*kmer_tokens.column_names(1, False), *kmer_tokens.column_names(3, False)]
    for row, row_rates in zip(text, rates, strict=True):
        for kmer, rate in zip(names, row_rates, strict=True):
            reverse = kmer[::-1].translate(str.maketrans("ACGT", "TGCA"))
            all_kmers = [row[i : i + len(kmer)] for i in range(len(row) - len(kmer) + 1)]
            valid = [text_kmer for text_kmer in all_kmers if "N" not in text_kmer]
            assert rate == pytest.approx(sum(text_kmer in (kmer, reverse) for text_kmer in valid) / len(valid), abs=1e-6)


def test_gapped_features_reproduce_the_kernel():
    """The product of features is the number of matching pairs of gapped k-mers (Ghandi et al. 2014), weighted by shifts."""
    codes = sequenced.random_codes(6, 20, 5)
    description = {"word": 4, "informative": 2, "length": 20, "stranded": True, "pair": False}
    features = gapped_kmer_counts.compute_features(codes, description).toarray()
    assert np.allclose((features**2).sum(axis=1), 1)

    def counts(row):
        kinds = {}
        for offsets in [(0, 1), (0, 2), (0, 3)]:
            for start in range(20 - offsets[-1]):
                key = (offsets, *row[start + np.array(offsets)])
                kinds[key] = kinds.get(key, 0) + np.sqrt(4 - offsets[-1])
        return kinds

    counted = [counts(row) for row in codes]
    size = [np.sqrt(sum(v**2 for v in row_counts.values())) for row_counts in counted]
    for i in range(6):
        for j in range(6):
            expected = sum(v * counted[j].get(key, 0) for key, v in counted[i].items()) / size[i] / size[j]
            assert features[i] @ features[j] == pytest.approx(expected, abs=1e-5)
    unstranded = gapped_kmer_counts.compute_features(codes, description | {"stranded": False}).toarray()
    assert np.allclose(
        unstranded,
        gapped_kmer_counts.compute_features(reverse_complement(codes), description | {"stranded": False}).toarray(),
        atol=1e-6,
    )


def test_gapped_kmers_with_hash_collisions_still_classify(monkeypatch):
    fold, test = make_fold("binary"), make_fold("binary", seed=9)
    monkeypatch.setattr(gapped_kmer_counts, "MAX_COLUMNS", 600)
    fitted = train_model("gapped_kmer_svm", fold)
    assert len(fitted.arrays["weight"]) <= 600
    assert (((predict_from_json("gapped_kmer_svm", fitted, test.values)) > 0.5) == test.labels).mean() > 0.75


def test_gapped_kmers_beat_plain_kmers_on_gapped_motif():
    rng = np.random.default_rng(2)
    label = rng.integers(0, 2, 1200)
    codes = sequenced.plant_motif(sequenced.random_codes(1200, 60, 2), label == 1, "GA..C..TC", 2)

    def accuracy(model, **settings):
        fitted = train_model(model, sequenced.make_fold(codes[:800], label[:800]), **settings)
        return ((predict_from_json(model, fitted, codes[800:]) > 0.5) == label[800:]).mean()

    gapped = accuracy("gapped_kmer_svm", length=9, informative=5, strength=1e-3)
    plain = max(accuracy("kmer_linear", k=7, strength=strength) for strength in (0.1, 0.01))
    assert gapped > 0.75 and gapped > plain + 0.1


def test_shuffled_labels_rank_by_chance():
    fold, test = make_fold("binary", 600), make_fold("binary", 600, seed=9)
    fitted = train_model("shuffled_labels", fold)
    predictions = predict_from_json("shuffled_labels", fitted, test.values)
    assert predictions.shape == (20, 600)
    order = predictions.argsort(axis=1).argsort(axis=1)
    areas = [(ranks[test.labels == 1].mean() - ranks[test.labels == 0].mean()) / 600 + 0.5 for ranks in order]
    assert np.mean(areas) == pytest.approx(0.5, abs=0.05)
    multiclass = make_fold("multiclass", 200)
    assert predict_from_json("shuffled_labels", train_model("shuffled_labels", multiclass), multiclass.values).shape == (
        20,
        200,
        3,
    )


def test_missing_class_is_unlikely_and_single_class_is_refused():
    fold = make_fold("multiclass", 300)
    kept = fold.labels != 1
    reduced = sequenced.make_fold(fold.values[kept], fold.labels[kept], "multiclass")
    for model in LEARNERS:
        assert predict_from_json(model, train_model(model, reduced), fold.values)[:, 1].max() < 0.2, model
        with pytest.raises(InputError, match="there is nothing to separate"):
            train_model(model, sequenced.make_fold(fold.values[:50], np.zeros(50, int)))


def test_weights_act_as_copies():
    fold = make_fold("binary", 120)
    twice = np.concatenate([np.arange(120), np.arange(40)])
    copies = sequenced.make_fold(fold.values[twice], fold.labels[twice])
    weighted = replace(fold, weights=np.r_[np.full(40, 2.0), np.ones(80)])
    values = [kmer_counts.compute_rates(f.values, kmer_counts.describe_fold(f), [1, 2]).toarray() for f in (copies, weighted)]
    expected, actual = (
        glm.minimise_loss(v, f.labels[:, None].astype(float), f.weights, glm.logistic_loss, 0.01, np.zeros(1), standardise=False)
        for v, f in zip(values, (copies, weighted), strict=True)
    )
    assert np.allclose(expected[0], actual[0], atol=1e-3) and np.allclose(expected[1], actual[1], atol=1e-3)


def test_large_training_sets_are_subsampled(monkeypatch):
    fold = make_fold("binary", 300)
    monkeypatch.setattr(
        kmer_counts, "MAX_VALUES", 100 * kmer_counts.max_values_per_sequence([1, 2, 3, 4, 5], kmer_counts.describe_fold(fold))
    )
    assert train_model("kmer_linear", fold).description["examples"] == 100
    assert train_model("gapped_kmer_svm", fold, most=50).description["examples"] == 50


@pytest.mark.parametrize(
    "model, settings, message",
    [
        ("kmer_linear", {"k": 7}, "kmers.k: k-mers of 7 bases are longer than the sequences .5 bases."),
        ("gapped_kmer_svm", {"length": 6}, "kmers.length: k-mers of 6 bases are longer"),
        ("gapped_kmer_svm", {"length": 4, "informative": 5}, "kmers.informative: 5 of 4 bases cannot be informative"),
        ("gapped_kmer_svm", {"length": 20, "informative": 9}, "at most 16 bases, and 8 informative ones"),
    ],
)
def test_impossible_kmer_lengths_are_refused(model, settings, message):
    fold = sequenced.make_fold(sequenced.random_codes(20, 5), np.arange(20) % 2)
    with pytest.raises(InputError, match=message):
        train_model(model, fold, **settings)


def test_search_spaces_propose_settings():
    import optuna

    trial = optuna.trial.FixedTrial({"strength": 0.1})
    assert kmer_linear.search_space(trial) == {"strength": 0.1}
    assert gapped_kmer_svm.search_space(optuna.trial.FixedTrial({"strength": 1e-3})) == {"strength": 1e-3}
