"""Calibration undoes known distortions, and does not create certainty."""

import numpy as np
import pytest

from readsight.dataset.outcome import UNCOUNTED, Outcome
from readsight.models import calibration


def make_classes(n, slope, offset, seed=1, count=3, spread=2.0):
    """True probabilities (n, K), classes drawn from them, and the same probabilities distorted."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, spread, (n, count))
    labels = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
    return calibration.softmax(logits), labels, calibration.softmax(slope * logits + np.asarray(offset))


def test_binary_distortion_is_undone():
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 2, 20_000)
    labels = (rng.random(20_000) < calibration.sigmoid(logits)).astype(int)
    scale = calibration.fit("binary", calibration.sigmoid(3 * logits + 1), labels)
    assert scale["temperature"] == pytest.approx(3, rel=0.05)
    assert scale["offset"] == pytest.approx(-1 / 3, abs=0.05)


def test_multiclass_distortion_is_undone():
    offset = np.array([1.0, -0.5, -0.5])
    true, labels, predictions = make_classes(20_000, 2.5, offset)
    scale = calibration.fit("multiclass", predictions, labels)
    assert scale["temperature"] == pytest.approx(2.5, rel=0.05)
    assert np.allclose(scale["offset"], -offset / 2.5, atol=0.06)
    assert np.abs(calibration.apply("multiclass", predictions, scale) - true).mean() < 0.01


def test_multilabel_distortions_are_undone_separately():
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 2, (20_000, 2))
    labels = (rng.random(logits.shape) < calibration.sigmoid(logits)).astype(int)
    scale = calibration.fit("multilabel", calibration.sigmoid(logits * [3, 0.5] + [1, 0]), labels)
    assert np.allclose(scale["temperature"], [3, 0.5], rtol=0.05) and np.allclose(scale["offset"], [-1 / 3, 0], atol=0.05)
    assert np.allclose(calibration.apply("multilabel", calibration.sigmoid(logits), scale).shape, logits.shape)


def test_two_class_multiclass_equals_binary():
    _, labels, predictions = make_classes(2000, 2, [0.7, -0.7], count=2)
    many, two = calibration.fit("multiclass", predictions, labels), calibration.fit("binary", predictions[:, 1], labels)
    assert many["temperature"] == pytest.approx(two["temperature"], rel=0.01)
    calibrated = calibration.apply("multiclass", predictions, many)[:, 1]
    assert np.allclose(calibrated, calibration.apply("binary", predictions[:, 1], two), atol=2e-3)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
@pytest.mark.parametrize("n", [30, 300])
def test_training_loss_falls(kind, n):
    _, labels, predictions = make_classes(n, 2.0, [0.5, 0, -0.5], seed=n)
    labels = {"binary": labels == 1, "multiclass": labels, "multilabel": labels[:, None] == np.arange(3)}[kind].astype(int)
    predictions = predictions[:, 1] if kind == "binary" else predictions
    outcome = Outcome(kind, ("a", "b", "c")[: 2 if kind == "binary" else 3])
    scale = calibration.fit(kind, predictions, labels)
    calibrated = calibration.apply(kind, predictions, scale)
    assert outcome.compute_loss(calibrated, labels) <= outcome.compute_loss(predictions, labels)
    if kind == "multiclass":
        assert np.allclose(calibrated.sum(axis=1), 1)


def test_temperature_keeps_the_ranking():
    _, _, predictions = make_classes(200, 1, [0, 0, 0])
    calibrated = calibration.apply("multiclass", predictions, {"temperature": 3.0, "offset": [0.0, 0.0, 0.0]})
    assert np.array_equal(calibrated.argsort(axis=1), predictions.argsort(axis=1))
    binary = predictions[:, 0]
    scaled = calibration.apply("binary", binary, {"temperature": 2.0, "offset": 0.7})
    assert np.array_equal(scaled.argsort(), binary.argsort())


def test_separable_classes_stay_finite_and_uncertain():
    scale = calibration.fit("binary", np.array([0.1, 0.2, 0.8, 0.9]), np.array([0, 0, 1, 1]))
    calibrated = calibration.apply("binary", np.array([0.0, 1.0]), scale)
    assert np.isfinite(calibrated).all() and 0 < calibrated[0] < calibrated[1] < 1
    predictions = np.eye(3)[[0, 1, 2, 0, 1, 2]] * 0.8 + 0.2 / 3
    scale = calibration.fit("multiclass", predictions, np.array([0, 1, 2, 0, 1, 2]))
    calibrated = calibration.apply("multiclass", np.eye(3), scale)
    assert np.isfinite(calibrated).all() and 0.5 < calibrated.max() < 1 and np.abs(scale["offset"]).max() < 1e-3
    surest = calibration.apply("multiclass", predictions, scale).max()
    assert surest < 0.8, "six correct predictions do not support more than Platt's targets"


def test_missing_class_stays_possible():
    _, labels, predictions = make_classes(60, 1, [0, 0, 0])
    rows = labels != 2
    scale = calibration.fit("multiclass", predictions[rows], labels[rows])
    calibrated = calibration.apply("multiclass", predictions, scale)
    assert (calibrated[:, 2] > 0).all() and calibrated[:, 2].mean() < predictions[:, 2].mean()


@pytest.mark.parametrize("kind, shape", [("survival", (3,)), ("regression", (3,)), ("profile", (3, 5))])
def test_uncalibrated_outcomes_stay_unchanged(kind, shape):
    predictions = np.linspace(-2.0, 5.0, int(np.prod(shape))).reshape(shape)
    scale = calibration.fit(kind, predictions, np.ones((3, 2)))
    assert scale == calibration.IDENTITY and np.array_equal(calibration.apply(kind, predictions, scale), predictions)


def make_bases(windows, length, slope, seed=1):
    """Rare sites in windows: true probabilities, classes drawn from them, and the same probabilities sharpened."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (windows, length, 3)) + [4, 0, 0]
    labels = (logits + rng.gumbel(size=logits.shape)).argmax(axis=-1).astype(np.uint8)
    return calibration.softmax(logits), labels, calibration.softmax(slope * logits)


def test_per_base_temperature_ignores_uncounted_bases():
    true, labels, predictions = make_bases(40, 500, 2.5)
    scale = calibration.fit("positions", predictions, labels)
    assert scale["temperature"] == pytest.approx(2.5, rel=0.05) and scale["offset"] == 0
    calibrated = calibration.apply("positions", predictions, scale)
    assert np.abs(calibrated - true).mean() < 0.01 and np.allclose(calibrated.sum(axis=-1), 1)
    masked = labels.copy()
    masked[:, ::2] = UNCOUNTED
    spoilt = np.where((masked == UNCOUNTED)[..., None], 1 / 3, predictions)
    assert calibration.fit("positions", spoilt, masked) == calibration.fit("positions", predictions, masked)
    assert calibration.fit("positions", predictions, np.full_like(labels, UNCOUNTED))["temperature"] == 1


def test_many_bases_are_subsampled_in_their_precision(monkeypatch):
    _, labels, predictions = make_bases(40, 500, 2.5)
    expected = calibration.fit("positions", predictions, labels)["temperature"]
    monkeypatch.setattr(calibration, "MAX_BASES", 5000)
    assert calibration.fit("positions", predictions, labels)["temperature"] == pytest.approx(expected, rel=0.1)
    assert calibration.apply("positions", predictions.astype(np.float32), {"temperature": 2.0, "offset": 0.0}).dtype == np.float32
