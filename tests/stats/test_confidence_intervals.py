"""Intervals cover what they promise, and resampling keeps groups whole."""

import math

import numpy as np
import pytest

from readsight.stats.confidence_intervals import (
    bootstrap_interval,
    mann_whitney,
    mean_of_proportions,
    normal_quantile,
    paired_difference,
    resamples_of_groups,
    wilson,
)


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


def test_mean_of_proportions_covers():
    """Three classes of unlike sizes, nearly all right, as balanced accuracy has them."""
    draw, sizes, p = np.random.default_rng(1), (14, 21, 35), np.array([0.9, 0.95, 0.98])
    hits = 0
    for _ in range(400):
        found = mean_of_proportions([wilson(draw.binomial(n, q), n) for n, q in zip(sizes, p, strict=True)])
        hits += found.low <= p.mean() <= found.high
    assert hits / 400 >= 0.9
    one = wilson(7, 9)
    assert mean_of_proportions([one]) == pytest.approx(one)
    assert math.isnan(mean_of_proportions([]).value)


def test_paired_difference_mirrors_and_covers():
    one, other = paired_difference(50, 6, 2, 12), paired_difference(50, 2, 6, 12)
    assert (one.value, one.low, one.high) == pytest.approx((-other.value, -other.high, -other.low))
    same = paired_difference(70, 0, 0, 0)
    assert same.value == 0 and same.low < 0 < same.high
    draw, parts, n = np.random.default_rng(2), [0.85, 0.08, 0.04, 0.03], 70
    found = [paired_difference(*draw.multinomial(n, parts)) for _ in range(500)]
    assert np.mean([f.low <= 0.04 <= f.high for f in found]) >= 0.93


def test_four_discordant_of_seventy_prove_nothing():
    """McNemar's exact test of 4 against 0 gives p = 0.125; resampling alone would exclude 0."""
    assert paired_difference(66, 4, 0, 0).low < 0
    assert paired_difference(60, 10, 0, 0).low > 0


def test_area_under_the_curve_at_its_edge_has_width():
    assert mann_whitney(1.0, 20, 50).high == 1 and 0.8 < mann_whitney(1.0, 20, 50).low < 1
    assert mann_whitney(0.0, 20, 50).high == pytest.approx(1 - mann_whitney(1.0, 50, 20).low)
    assert mann_whitney(1.0, 5, 5).low < mann_whitney(1.0, 50, 50).low
    middle = mann_whitney(0.8, 30, 40)
    assert middle.low < 0.8 < middle.high
