"""A weight matrix locates sites of a consensus, has the correct prior, and treats positions outside the window as N."""

import json
from dataclasses import replace

import numpy as np
import pytest

import sequenced
from readsight.dataset.outcome import UNCOUNTED, Outcome
from readsight.errors import InputError
from readsight.genome.codes import encode
from readsight.models.kmer import position_matrix


def make_fold(n=300, length=120, seed=1):
    """Sequences with one donor (CAG|GTAAGT) and one acceptor (TTTTTTCAG|G); the sites are the last and first exon base."""
    rng = np.random.default_rng(seed)
    codes = sequenced.random_codes(n, length, seed)
    target = np.zeros((n, length), np.uint8)
    for row in range(n):
        donor, acceptor = rng.integers(0, 50), rng.integers(60, 110)
        codes[row, donor : donor + 9] = encode("CAGGTAAGT")
        codes[row, acceptor : acceptor + 10] = encode("TTTTTTCAGG")
        target[row, donor + 2], target[row, acceptor + 9] = 1, 2
    plain = sequenced.make_fold(codes, np.zeros(n), "positions")
    return replace(plain, labels=target, outcome=Outcome("positions", ("none", "donor", "acceptor")))


def predict_from_json(fitted, codes):
    return position_matrix.predict(fitted.arrays, json.loads(json.dumps(fitted.description)), codes)


@pytest.fixture(scope="module")
def matrix_fit():
    return position_matrix.train(make_fold(), None, {"strength": 1e-4}, 1, 1)


def test_sites_are_located(matrix_fit):
    test = make_fold(seed=5)
    predictions = predict_from_json(matrix_fit, test.values)
    assert predictions.shape == (300, 120, 3) and np.allclose(predictions.sum(axis=2), 1, atol=1e-5)
    for kind in (1, 2):
        located = predictions[..., kind].argmax(axis=1)
        assert (test.labels[np.arange(300), located] == kind).mean() > 0.95
    flat = np.full((1, 1, 3), 1 / 120)
    flat[..., 0] = 118 / 120
    blind = np.broadcast_to(flat, predictions.shape)
    assert test.outcome.compute_loss(predictions, test.labels) < test.outcome.compute_loss(blind, test.labels) / 3


def test_matrix_matches_the_consensus(matrix_fit):
    weight, left = matrix_fit.arrays["weight"], matrix_fit.description["left"]
    donor = weight[left - 2 : left + 7, :, 1] - weight[left - 2 : left + 7, :, 0]
    assert (donor.argmax(axis=1) == encode("CAGGTAAGT")).all()
    acceptor = weight[left - 9 : left + 1, :, 2] - weight[left - 9 : left + 1, :, 0]
    assert (acceptor.argmax(axis=1) == encode("TTTTTTCAGG")).all()


def test_prior_counts_all_positions(monkeypatch):
    monkeypatch.setattr(position_matrix, "POSITION_LIMITS", (1000, 2000))
    monkeypatch.setattr(position_matrix, "BACKGROUND_RATIO", 3)
    fold = make_fold()
    fold = replace(fold, values=sequenced.random_codes(300, 120, 8))
    fitted = position_matrix.train(fold, None, {"strength": 1.0}, 1, 1)
    assert fitted.description["places"] == [1800, 300, 300]
    mean = predict_from_json(fitted, fold.values).mean(axis=(0, 1))
    assert mean[1:] == pytest.approx([1 / 120, 1 / 120], rel=0.3)


def test_uncounted_positions_are_not_sampled():
    fold = make_fold(n=100)
    masked = make_fold(n=100)
    masked.labels[:, 55:60] = UNCOUNTED
    masked.values[:, 57] = 4
    row, position, sample_counts, total_counts = position_matrix.sample_positions(masked, 1)
    assert total_counts.tolist() == [100 * 113, 100, 100] and not ((position >= 55) & (position < 60)).any()
    assert position_matrix.sample_positions(fold, 1)[3].tolist() == [100 * 118, 100, 100]


def test_positions_outside_the_window_are_n(matrix_fit):
    codes = make_fold(n=4).values
    wide = np.pad(codes, ((0, 0), (40, 40)), constant_values=4)
    assert np.allclose(predict_from_json(matrix_fit, codes), predict_from_json(matrix_fit, wide)[:, 40:-40], atol=1e-5)
    assert np.allclose(
        predict_from_json(matrix_fit, codes), [predict_from_json(matrix_fit, codes[i : i + 1])[0] for i in range(4)], atol=1e-6
    )


def test_training_is_reproducible_and_single_class_is_refused():
    fold = make_fold(n=60)
    first, second = (position_matrix.train(fold, None, {"left": 5, "right": 8}, 1, 1) for _ in range(2))
    assert np.array_equal(first.arrays["weight"], second.arrays["weight"]) and first.arrays["weight"].shape == (14, 4, 3)
    fold.labels[:] = 0
    with pytest.raises(InputError, match="all positions of a training set are of class none"):
        position_matrix.train(fold, None, {}, 1, 1)
