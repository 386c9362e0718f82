"""Intervals cover what they promise, and resampling keeps groups whole."""

import math

import numpy as np
import pytest

from readsight.bootstrap import bootstrap_interval, normal_quantile, resamples_of_groups, wilson


def test_quantile_is_the_known_one():
    assert normal_quantile(0.975) == pytest.approx(1.959963985, abs=1e-8)


def test_wilson_against_published_values():
    # Newcombe 1998, table I: 81/263 and 15/148
    assert wilson(81, 263)[1:] == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(15, 148)[1:] == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert wilson(0, 20)[1:] == pytest.approx((0, 0.1611), abs=5e-5)


def test_exchanging_hits_and_misses_mirrors_the_interval():
    a, b = wilson(7, 30), wilson(23, 30)
    assert (a.low, a.high) == pytest.approx((1 - b.high, 1 - b.low), abs=1e-9)
    assert math.isnan(wilson(0, 0).value)


def test_groups_are_drawn_whole():
    groups = np.array([3, 1, 3, 2, 3, 1])
    for index in resamples_of_groups(groups, 50, seed=1):
        drawn = np.bincount(groups[index], minlength=4)
        assert all(drawn[g] % (groups == g).sum() == 0 for g in (1, 2, 3))
        assert sum(drawn[g] // (groups == g).sum() for g in (1, 2, 3)) == 3


def test_interval_of_a_mean_agrees_with_theory():
    values = np.random.default_rng(1).normal(size=400)
    found = bootstrap_interval(lambda i: values[i].mean(), np.arange(400), 2000, seed=2)
    half = 1.96 * values.std() / 20
    assert found.value == pytest.approx(values.mean())
    assert (found.low, found.high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.01)


def test_examples_that_repeat_one_another_do_not_narrow_the_interval():
    values = np.random.default_rng(1).normal(size=50)
    once = bootstrap_interval(lambda i: values[i].mean(), np.arange(50), 500, seed=3)
    often = np.repeat(values, 20)
    grouped = bootstrap_interval(lambda i: often[i].mean(), np.repeat(np.arange(50), 20), 500, seed=3)
    assert grouped == pytest.approx(once)


def test_what_cannot_be_told_is_not_told():
    assert math.isnan(bootstrap_interval(lambda i: 1.0, np.zeros(9), 100, 1).low)
    assert math.isnan(bootstrap_interval(lambda i: 1.0, np.array([]), 100, 1).value)
    assert math.isnan(bootstrap_interval(lambda i: math.nan, np.arange(9), 100, 1).low)


def test_same_seed_same_interval():
    values = np.arange(30.0)
    a, b = (bootstrap_interval(lambda i: values[i].mean(), np.arange(30) // 3, 200, seed=5) for _ in range(2))
    assert a == b
