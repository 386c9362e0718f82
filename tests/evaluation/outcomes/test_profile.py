"""Profiles are scored by their shape, their totals and their likelihood; a weight is so many rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import pearsonr
from sklearn.metrics import d2_tweedie_score

from readsight.dataset.outcome import Outcome
from readsight.evaluation.outcomes import profile
from readsight.evaluation.predictions import Part

SIGNAL = Outcome("profile", ())


def part_of(guess, target, weights):
    n = len(target)
    return Part(guess, guess, target, np.zeros(n, int), np.arange(n).astype(str), weights, SIGNAL)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(4, 30), bins=st.integers(2, 12))
def test_weights_are_so_many_rows(seed, n, bins):
    draw = np.random.default_rng(seed)
    target, guess = draw.poisson(3, (n, bins)).astype(np.float32), draw.gamma(2, 2, (n, bins)).astype(np.float32)
    target[:, 0] += target[:, 1] == target[:, 0]  # no flat windows
    weights = np.vstack([np.ones(n), draw.integers(0, 4, n)]).astype(float)
    weights[1, :3] = 1
    found = profile.scores(part_of(guess, target, weights))
    for row, own in enumerate(weights.astype(int)):
        one, two = np.repeat(guess, own, axis=0).astype(float), np.repeat(target, own, axis=0).astype(float)
        along = [pearsonr(a, b)[0] for a, b in zip(one, two, strict=True)]
        assert found["profile_pearson"][row] == pytest.approx(np.mean(along))
        assert found["deviance_explained"][row] == pytest.approx(d2_tweedie_score(two.ravel(), one.ravel(), power=1), abs=1e-5)
        if np.ptp(two.sum(axis=1)):
            assert found["total_pearson"][row] == pytest.approx(pearsonr(one.sum(axis=1), two.sum(axis=1))[0])


def test_shape_and_total_are_told_apart():
    """Totals right and shapes turned about; shapes right and totals equal."""
    draw = np.random.default_rng(1)
    target = draw.gamma(1, 1, (200, 1)) * np.linspace(0.1, 1, 10)
    one = np.ones((1, 200))
    turned = profile.scores(part_of(target[:, ::-1], target, one))
    assert turned["profile_pearson"] == pytest.approx(-1) and turned["total_pearson"] == pytest.approx(1)
    shape = profile.scores(part_of(np.tile(np.linspace(0.1, 1, 10), (200, 1)), target, one))
    assert shape["profile_pearson"] == pytest.approx(1) and shape["total_pearson"] == 0
    assert 0 < shape["deviance_explained"] < 1


def test_what_is_flat_has_no_shape():
    target = np.array([[1.0, 1, 1], [0, 1, 5]])
    found = profile.along(np.ones((2, 3)), target)
    assert np.isnan(found[0]) and found[1] == 0
    empty = profile.scores(part_of(np.ones((2, 3)), np.zeros((2, 3)), np.ones((1, 2))))
    assert np.isnan([values[0] for values in empty.values()]).all()


def test_one_mean_explains_nothing_and_the_truth_all():
    target = np.random.default_rng(2).poisson(4, (50, 8)).astype(float)
    one = np.ones((1, 50))
    assert profile.explained(np.full(target.shape, target.mean()), target, one) == pytest.approx(0)
    assert profile.explained(target, target, one) == pytest.approx(1, abs=1e-6)
