"""Calibration undoes known distortions, and does not invent certainty."""

import numpy as np
import pytest

from readsight.dataset.outcome import UNCOUNTED, Outcome
from readsight.models import calibration


def classes(n, slope, offset, seed=1, count=3, spread=2.0):
    """True probabilities (n, K), classes drawn from them, and the same probabilities distorted."""
    draw = np.random.default_rng(seed)
    logits = draw.normal(0, spread, (n, count))
    labels = (logits + draw.gumbel(size=logits.shape)).argmax(axis=1)
    return calibration.softmax(logits), labels, calibration.softmax(slope * logits + np.asarray(offset))


def test_of_two_classes_a_known_distortion_is_undone():
    draw = np.random.default_rng(1)
    logits = draw.normal(0, 2, 20_000)
    labels = (draw.random(20_000) < calibration.sigmoid(logits)).astype(int)
    scale = calibration.fit("binary", calibration.sigmoid(3 * logits + 1), labels)
    assert scale["temperature"] == pytest.approx(3, rel=0.05)
    assert scale["offset"] == pytest.approx(-1 / 3, abs=0.05)


def test_of_several_classes_a_known_distortion_is_undone():
    offset = np.array([1.0, -0.5, -0.5])
    true, labels, guess = classes(20_000, 2.5, offset)
    scale = calibration.fit("multiclass", guess, labels)
    assert scale["temperature"] == pytest.approx(2.5, rel=0.05)
    assert np.allclose(scale["offset"], -offset / 2.5, atol=0.06)
    assert np.abs(calibration.apply("multiclass", guess, scale) - true).mean() < 0.01


def test_of_several_labels_each_has_its_own_distortion_undone():
    draw = np.random.default_rng(1)
    logits = draw.normal(0, 2, (20_000, 2))
    labels = (draw.random(logits.shape) < calibration.sigmoid(logits)).astype(int)
    scale = calibration.fit("multilabel", calibration.sigmoid(logits * [3, 0.5] + [1, 0]), labels)
    assert np.allclose(scale["temperature"], [3, 0.5], rtol=0.05) and np.allclose(scale["offset"], [-1 / 3, 0], atol=0.05)
    assert np.allclose(calibration.apply("multilabel", calibration.sigmoid(logits), scale).shape, logits.shape)


def test_classes_of_two_are_the_two_classes():
    _, labels, guess = classes(2000, 2, [0.7, -0.7], count=2)
    many, two = calibration.fit("multiclass", guess, labels), calibration.fit("binary", guess[:, 1], labels)
    assert many["temperature"] == pytest.approx(two["temperature"], rel=0.01)
    found = calibration.apply("multiclass", guess, many)[:, 1]
    assert np.allclose(found, calibration.apply("binary", guess[:, 1], two), atol=2e-3)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
@pytest.mark.parametrize("n", [30, 300])
def test_the_loss_on_what_it_was_fitted_on_falls(kind, n):
    _, labels, guess = classes(n, 2.0, [0.5, 0, -0.5], seed=n)
    labels = {"binary": labels == 1, "multiclass": labels, "multilabel": labels[:, None] == np.arange(3)}[kind].astype(int)
    guess = guess[:, 1] if kind == "binary" else guess
    outcome = Outcome(kind, ("a", "b", "c")[: 2 if kind == "binary" else 3])
    scale = calibration.fit(kind, guess, labels)
    calibrated = calibration.apply(kind, guess, scale)
    assert outcome.loss(calibrated, labels) <= outcome.loss(guess, labels)
    if kind == "multiclass":
        assert np.allclose(calibrated.sum(axis=1), 1)


def test_a_temperature_alone_keeps_the_ranking():
    _, _, guess = classes(200, 1, [0, 0, 0])
    found = calibration.apply("multiclass", guess, {"temperature": 3.0, "offset": [0.0, 0.0, 0.0]})
    assert np.array_equal(found.argsort(axis=1), guess.argsort(axis=1))
    one = guess[:, 0]
    scaled = calibration.apply("binary", one, {"temperature": 2.0, "offset": 0.7})
    assert np.array_equal(scaled.argsort(), one.argsort())


