"""Correlations and errors of numbers are SciPy's and scikit-learn's; a weight is so many rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import mean_squared_error, r2_score

from readsight.dataset.outcome import Outcome
from readsight.evaluation.outcomes import regression
from readsight.evaluation.predictions import Part

NUMBER = Outcome("regression", ())


def part_of(guess, target, weights, fold=None):
    fold = np.zeros(len(target), int) if fold is None else fold
    return Part(guess, guess, target, fold, np.arange(len(target)).astype(str), weights, NUMBER)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(5, 60), levels=st.integers(3, 100))
def test_weights_are_so_many_rows(seed, n, levels):
    draw = np.random.default_rng(seed)
    target, guess = draw.integers(0, levels, n) / 7, draw.integers(0, levels, n) / 3
    target[:2], guess[:2] = (0, 1), (0, 1)
    weights = np.vstack([np.ones(n), draw.integers(0, 4, n)]).astype(float)
    weights[1, :2] = 2
    found = regression.scores(part_of(guess, target, weights))
    for row, own in enumerate(weights.astype(int)):
        one, two = np.repeat(guess, own), np.repeat(target, own)
        assert found["pearson"][row] == pytest.approx(pearsonr(one, two)[0])
        assert found["spearman"][row] == pytest.approx(spearmanr(one, two)[0])
        assert found["r2"][row] == pytest.approx(r2_score(two, one))
        assert found["mse"][row] == pytest.approx(mean_squared_error(two, one))


def test_correlation_knows_no_scale_but_errors_do():
    draw = np.random.default_rng(1)
    target = draw.normal(size=200)
    guess, one = target + draw.normal(size=200), np.ones((1, 200))
    plain, scaled = (regression.scores(part_of(g, target, one)) for g in (guess, 1e6 + 3 * guess))
    for name in ("pearson", "spearman"):
        assert scaled[name] == pytest.approx(plain[name], abs=1e-6)
    assert scaled["mse"] > plain["mse"] and scaled["r2"] < 0
    assert regression.scores(part_of(-guess, target, one))["spearman"] == pytest.approx(-plain["spearman"])


def test_numbers_of_different_folds_are_not_correlated_with_each_other():
    target = np.array([0.0, 1, 2, 3, 0, 1, 2, 3])
    fold = np.repeat([0, 1], 4)
    found = regression.scores(part_of(target + 100 * fold, target, np.ones((1, 8)), fold))
    assert found["pearson"] == pytest.approx(1) and found["spearman"] == pytest.approx(1)


def test_one_number_for_all_explains_nothing():
    draw = np.random.default_rng(2)
    target, one = draw.normal(5, 1, 50), np.ones((1, 50))
    found = regression.scores(part_of(np.full(50, target.mean()), target, one))
    assert found["pearson"] == found["spearman"] == 0 and found["r2"] == pytest.approx(0)
    flat = regression.scores(part_of(target, np.full(50, 0.3), one))
    assert np.isnan([flat[name][0] for name in ("pearson", "spearman", "r2")]).all()


def test_only_what_is_asked_for_is_worked_out():
    assert set(regression.scores(part_of(np.arange(4.0), np.arange(4.0), np.ones((1, 4))), ("mse",))) == {"mse"}
