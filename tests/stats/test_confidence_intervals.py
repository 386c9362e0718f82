"""Intervals have nominal coverage, and resampling keeps groups together."""

import math

import numpy as np
import pytest

from readsight.stats.confidence_intervals import (
    bootstrap_interval,
    mann_whitney_interval,
    mean_of_proportions,
    normal_quantile,
    proportion_difference,
    resample_groups,
    wilson_interval,
)


def test_normal_quantile():
    assert normal_quantile(0.975) == pytest.approx(1.959963985, abs=1e-8)


def test_wilson_interval_matches_published_values():
    # Newcombe 1998, table I: 81/263 and 15/148
    assert wilson_interval(81, 263)[1:] == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson_interval(15, 148)[1:] == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert wilson_interval(0, 20)[1:] == pytest.approx((0, 0.1611), abs=5e-5)


def test_exchanging_hits_and_misses_mirrors_the_interval():
    a, b = wilson_interval(7, 30), wilson_interval(23, 30)
    assert (a.low, a.high) == pytest.approx((1 - b.high, 1 - b.low), abs=1e-9)
    assert math.isnan(wilson_interval(0, 0).value)


def test_groups_are_resampled_as_units():
    groups = np.array([3, 1, 3, 2, 3, 1])
    for index in resample_groups(groups, 50, seed=1):
        drawn = np.bincount(groups[index], minlength=4)
        assert all(drawn[g] % (groups == g).sum() == 0 for g in (1, 2, 3))
        assert sum(drawn[g] // (groups == g).sum() for g in (1, 2, 3)) == 3


def test_interval_of_a_mean_agrees_with_theory():
    values = np.random.default_rng(1).normal(size=400)
    interval = bootstrap_interval(lambda i: values[i].mean(), np.arange(400), 2000, seed=2)
    half = 1.96 * values.std() / 20
    assert interval.value == pytest.approx(values.mean())
    assert (interval.low, interval.high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.01)


def test_repeated_examples_do_not_narrow_the_interval():
    values = np.random.default_rng(1).normal(size=50)
    once = bootstrap_interval(lambda i: values[i].mean(), np.arange(50), 500, seed=3)
    often = np.repeat(values, 20)
    grouped = bootstrap_interval(lambda i: often[i].mean(), np.repeat(np.arange(50), 20), 500, seed=3)
    assert grouped == pytest.approx(once)


def test_undefined_statistics_give_nan():
    assert math.isnan(bootstrap_interval(lambda i: 1.0, np.zeros(9), 100, 1).low)
    assert math.isnan(bootstrap_interval(lambda i: 1.0, np.array([]), 100, 1).value)
    assert math.isnan(bootstrap_interval(lambda i: math.nan, np.arange(9), 100, 1).low)


def test_same_seed_same_interval():
    values = np.arange(30.0)
    a, b = (bootstrap_interval(lambda i: values[i].mean(), np.arange(30) // 3, 200, seed=5) for _ in range(2))
    assert a == b


def test_mean_of_proportions_covers():
    """Three classes of unequal sizes with high recall, as for balanced accuracy."""
    rng, sizes, p = np.random.default_rng(1), (14, 21, 35), np.array([0.9, 0.95, 0.98])
    hits = 0
    for _ in range(400):
        interval = mean_of_proportions([wilson_interval(rng.binomial(n, q), n) for n, q in zip(sizes, p, strict=True)])
        hits += interval.low <= p.mean() <= interval.high
    assert hits / 400 >= 0.9
    single = wilson_interval(7, 9)
    assert mean_of_proportions([single]) == pytest.approx(single)
    assert math.isnan(mean_of_proportions([]).value)


def test_paired_difference_mirrors_and_covers():
    difference, mirrored = proportion_difference(50, 6, 2, 12), proportion_difference(50, 2, 6, 12)
    assert (difference.value, difference.low, difference.high) == pytest.approx((-mirrored.value, -mirrored.high, -mirrored.low))
    same = proportion_difference(70, 0, 0, 0)
    assert same.value == 0 and same.low < 0 < same.high
    rng, probabilities, n = np.random.default_rng(2), [0.85, 0.08, 0.04, 0.03], 70
    intervals = [proportion_difference(*rng.multinomial(n, probabilities)) for _ in range(500)]
    assert np.mean([f.low <= 0.04 <= f.high for f in intervals]) >= 0.93


def test_four_discordant_of_seventy_are_not_significant():
    """McNemar's exact test of 4 against 0 gives p = 0.125; resampling alone would exclude 0."""
    assert proportion_difference(66, 4, 0, 0).low < 0
    assert proportion_difference(60, 10, 0, 0).low > 0


def test_auroc_interval_has_width_at_bounds():
    assert mann_whitney_interval(1.0, 20, 50).high == 1 and 0.8 < mann_whitney_interval(1.0, 20, 50).low < 1
    assert mann_whitney_interval(0.0, 20, 50).high == pytest.approx(1 - mann_whitney_interval(1.0, 50, 20).low)
    assert mann_whitney_interval(1.0, 5, 5).low < mann_whitney_interval(1.0, 50, 50).low
    middle = mann_whitney_interval(0.8, 30, 40)
    assert middle.low < 0.8 < middle.high
