"""Survival metrics match lifelines, weights are equivalent to repeats, and folds are kept separate."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter
from lifelines.statistics import logrank_test
from lifelines.utils import concordance_index

from readsight.stats import survival


def draw_survival(seed, n=60, ties=True):
    rng = np.random.default_rng(seed)
    risk = rng.integers(0, 12, n).astype(float) if ties else rng.normal(size=n)
    time = rng.integers(1, 25, n).astype(float) if ties else rng.exponential(np.exp(-risk))
    event = (rng.random(n) < 0.6).astype(float)
    event[:2] = 1
    return risk, time, event


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_concordance_matches_lifelines(seed):
    risk, time, event = draw_survival(seed)
    concordant, comparable = survival.count_pairs(risk, time, event, np.ones((1, 60)))
    assert concordant[0] / comparable[0] == pytest.approx(concordance_index(time, -risk, event))


def test_weights_equal_repeated_examples():
    risk, time, event = draw_survival(1, ties=False)
    weights = np.random.default_rng(2).integers(0, 3, 60)
    twice = np.repeat(np.arange(60), weights)
    weighted = survival.c_index(risk, time, event, np.zeros(60), weights[None].astype(float))
    repeated = survival.c_index(risk[twice], time[twice], event[twice], np.zeros(len(twice)), np.ones((1, len(twice))))
    assert weighted == pytest.approx(repeated)


def test_pairs_do_not_depend_on_chunk_size(monkeypatch):
    risk, time, event = draw_survival(3)
    expected = survival.count_pairs(risk, time, event, np.ones((1, 60)))
    monkeypatch.setattr(survival, "MAX_PAIRS", 100)
    assert np.allclose(survival.count_pairs(risk, time, event, np.ones((1, 60))), expected)


def test_negating_risk_mirrors_concordance():
    risk, time, event = draw_survival(4)
    fold, unit_weights = np.arange(60) % 3, np.ones((1, 60))
    for uno in (False, True):
        both = [survival.c_index(sign * risk, time, event, fold, unit_weights, uno)[0] for sign in (1, -1)]
        assert sum(both) == pytest.approx(1)


def test_uno_equals_harrell_without_censoring():
    risk, time, _ = draw_survival(5, ties=False)
    unit_weights, fold = np.ones((1, 60)), np.zeros(60)
    indices = [survival.c_index(risk, time, np.ones(60), fold, unit_weights, uno)[0] for uno in (False, True)]
    assert indices[0] == pytest.approx(indices[1])


def test_no_event_is_no_concordance():
    assert np.isnan(survival.c_index(np.arange(4.0), np.arange(4.0), np.zeros(4), np.zeros(4), np.ones((1, 4))))[0]


@pytest.mark.parametrize("seed", range(3))
def test_survival_curve_matches_lifelines(seed):
    _, time, event = draw_survival(seed)
    fitter = KaplanMeierFitter().fit(time, event)
    steps = survival.kaplan_meier(time, event)
    assert np.allclose(steps.value, fitter.survival_function_at_times(steps.time))
    reference = fitter.confidence_interval_.loc[steps.time].to_numpy()
    inside = (steps.value > 0) & (steps.value < 1)
    assert np.allclose(np.stack([steps.low, steps.high], axis=1)[inside], reference[inside], atol=1e-4)


@pytest.mark.parametrize("seed", range(3))
def test_log_rank_matches_lifelines(seed):
    risk, time, event = draw_survival(seed)
    high = risk > 5
    reference = logrank_test(time[high], time[~high], event[high], event[~high])
    result = survival.log_rank(time, event, high)
    assert (result["chi2"], result["p"]) == pytest.approx((reference.test_statistic, reference.p_value))


def test_risk_groups_are_split_within_folds():
    risk = np.r_[np.arange(10.0), 100 + np.arange(10.0)]
    high = survival.risk_groups(risk, np.repeat([0, 1], 10))
    assert high[:10].sum() == high[10:].sum() == 5


def test_perfect_risks_discriminate_at_every_time():
    time = np.arange(1.0, 21)
    areas = survival.time_dependent_auroc(-time, time, np.ones(20), np.zeros(20), np.array([5.0, 10.0]))
    assert areas == pytest.approx([1, 1])
