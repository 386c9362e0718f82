"""Gene set tests match their definitions and reference implementations."""

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readsight.stats.enrichment import (
    adjust_p_values,
    chance_jaccard,
    over_representation,
    rank_test,
    rank_values,
    spearman,
    tie_correction,
)

stats = pytest.importorskip("scipy.stats")


@given(st.integers(1, 3000), st.data())
@settings(max_examples=100, deadline=None)
def test_over_representation_is_the_hypergeometric_tail(n, data):
    members, drawn = data.draw(st.integers(0, n)), data.draw(st.integers(0, n))
    overlap = data.draw(st.integers(0, min(members, drawn)))
    expected = stats.hypergeom.sf(overlap - 1, n, members, drawn)
    assert over_representation(n, members, drawn, overlap) == pytest.approx(expected, rel=1e-6, abs=1e-300)


def test_rank_test_matches_scipy():
    rng = np.random.default_rng(1)
    values = rng.integers(0, 30, 200).astype(float)
    inside = rng.random(200) < 0.2
    ranked = rank_values(values)
    np.testing.assert_allclose(ranked, stats.rankdata(values))
    larger, p = rank_test(ranked, inside, tie_correction(ranked))
    reference = stats.mannwhitneyu(values[inside], values[~inside], alternative="greater", method="asymptotic")
    assert p == pytest.approx(reference.pvalue)
    assert larger == pytest.approx(reference.statistic / (inside.sum() * (~inside).sum()))


def test_degenerate_sets_are_not_significant():
    ranked = rank_values(np.ones(9))
    assert rank_test(ranked, np.arange(9) < 4, tie_correction(ranked)) == (0.5, 1.0)
    assert all(math.isnan(v) for v in rank_test(ranked, np.zeros(9, bool), 0.0))
    assert over_representation(100, 10, 0, 0) == 1.0


def test_adjusted_p_values_match_scipy():
    p = np.random.default_rng(2).random(40) ** 3
    np.testing.assert_allclose(adjust_p_values(p), stats.false_discovery_control(p))
    with_gap = adjust_p_values([0.01, math.nan, 0.04])
    assert with_gap[0] == pytest.approx(0.02) and math.isnan(with_gap[1]) and with_gap[2] == pytest.approx(0.04)


def test_spearman_matches_scipy():
    a, b = np.random.default_rng(3).integers(0, 9, (2, 50)).astype(float)
    assert spearman(a, b) == pytest.approx(stats.spearmanr(a, b).statistic)
    assert math.isnan(spearman(a, np.zeros(50))) and math.isnan(spearman(a[:2], b[:2]))


@pytest.mark.parametrize("sizes", [(6, 2, 3), (5, 5, 2), (4, 3, 3)])
def test_chance_jaccard_is_the_mean_over_sets(sizes):
    n, size_a, size_b = sizes
    fixed = set(range(size_a))
    indices = [len(fixed & set(subset)) / len(fixed | set(subset)) for subset in combinations(range(n), size_b)]
    assert chance_jaccard(n, size_a, size_b) == pytest.approx(np.mean(indices))
