"""Metrics are what their definitions say, with ties and weights, and scikit-learn agrees."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    average_precision_score,
    balanced_accuracy_score,
    brier_score_loss,
    confusion_matrix,
    f1_score,
    log_loss,
    matthews_corrcoef,
    precision_score,
    recall_score,
    roc_auc_score,
)

from readsight.stats import metrics


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), levels=st.integers(2, 50), n=st.integers(10, 200))
def test_metrics_are_scikit_learns_ties_and_weights_too(seed, levels, n):
    draw = np.random.default_rng(seed)
    score = draw.integers(0, levels, n) / levels
    label = draw.integers(0, 2, n).astype(float)
    label[:2] = 0, 1
    weights = np.vstack([np.ones(n), draw.integers(0, 4, n)]).astype(float)
    weights[1, :2] = 1
    for row, own in enumerate(weights):
        assert metrics.auroc(score, label, weights)[row] == pytest.approx(roc_auc_score(label, score, sample_weight=own))
        assert metrics.auprc(score, label, weights)[row] == pytest.approx(
            average_precision_score(label, score, sample_weight=own)
        )
        assert metrics.brier(score, label, weights)[row] == pytest.approx(brier_score_loss(label, score, sample_weight=own))
        held = np.clip(score, 1e-6, 1 - 1e-6)
        assert metrics.log_loss(score, label, weights)[row] == pytest.approx(log_loss(label, held, sample_weight=own), rel=1e-6)


def test_chance_of_average_precision_is_that_of_random_orders():
    draw, label = np.random.default_rng(1), np.r_[np.ones(4), np.zeros(16)]
    drawn = [metrics.auprc(draw.random(20), label, np.ones((1, 20)))[0] for _ in range(4000)]
    assert metrics.chance_auprc(4, 20) == pytest.approx(np.mean(drawn), abs=0.01)
    assert metrics.chance_auprc(20, 20) == 1 and metrics.chance_auprc(400, 2000) == pytest.approx(0.2, abs=0.005)


def test_one_class_has_no_auroc():
    assert np.isnan(metrics.auroc(np.arange(4.0), np.ones(4), np.ones((1, 4)))).all()
    assert np.isnan(metrics.auprc(np.arange(4.0), np.zeros(4), np.ones((1, 4)))).all()


def test_negating_the_score_mirrors_auroc():
    draw = np.random.default_rng(2)
    score, label = draw.normal(size=80), draw.integers(0, 2, 80).astype(float)
    one = np.ones((1, 80))
    assert metrics.auroc(score, label, one) + metrics.auroc(-score, label, one) == pytest.approx(1)


def test_folds_are_not_ranked_against_each_other():
    label = np.array([0, 1, 0, 1.0])
    score = np.array([0.1, 0.2, 0.8, 0.9])
    fold = np.array([0, 0, 1, 1])
    assert metrics.by_fold(metrics.auroc, score, label, fold, np.ones((1, 4))) == 1
    assert metrics.auroc(score, label, np.ones((1, 4))) == 0.75


def test_bins_of_the_calibration_curve_are_as_sure_as_their_groups():
    draw = np.random.default_rng(1)
    p = np.repeat(draw.random(40), 10)
    label = np.repeat(draw.random(40) < p[::10], 10).astype(float)
    widths = []
    for groups in (np.repeat(np.arange(40), 10), np.arange(400)):
        rows = metrics.reliability(p, label, list(metrics.group_weights(groups, 200, 1).T), bins=4)
        assert sum(row["n"] for row in rows) == 400
        assert all(row["low"] <= row["observed"] <= row["high"] for row in rows)
        widths.append(np.mean([row["high"] - row["low"] for row in rows]))
    assert widths[0] > 2 * widths[1]


def test_calibration_error_of_the_truth_is_small_and_of_a_shift_is_the_shift():
    draw = np.random.default_rng(3)
    p = draw.uniform(0.2, 0.6, 50_000)
    label = (draw.random(50_000) < p).astype(float)
    one = np.ones((1, 50_000))
    assert metrics.calibration_error(p, label, one)[0] < 0.02
    assert metrics.calibration_error(p + 0.3, label, one)[0] == pytest.approx(0.3, abs=0.01)


def test_groups_are_resampled_whole():
    groups = np.repeat(["a", "b", "c"], [2, 3, 1])
    weights = metrics.group_weights(groups, 200, 1)
    assert (weights[0] == 1).all()
    for name in "abc":
        assert (np.ptp(weights[:, groups == name], axis=1) == 0).all()
    counts = weights[1:, [0, 2, 5]]
    assert (counts.sum(axis=1) == 3).all()
    assert np.isnan(metrics.group_weights(np.array(["a", "a"]), 5, 1)[1:]).all(), "a lone group has no interval"


def test_intervals_cover_the_truth_as_often_as_they_say():
    draw = np.random.default_rng(4)
    hits = 0
    for i in range(100):
        groups = np.repeat(np.arange(40), 5).astype(str)
        values = np.repeat(draw.normal(0, 1, 40), 5) + draw.normal(0, 0.3, 200)
        weights = metrics.group_weights(groups, 200, i)
        cell = metrics.interval((weights @ values) / weights.sum(axis=1))
        hits += cell["low"] <= 0 <= cell["high"]
    assert hits >= 86


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), classes=st.integers(2, 5), n=st.integers(10, 120))
def test_metrics_of_calls_are_scikit_learns(seed, classes, n):
    draw = np.random.default_rng(seed)
    true, said = draw.integers(0, classes, n), draw.integers(0, classes, n)
    true[:classes] = np.arange(classes)
    weights = np.vstack([np.ones(n), draw.integers(0, 4, n)]).astype(float)
    weights[1, :classes] = 1
    tables = metrics.tables(true, said, classes, weights)
    for row, own in enumerate(weights):
        about = {"sample_weight": own, "labels": np.arange(classes)}
        assert np.allclose(tables[row], confusion_matrix(true, said, **about))
        assert metrics.accuracy(tables)[row] == pytest.approx(np.average(true == said, weights=own))
        assert metrics.balanced_accuracy(tables)[row] == pytest.approx(balanced_accuracy_score(true, said, sample_weight=own))
        assert metrics.mcc(tables)[row] == pytest.approx(matthews_corrcoef(true, said, sample_weight=own))
        assert np.allclose(metrics.recalls(tables)[row], recall_score(true, said, average=None, **about))
        exact = np.nan_to_num(metrics.precisions(tables)[row])
        assert np.allclose(exact, precision_score(true, said, average=None, zero_division=0, **about))
        f1 = f1_score(true, said, average=None, zero_division=0, **about)
        assert np.allclose([metrics.f1(tables, c)[row] for c in range(classes)], f1)


def test_probabilities_of_two_classes_score_as_one_probability():
    draw = np.random.default_rng(5)
    p, label, one = draw.random(50), draw.integers(0, 2, 50), np.ones((1, 50))
    both = np.stack([1 - p, p], axis=1)
    assert metrics.brier_of_classes(both, label, one) == pytest.approx(2 * metrics.brier(p, label, one))
    assert metrics.log_loss_of_classes(both, label, one) == pytest.approx(metrics.log_loss(p, label.astype(float), one))
    assert metrics.log_loss_of_classes(both, label, one)[0] == pytest.approx(log_loss(label, p))


def test_renaming_classes_changes_nothing():
    draw = np.random.default_rng(6)
    true, said, one = draw.integers(0, 3, 60), draw.integers(0, 3, 60), np.ones((1, 60))
    turn = np.array([2, 0, 1])
    one_way, other = metrics.tables(true, said, 3, one), metrics.tables(turn[true], turn[said], 3, one)
    for metric in (metrics.accuracy, metrics.balanced_accuracy, metrics.mcc):
        assert metric(one_way) == pytest.approx(metric(other))


def test_a_resample_that_lost_a_class_has_no_balanced_accuracy():
    weights = np.array([[1, 1, 1], [1, 1, 0.0]])
    found = metrics.balanced_accuracy(metrics.tables(np.array([0, 1, 2]), np.array([0, 1, 1]), 3, weights))
    assert found[0] == pytest.approx(2 / 3) and np.isnan(found[1])


def test_saying_one_class_always_is_chance():
    true, one = np.repeat([0, 1, 2], [5, 3, 2]), np.ones((1, 10))
    table = metrics.tables(true, np.zeros(10, int), 3, one)
    assert metrics.balanced_accuracy(table)[0] == pytest.approx(1 / 3)
    assert metrics.mcc(table)[0] == 0 and metrics.f1(table, 1)[0] == 0
