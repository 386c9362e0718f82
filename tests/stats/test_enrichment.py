"""Tests of gene sets against what they are by definition and against reference implementations."""

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readsight.stats.enrichment import adjusted, jaccard_by_chance, over_representation, rank_test, ranks, spearman, tied

stats = pytest.importorskip("scipy.stats")


@given(st.integers(1, 3000), st.data())
@settings(max_examples=100, deadline=None)
def test_over_representation_is_the_hypergeometric_tail(n, data):
    members, drawn = data.draw(st.integers(0, n)), data.draw(st.integers(0, n))
    seen = data.draw(st.integers(0, min(members, drawn)))
    expected = stats.hypergeom.sf(seen - 1, n, members, drawn)
    assert over_representation(n, members, drawn, seen) == pytest.approx(expected, rel=1e-6, abs=1e-300)


def test_the_rank_test_is_that_of_a_reference_implementation():
    draw = np.random.default_rng(1)
    values = draw.integers(0, 30, 200).astype(float)
    inside = draw.random(200) < 0.2
    ranked = ranks(values)
    np.testing.assert_allclose(ranked, stats.rankdata(values))
    larger, p = rank_test(ranked, inside, tied(ranked))
    theirs = stats.mannwhitneyu(values[inside], values[~inside], alternative="greater", method="asymptotic")
    assert p == pytest.approx(theirs.pvalue)
    assert larger == pytest.approx(theirs.statistic / (inside.sum() * (~inside).sum()))


def test_nothing_to_compare_is_not_a_finding():
    ranked = ranks(np.ones(9))
    assert rank_test(ranked, np.arange(9) < 4, tied(ranked)) == (0.5, 1.0)
    assert all(math.isnan(v) for v in rank_test(ranked, np.zeros(9, bool), 0.0))
    assert over_representation(100, 10, 0, 0) == 1.0


def test_adjusted_p_values_are_those_of_benjamini_and_hochberg():
    p = np.random.default_rng(2).random(40) ** 3
    np.testing.assert_allclose(adjusted(p), stats.false_discovery_control(p))
    with_gap = adjusted([0.01, math.nan, 0.04])
    assert with_gap[0] == pytest.approx(0.02) and math.isnan(with_gap[1]) and with_gap[2] == pytest.approx(0.04)


def test_spearman_is_that_of_a_reference_implementation():
    a, b = np.random.default_rng(3).integers(0, 9, (2, 50)).astype(float)
    assert spearman(a, b) == pytest.approx(stats.spearmanr(a, b).statistic)
    assert math.isnan(spearman(a, np.zeros(50))) and math.isnan(spearman(a[:2], b[:2]))


@pytest.mark.parametrize("sizes", [(6, 2, 3), (5, 5, 2), (4, 3, 3)])
def test_overlap_by_chance_is_the_mean_over_all_pairs_of_sets(sizes):
    n, one, other = sizes
    fixed = set(range(one))
    found = [len(fixed & set(s)) / len(fixed | set(s)) for s in combinations(range(n), other)]
    assert jaccard_by_chance(n, one, other) == pytest.approx(np.mean(found))
