"""Correlations and errors match SciPy and scikit-learn; a weight counts as repeated rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import mean_squared_error, r2_score

from readsight.dataset.outcome import Outcome
from readsight.evaluation.outcomes import regression
from readsight.evaluation.predictions import PredictionSubset

NUMBER = Outcome("regression", ())


def make_subset(guess, target, weights, fold=None):
    fold = np.zeros(len(target), int) if fold is None else fold
    return PredictionSubset(guess, guess, target, fold, np.arange(len(target)).astype(str), weights, NUMBER)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(5, 60), levels=st.integers(3, 100))
def test_weights_equal_repeated_rows(seed, n, levels):
    rng = np.random.default_rng(seed)
    target, guess = rng.integers(0, levels, n) / 7, rng.integers(0, levels, n) / 3
    target[:2], guess[:2] = (0, 1), (0, 1)
    weights = np.vstack([np.ones(n), rng.integers(0, 4, n)]).astype(float)
    weights[1, :2] = 2
    metrics = regression.compute_metrics(make_subset(guess, target, weights))
    for row, counts in enumerate(weights.astype(int)):
        repeated_guess, repeated_target = np.repeat(guess, counts), np.repeat(target, counts)
        assert metrics["pearson"][row] == pytest.approx(pearsonr(repeated_guess, repeated_target)[0])
        assert metrics["spearman"][row] == pytest.approx(spearmanr(repeated_guess, repeated_target)[0])
        assert metrics["r2"][row] == pytest.approx(r2_score(repeated_target, repeated_guess))
        assert metrics["mse"][row] == pytest.approx(mean_squared_error(repeated_target, repeated_guess))


def test_correlation_ignores_scale_but_errors_do_not():
    rng = np.random.default_rng(1)
    target = rng.normal(size=200)
    guess, weights = target + rng.normal(size=200), np.ones((1, 200))
    plain, scaled = (regression.compute_metrics(make_subset(g, target, weights)) for g in (guess, 1e6 + 3 * guess))
    for name in ("pearson", "spearman"):
        assert scaled[name] == pytest.approx(plain[name], abs=1e-6)
    assert scaled["mse"] > plain["mse"] and scaled["r2"] < 0
    assert regression.compute_metrics(make_subset(-guess, target, weights))["spearman"] == pytest.approx(-plain["spearman"])


def test_correlation_is_computed_within_folds():
    target = np.array([0.0, 1, 2, 3, 0, 1, 2, 3])
    fold = np.repeat([0, 1], 4)
    metrics = regression.compute_metrics(make_subset(target + 100 * fold, target, np.ones((1, 8)), fold))
    assert metrics["pearson"] == pytest.approx(1) and metrics["spearman"] == pytest.approx(1)


def test_constant_prediction_explains_nothing():
    rng = np.random.default_rng(2)
    target, weights = rng.normal(5, 1, 50), np.ones((1, 50))
    metrics = regression.compute_metrics(make_subset(np.full(50, target.mean()), target, weights))
    assert metrics["pearson"] == metrics["spearman"] == 0 and metrics["r2"] == pytest.approx(0)
    flat = regression.compute_metrics(make_subset(target, np.full(50, 0.3), weights))
    assert np.isnan([flat[name][0] for name in ("pearson", "spearman", "r2")]).all()


def test_only_requested_metrics_are_computed():
    assert set(regression.compute_metrics(make_subset(np.arange(4.0), np.arange(4.0), np.ones((1, 4))), ("mse",))) == {"mse"}
