"""Metrics of survival agree with lifelines, weights count as repeats do, and folds stay apart."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter
from lifelines.statistics import logrank_test
from lifelines.utils import concordance_index

from readsight.stats import survival


def drawn(seed, n=60, ties=True):
    draw = np.random.default_rng(seed)
    risk = draw.integers(0, 12, n).astype(float) if ties else draw.normal(size=n)
    time = draw.integers(1, 25, n).astype(float) if ties else draw.exponential(np.exp(-risk))
    event = (draw.random(n) < 0.6).astype(float)
    event[:2] = 1
    return risk, time, event


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_concordance_is_lifelines_ties_too(seed):
    risk, time, event = drawn(seed)
    won, whole = survival.pairs(risk, time, event, np.ones((1, 60)))
    assert won[0] / whole[0] == pytest.approx(concordance_index(time, -risk, event))


def test_a_weight_of_two_is_the_example_twice():
    risk, time, event = drawn(1, ties=False)
    weights = np.random.default_rng(2).integers(0, 3, 60)
    twice = np.repeat(np.arange(60), weights)
    one = survival.c_index(risk, time, event, np.zeros(60), weights[None].astype(float))
    other = survival.c_index(risk[twice], time[twice], event[twice], np.zeros(len(twice)), np.ones((1, len(twice))))
    assert one == pytest.approx(other)


def test_pairs_are_the_same_in_pieces(monkeypatch):
    risk, time, event = drawn(3)
    whole = survival.pairs(risk, time, event, np.ones((1, 60)))
    monkeypatch.setattr(survival, "ROOM", 100)
    assert np.allclose(survival.pairs(risk, time, event, np.ones((1, 60))), whole)


def test_turning_the_risk_round_mirrors_c():
    risk, time, event = drawn(4)
    fold, one = np.arange(60) % 3, np.ones((1, 60))
    for uno in (False, True):
        both = [survival.c_index(sign * risk, time, event, fold, one, uno)[0] for sign in (1, -1)]
        assert sum(both) == pytest.approx(1)


def test_unos_c_is_harrells_where_none_is_censored():
    risk, time, _ = drawn(5, ties=False)
    one, fold = np.ones((1, 60)), np.zeros(60)
    found = [survival.c_index(risk, time, np.ones(60), fold, one, uno)[0] for uno in (False, True)]
    assert found[0] == pytest.approx(found[1])


def test_no_event_is_no_concordance():
    assert np.isnan(survival.c_index(np.arange(4.0), np.arange(4.0), np.zeros(4), np.zeros(4), np.ones((1, 4))))[0]


@pytest.mark.parametrize("seed", range(3))
def test_survival_curve_is_lifelines(seed):
    _, time, event = drawn(seed)
    fitter = KaplanMeierFitter().fit(time, event)
    steps = survival.kaplan_meier(time, event)
    assert np.allclose(steps.value, fitter.survival_function_at_times(steps.time))
    own = fitter.confidence_interval_.loc[steps.time].to_numpy()
    inside = (steps.value > 0) & (steps.value < 1)
    assert np.allclose(np.stack([steps.low, steps.high], axis=1)[inside], own[inside], atol=1e-4)


@pytest.mark.parametrize("seed", range(3))
def test_log_rank_is_lifelines(seed):
    risk, time, event = drawn(seed)
    high = risk > 5
    test = logrank_test(time[high], time[~high], event[high], event[~high])
    found = survival.log_rank(time, event, high)
    assert (found["chi2"], found["p"]) == pytest.approx((test.test_statistic, test.p_value))


def test_halves_are_of_each_fold():
    risk = np.r_[np.arange(10.0), 100 + np.arange(10.0)]
    high = survival.risk_groups(risk, np.repeat([0, 1], 10))
    assert high[:10].sum() == high[10:].sum() == 5


def test_perfect_risks_discriminate_at_every_time():
    time = np.arange(1.0, 21)
    found = survival.over_time(-time, time, np.ones(20), np.zeros(20), np.array([5.0, 10.0]))
    assert found == pytest.approx([1, 1])
