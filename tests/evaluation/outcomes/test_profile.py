"""Profiles are scored by shape, total and likelihood; a weight counts as repeated rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import pearsonr
from sklearn.metrics import d2_tweedie_score

from readsight.dataset.outcome import Outcome
from readsight.evaluation.outcomes import profile
from readsight.evaluation.predictions import PredictionSubset

SIGNAL = Outcome("profile", ())


def make_subset(guess, target, weights):
    n = len(target)
    return PredictionSubset(guess, guess, target, np.zeros(n, int), np.arange(n).astype(str), weights, SIGNAL)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(4, 30), bins=st.integers(2, 12))
def test_weights_equal_repeated_rows(seed, n, bins):
    rng = np.random.default_rng(seed)
    target, guess = rng.poisson(3, (n, bins)).astype(np.float32), rng.gamma(2, 2, (n, bins)).astype(np.float32)
    target[:, 0] += target[:, 1] == target[:, 0]  # no flat windows
    weights = np.vstack([np.ones(n), rng.integers(0, 4, n)]).astype(float)
    weights[1, :3] = 1
    metrics = profile.compute_metrics(make_subset(guess, target, weights))
    for row, counts in enumerate(weights.astype(int)):
        repeated_guess, repeated_target = (
            np.repeat(guess, counts, axis=0).astype(float),
            np.repeat(target, counts, axis=0).astype(float),
        )
        correlations = [pearsonr(a, b)[0] for a, b in zip(repeated_guess, repeated_target, strict=True)]
        assert metrics["profile_pearson"][row] == pytest.approx(np.mean(correlations))
        assert metrics["deviance_explained"][row] == pytest.approx(
            d2_tweedie_score(repeated_target.ravel(), repeated_guess.ravel(), power=1), abs=1e-5
        )
        if np.ptp(repeated_target.sum(axis=1)):
            assert metrics["total_pearson"][row] == pytest.approx(
                pearsonr(repeated_guess.sum(axis=1), repeated_target.sum(axis=1))[0]
            )


def test_shape_and_total_are_scored_separately():
    """Correct totals with reversed shapes, and correct shapes with equal totals."""
    rng = np.random.default_rng(1)
    target = rng.gamma(1, 1, (200, 1)) * np.linspace(0.1, 1, 10)
    weights = np.ones((1, 200))
    reversed_profile = profile.compute_metrics(make_subset(target[:, ::-1], target, weights))
    assert reversed_profile["profile_pearson"] == pytest.approx(-1) and reversed_profile["total_pearson"] == pytest.approx(1)
    shape = profile.compute_metrics(make_subset(np.tile(np.linspace(0.1, 1, 10), (200, 1)), target, weights))
    assert shape["profile_pearson"] == pytest.approx(1) and shape["total_pearson"] == 0
    assert 0 < shape["deviance_explained"] < 1


def test_flat_signal_has_undefined_correlation():
    target = np.array([[1.0, 1, 1], [0, 1, 5]])
    correlations = profile.correlate_bins(np.ones((2, 3)), target)
    assert np.isnan(correlations[0]) and correlations[1] == 0
    empty = profile.compute_metrics(make_subset(np.ones((2, 3)), np.zeros((2, 3)), np.ones((1, 2))))
    assert np.isnan([values[0] for values in empty.values()]).all()


def test_deviance_explained_of_mean_and_truth():
    target = np.random.default_rng(2).poisson(4, (50, 8)).astype(float)
    weights = np.ones((1, 50))
    assert profile.compute_deviance_explained(np.full(target.shape, target.mean()), target, weights) == pytest.approx(0)
    assert profile.compute_deviance_explained(target, target, weights) == pytest.approx(1, abs=1e-6)
