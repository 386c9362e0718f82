"""Networks of sequence recover planted patterns: motifs, order and distance, distant context, profiles, variants."""

import warnings

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

import networks
import sequenced
from readsight.genome.codes import encode
from readsight.genome.shuffle import shuffle_dinucleotides
from readsight.models.sequence import NETWORKS

MOTIF = "TGACGTGGCA"
HALVES = ("TGACGT", "GGCATC")
TOKENS = ("kmer", "word2vec", "bpe")


@pytest.fixture(autouse=True)
def ignore_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def make_motif_fold(n, seed, length=40):
    """Sequences with a motif on either strand (1), and their dinucleotide shuffles (0)."""
    with_motif = sequenced.plant_motif(sequenced.random_codes(n // 2, length, seed), np.ones(n // 2, bool), MOTIF, seed)
    codes = np.concatenate([with_motif, shuffle_dinucleotides(with_motif, np.random.default_rng(seed))])
    return networks.make_fold(codes, np.repeat([1, 0], n // 2))


@pytest.fixture(scope="module")
def motif_folds():
    return make_motif_fold(600, 1), make_motif_fold(300, 2)


@pytest.fixture(scope="module")
def representation_folds(motif_folds):
    return {name: networks.encode_fold(motif_folds[0], name) for name in (*TOKENS, "transformer", "kmer_graph")}


@pytest.mark.parametrize("architecture", tuple(NETWORKS))
def test_motif_is_separated_from_shuffles(motif_folds, architecture):
    train, test = motif_folds
    assert roc_auc_score(test.labels, networks.train_and_predict(architecture, train, test)) > 0.9


@pytest.mark.parametrize("representation", TOKENS)
@pytest.mark.parametrize("architecture", ["cnn", "cnn_lstm", "lstm", "transformer"])
def test_tokens_separate_motif_from_shuffles(motif_folds, representation_folds, architecture, representation):
    predictions = networks.train_and_predict(architecture, representation_folds[representation], motif_folds[1])
    assert roc_auc_score(motif_folds[1].labels, predictions) > 0.8


def test_pretrained_transformer_separates_motif_from_shuffles(motif_folds, representation_folds):
    predictions = networks.train_and_predict("transformer", representation_folds["transformer"], motif_folds[1])
    assert roc_auc_score(motif_folds[1].labels, predictions) > 0.8


def test_graphs_of_the_representation_separate_motif_from_shuffles(motif_folds, representation_folds):
    predictions = networks.train_and_predict("graph", representation_folds["kmer_graph"], motif_folds[1])
    assert roc_auc_score(motif_folds[1].labels, predictions) > 0.8


def make_ordered_fold(n, seed, length=48):
    """Two motifs 6 to 12 bases apart, in one order (1) or the reverse order (0); both classes have the same motifs."""
    rng = np.random.default_rng(seed)
    codes, labels = sequenced.random_codes(n, length, seed), np.arange(n) % 2
    for row, label in zip(codes, labels, strict=True):
        start, gap = rng.integers(0, length - 26), rng.integers(6, 13)
        for position, half in zip((start, start + 6 + gap), HALVES[:: 1 if label else -1], strict=True):
            row[position : position + 6] = encode(half)
    return networks.make_fold(codes, labels, stranded=True)


@pytest.mark.parametrize("architecture", ["cnn", "dilated_resnet", "cnn_lstm", "transformer"])
def test_order_and_distance_are_recognised(architecture):
    test = make_ordered_fold(200, 2)
    predictions = networks.train_and_predict(architecture, make_ordered_fold(800, 1), test, dropout=0.1)
    assert roc_auc_score(test.labels, predictions) > 0.9


# Per-base outputs


def make_spliced_fold(n, seed, length=200):
    """Donor-like motifs everywhere; one is a donor (1) if an acceptor-like motif is 20 to 60 bases upstream."""
    rng = np.random.default_rng(seed)
    codes, target = sequenced.random_codes(n, length, seed), np.zeros((n, length), np.uint8)
    for row, row_target in zip(codes, target, strict=True):
        for donor in (rng.integers(70, 95), rng.integers(170, 190)):
            row[donor : donor + 6] = encode("GTAAGT")
            if rng.random() < 0.5:
                acceptor = donor - rng.integers(20, 61)
                row[acceptor : acceptor + 6] = encode("TTCCAG")
                row_target[donor] = 1
    return networks.make_fold(codes, target, "positions", stranded=True)


def donor_average_precision(predictions, test):
    """Average precision among donor-like motifs, which have identical bases and differ only in distant context."""
    is_donor_like = np.stack([test.values[:, i : 195 + i] == base for i, base in enumerate(encode("GTAAG"))]).all(0)
    return average_precision_score(test.labels[:, :195][is_donor_like], predictions[:, :195, 1][is_donor_like])


def test_distant_acceptor_identifies_the_donor():
    train, test = make_spliced_fold(600, 1), make_spliced_fold(100, 2)
    # enough steps that every seed and instruction set learns it: 0.96 to 0.99 with context, 0.45 to 0.56 without
    net = {"filters": 16, "widths": [7, 11], "epochs": 30, "batch_size": 16}
    far, near = (
        networks.train_and_predict("dilated_resnet", train, test, **net, dilations=dilations) for dilations in ([1, 8], [1, 1])
    )
    assert donor_average_precision(far, test) > 0.85  # a receptive field of 181 bases, with as many weights as one of 33
    assert donor_average_precision(near, test) < 0.7


@pytest.mark.parametrize("architecture", ["cnn", "dilated_resnet"])
def test_profile_peaks_at_the_motif(architecture):
    def make_profiles(n, seed):
        codes, target = sequenced.random_codes(n, 64, seed), np.ones((n, 8), np.float32)
        for row, row_target, bin_index in zip(codes, target, np.random.default_rng(seed).integers(0, 8, n), strict=True):
            row[8 * bin_index : 8 * bin_index + 7] = encode("TGACTCA")
            row_target[bin_index] = 20
        return networks.make_fold(codes, target, "profile", bin=8)

    test = make_profiles(200, 2)
    predictions = networks.train_and_predict(architecture, make_profiles(600, 1), test)
    assert (predictions.argmax(1) == test.labels.argmax(1)).mean() > 0.9
    assert abs(np.median(predictions.max(1)) - 20) < 5 and abs(np.median(predictions) - 1) < 1


# Variants


@pytest.mark.parametrize("architecture", tuple(NETWORKS))
def test_motif_breaking_variant_is_recognised(architecture):
    def make_pairs(n, seed):
        rng = np.random.default_rng(seed)
        reference = sequenced.random_codes(n, 41, seed)
        starts = rng.integers(15, 20, n)
        for row, start in zip(reference, starts, strict=True):
            row[start : start + 10] = encode(MOTIF)
        label = np.arange(n) % 2
        alternative, position = reference.copy(), np.where(label, starts + rng.integers(2, 8, n), rng.integers(0, 10, n))
        alternative[np.arange(n), position] = (alternative[np.arange(n), position] + rng.integers(1, 4, n)) % 4
        return networks.make_fold(np.hstack([reference, alternative]), label, pair=True)

    test = make_pairs(200, 2)
    assert roc_auc_score(test.labels, networks.train_and_predict(architecture, make_pairs(600, 1), test)) > 0.85


# Kinds of outcome


def test_each_kind_of_outcome_can_be_trained():
    codes = sequenced.random_codes(900, 40, 1)
    first, second = (np.random.default_rng(seed).random(900) < 0.5 for seed in (2, 3))
    codes = sequenced.plant_motif(codes[:, :20], first, "TGACTCA"), sequenced.plant_motif(codes[:, 20:], second, "CACGTGG")
    codes = np.hstack(codes)

    def fit_and_predict(kind, labels):
        train, test = (networks.make_fold(codes[rows], labels[rows], kind) for rows in (slice(600), slice(600, None)))
        return networks.train_and_predict("cnn", train, test), test.labels

    predictions, labels = fit_and_predict("multiclass", np.where(first, 1, 0) + np.where(first & second, 1, 0))
    assert (predictions.argmax(1) == labels).mean() > 0.85 and np.allclose(predictions.sum(1), 1)
    predictions, labels = fit_and_predict("multilabel", np.stack([first, second], 1).astype(int))
    assert min(roc_auc_score(labels[:, i], predictions[:, i]) for i in (0, 1)) > 0.9
    predictions, labels = fit_and_predict("regression", 300.0 + 50 * first - 20 * second)
    assert np.corrcoef(predictions, labels)[0, 1] > 0.85 and abs(predictions.mean() - labels.mean()) < 15
