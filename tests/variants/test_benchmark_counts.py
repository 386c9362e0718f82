"""Metrics from counts, and intervals that account for clustered errors."""

import math

import numpy as np
import pytest

from readsight.variants.benchmark_counts import FN, FP, QUERY_TP, TP, BenchmarkCounts, Counts, compute_intervals


def test_counts_add_up_by_type_stratum_and_sample():
    counts = BenchmarkCounts(["a", "b"], ["hard"], {"x": 1000, "y": 500}, 100)
    inside = np.array([[1, 1, 0], [1, 0, 1], [1, 0, 1]], dtype=bool)
    hits = np.array([[True, False, True], [True, True, True]])
    counts.add_calls(0, "x", np.array([5, 500, 999]), np.array([0, 1, 2]), inside, hits, True)
    counts.add_calls(1, "y", np.array([5, 300, 499]), np.array([0, 1, 2]), inside, ~hits, False)
    rows = {
        (r["level"], r["sample"], r["stratum"], r["type"]): (r["tp"], r["fn"], r["query_tp"], r["fp"])
        for r in counts.iterate_rows(1)
    }
    assert rows["genotype", "all", "whole", "all"] == (2, 1, 1, 2) and rows["allele", "all", "whole", "all"] == (3, 0, 0, 3)
    assert rows["genotype", "a", "hard", "snv"] == (1, 0, 0, 0) and rows["genotype", "b", "outside", "indel"] == (0, 0, 1, 1)
    for key in {key[:3] for key in rows}:
        assert np.add(rows[*key, "snv"], rows[*key, "indel"]).tolist() == list(rows[*key, "all"])


def test_f1_is_the_harmonic_mean():
    counts = Counts(8, 2, 9, 3)
    assert counts.f1.value == pytest.approx(2 / (1 / counts.recall.value + 1 / counts.precision.value))
    assert counts.f1.low < counts.f1.value < counts.f1.high
    assert math.isnan(Counts(0, 4, 0, 0).f1.value) and Counts(0, 4, 0, 1).f1.value == 0


def test_clustered_errors_widen_the_interval():
    spread = np.zeros((100, 4), dtype=int)
    spread[:, [TP, QUERY_TP]] = 9
    spread[:, [FN, FP]] = 1
    clustered = spread.copy()
    clustered[:, [FN, FP]] = 0
    clustered[:5, [FN, FP]] = 20
    for metric in ("precision", "recall", "f1"):
        even, lumpy = (compute_intervals(counts, 1)[metric] for counts in (spread, clustered))
        assert even.value == pytest.approx(lumpy.value)
        assert lumpy.high - lumpy.low > 1.5 * (even.high - even.low)


def test_without_an_error_the_interval_is_still_wide():
    counts = np.zeros((10, 4), dtype=int)
    counts[:, [TP, QUERY_TP]] = 1
    assert all(
        interval.value == interval.high == 1 and 0.6 < interval.low < 0.9 for interval in compute_intervals(counts, 1).values()
    )