def test_separable_classes_stay_finite_and_uncertain():
    scale = calibration.fit("binary", np.array([0.1, 0.2, 0.8, 0.9]), np.array([0, 0, 1, 1]))
    found = calibration.apply("binary", np.array([0.0, 1.0]), scale)
    assert np.isfinite(found).all() and 0 < found[0] < found[1] < 1
    guess = np.eye(3)[[0, 1, 2, 0, 1, 2]] * 0.8 + 0.2 / 3
    scale = calibration.fit("multiclass", guess, np.array([0, 1, 2, 0, 1, 2]))
    found = calibration.apply("multiclass", np.eye(3), scale)
    assert np.isfinite(found).all() and 0.5 < found.max() < 1 and np.abs(scale["offset"]).max() < 1e-3
    surest = calibration.apply("multiclass", guess, scale).max()
    assert surest < 0.8, "six right answers are no proof of more than Platt's targets"


def test_a_class_that_was_not_there_stays_possible():
    _, labels, guess = classes(60, 1, [0, 0, 0])
    rows = labels != 2
    scale = calibration.fit("multiclass", guess[rows], labels[rows])
    found = calibration.apply("multiclass", guess, scale)
    assert (found[:, 2] > 0).all() and found[:, 2].mean() < guess[:, 2].mean()


@pytest.mark.parametrize("kind, shape", [("survival", (3,)), ("regression", (3,)), ("profile", (3, 5))])
def test_what_is_no_probability_is_left_as_it_is(kind, shape):
    guess = np.linspace(-2.0, 5.0, int(np.prod(shape))).reshape(shape)
    scale = calibration.fit(kind, guess, np.ones((3, 2)))
    assert scale == calibration.NONE and np.array_equal(calibration.apply(kind, guess, scale), guess)


def bases(windows, length, slope, seed=1):
    """Rare sites along windows: true probabilities, classes drawn from them, and the same probabilities sharpened."""
    draw = np.random.default_rng(seed)
    logits = draw.normal(0, 2, (windows, length, 3)) + [4, 0, 0]
    labels = (logits + draw.gumbel(size=logits.shape)).argmax(axis=-1).astype(np.uint8)
    return calibration.softmax(logits), labels, calibration.softmax(slope * logits)


def test_of_bases_a_temperature_is_undone_and_what_does_not_count_is_skipped():
    true, labels, guess = bases(40, 500, 2.5)
    scale = calibration.fit("positions", guess, labels)
    assert scale["temperature"] == pytest.approx(2.5, rel=0.05) and scale["offset"] == 0
    found = calibration.apply("positions", guess, scale)
    assert np.abs(found - true).mean() < 0.01 and np.allclose(found.sum(axis=-1), 1)
    masked = labels.copy()
    masked[:, ::2] = UNCOUNTED
    spoilt = np.where((masked == UNCOUNTED)[..., None], 1 / 3, guess)
    assert calibration.fit("positions", spoilt, masked) == calibration.fit("positions", guess, masked)
    assert calibration.fit("positions", guess, np.full_like(labels, UNCOUNTED))["temperature"] == 1


def test_bases_by_the_million_are_drawn_from_and_keep_their_precision(monkeypatch):
    _, labels, guess = bases(40, 500, 2.5)
    whole = calibration.fit("positions", guess, labels)["temperature"]
    monkeypatch.setattr(calibration, "BASES", 5000)
    assert calibration.fit("positions", guess, labels)["temperature"] == pytest.approx(whole, rel=0.1)
    assert calibration.apply("positions", guess.astype(np.float32), {"temperature": 2.0, "offset": 0.0}).dtype == np.float32
