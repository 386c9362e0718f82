"""A weight matrix finds the sites that a consensus makes, knows how rare they are, and nothing of what lies beyond the window."""

import json
from dataclasses import replace

import numpy as np
import pytest

import sequenced
from readsight.dataset.outcome import UNCOUNTED, Outcome
from readsight.errors import InputError
from readsight.genome.codes import encode
from readsight.models.kmer import position_matrix


def made(n=300, length=120, seed=1):
    """Sequences with a donor (CAG|GTAAGT) and an acceptor (TTTTTTCAG|G) each, of which the last and the first base are the sites."""
    draw = np.random.default_rng(seed)
    codes = sequenced.random(n, length, seed)
    target = np.zeros((n, length), np.uint8)
    for row in range(n):
        donor, acceptor = draw.integers(0, 50), draw.integers(60, 110)
        codes[row, donor : donor + 9] = encode("CAGGTAAGT")
        codes[row, acceptor : acceptor + 10] = encode("TTTTTTCAGG")
        target[row, donor + 2], target[row, acceptor + 9] = 1, 2
    plain = sequenced.fold(codes, np.zeros(n), "positions")
    return replace(plain, labels=target, outcome=Outcome("positions", ("none", "donor", "acceptor")))


def predicted(fitted, codes):
    return position_matrix.predict(fitted.arrays, json.loads(json.dumps(fitted.about)), codes)


@pytest.fixture(scope="module")
def learned():
    return position_matrix.train(made(), None, {"strength": 1e-4}, 1, 1)


def test_sites_are_found_where_they_are(learned):
    other = made(seed=5)
    guess = predicted(learned, other.values)
    assert guess.shape == (300, 120, 3) and np.allclose(guess.sum(axis=2), 1, atol=1e-5)
    for kind in (1, 2):
        found = guess[..., kind].argmax(axis=1)
        assert (other.labels[np.arange(300), found] == kind).mean() > 0.95
    flat = np.full((1, 1, 3), 1 / 120)
    flat[..., 0] = 118 / 120
    blind = np.broadcast_to(flat, guess.shape)
    assert other.outcome.loss(guess, other.labels) < other.outcome.loss(blind, other.labels) / 3


def test_the_matrix_is_that_of_the_consensus(learned):
    weight, left = learned.arrays["weight"], learned.about["left"]
    donor = weight[left - 2 : left + 7, :, 1] - weight[left - 2 : left + 7, :, 0]
    assert (donor.argmax(axis=1) == encode("CAGGTAAGT")).all()
    acceptor = weight[left - 9 : left + 1, :, 2] - weight[left - 9 : left + 1, :, 0]
    assert (acceptor.argmax(axis=1) == encode("TTTTTTCAGG")).all()


def test_the_prior_is_that_of_all_places_though_few_are_learned_from(monkeypatch):
    monkeypatch.setattr(position_matrix, "PLACES", (1000, 2000))
    monkeypatch.setattr(position_matrix, "OTHERS", 3)
    fold = made()
    fold = replace(fold, values=sequenced.random(300, 120, 8))
    fitted = position_matrix.train(fold, None, {"strength": 1.0}, 1, 1)
    assert fitted.about["places"] == [1800, 300, 300]
    mean = predicted(fitted, fold.values).mean(axis=(0, 1))
    assert mean[1:] == pytest.approx([1 / 120, 1 / 120], rel=0.3)


def test_uncounted_places_teach_nothing():
    fold = made(n=100)
    other = made(n=100)
    other.labels[:, 55:60] = UNCOUNTED
    other.values[:, 57] = 4
    row, place, drawn, there = position_matrix.sampled(other, 1)
    assert there.tolist() == [100 * 113, 100, 100] and not ((place >= 55) & (place < 60)).any()
    assert position_matrix.sampled(fold, 1)[3].tolist() == [100 * 118, 100, 100]


def test_beyond_the_window_there_is_n(learned):
    codes = made(n=4).values
    wide = np.pad(codes, ((0, 0), (40, 40)), constant_values=4)
    assert np.allclose(predicted(learned, codes), predicted(learned, wide)[:, 40:-40], atol=1e-5)
    assert np.allclose(predicted(learned, codes), [predicted(learned, codes[i : i + 1])[0] for i in range(4)], atol=1e-6)


def test_the_seed_says_all_and_one_class_alone_is_refused():
    fold = made(n=60)
    one, same = (position_matrix.train(fold, None, {"left": 5, "right": 8}, 1, 1) for _ in range(2))
    assert np.array_equal(one.arrays["weight"], same.arrays["weight"]) and one.arrays["weight"].shape == (14, 4, 3)
    fold.labels[:] = 0
    with pytest.raises(InputError, match="all places of a training part are of class none"):
        position_matrix.train(fold, None, {}, 1, 1)
