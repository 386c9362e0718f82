"""Metrics match their definitions and scikit-learn, including ties and weights."""

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
def test_binary_metrics_match_scikit_learn(seed, levels, n):
    rng = np.random.default_rng(seed)
    score = rng.integers(0, levels, n) / levels
    label = rng.integers(0, 2, n).astype(float)
    label[:2] = 0, 1
    weights = np.vstack([np.ones(n), rng.integers(0, 4, n)]).astype(float)
    weights[1, :2] = 1
    for row, row_weights in enumerate(weights):
        assert metrics.auroc(score, label, weights)[row] == pytest.approx(roc_auc_score(label, score, sample_weight=row_weights))
        assert metrics.auprc(score, label, weights)[row] == pytest.approx(
            average_precision_score(label, score, sample_weight=row_weights)
        )
        assert metrics.brier(score, label, weights)[row] == pytest.approx(
            brier_score_loss(label, score, sample_weight=row_weights)
        )
        clipped = np.clip(score, 1e-6, 1 - 1e-6)
        assert metrics.log_loss(score, label, weights)[row] == pytest.approx(
            log_loss(label, clipped, sample_weight=row_weights), rel=1e-6
        )


def test_chance_auprc_matches_random_orders():
    rng, label = np.random.default_rng(1), np.r_[np.ones(4), np.zeros(16)]
    values = [metrics.auprc(rng.random(20), label, np.ones((1, 20)))[0] for _ in range(4000)]
    assert metrics.chance_auprc(4, 20) == pytest.approx(np.mean(values), abs=0.01)
    assert metrics.chance_auprc(20, 20) == 1 and metrics.chance_auprc(400, 2000) == pytest.approx(0.2, abs=0.005)


def test_one_class_has_no_auroc():
    assert np.isnan(metrics.auroc(np.arange(4.0), np.ones(4), np.ones((1, 4)))).all()
    assert np.isnan(metrics.auprc(np.arange(4.0), np.zeros(4), np.ones((1, 4)))).all()


def test_negating_the_score_mirrors_auroc():
    rng = np.random.default_rng(2)
    score, label = rng.normal(size=80), rng.integers(0, 2, 80).astype(float)
    unit_weights = np.ones((1, 80))
    assert metrics.auroc(score, label, unit_weights) + metrics.auroc(-score, label, unit_weights) == pytest.approx(1)


def test_ranking_metrics_are_computed_within_folds():
    label = np.array([0, 1, 0, 1.0])
    score = np.array([0.1, 0.2, 0.8, 0.9])
    fold = np.array([0, 0, 1, 1])
    assert metrics.average_by_fold(metrics.auroc, score, label, fold, np.ones((1, 4))) == 1
    assert metrics.auroc(score, label, np.ones((1, 4))) == 0.75


def test_calibration_intervals_reflect_groups():
    rng = np.random.default_rng(1)
    p = np.repeat(rng.random(40), 10)
    label = np.repeat(rng.random(40) < p[::10], 10).astype(float)
    widths = []
    for groups in (np.repeat(np.arange(40), 10), np.arange(400)):
        rows = metrics.reliability_curve(p, label, list(metrics.group_weights(groups, 200, 1).T), bins=4)
        assert sum(row["n"] for row in rows) == 400
        assert all(row["low"] <= row["observed"] <= row["high"] for row in rows)
        widths.append(np.mean([row["high"] - row["low"] for row in rows]))
    assert widths[0] > 2 * widths[1]


def test_calibration_error_measures_shift():
    rng = np.random.default_rng(3)
    p = rng.uniform(0.2, 0.6, 50_000)
    label = (rng.random(50_000) < p).astype(float)
    unit_weights = np.ones((1, 50_000))
    assert metrics.calibration_error(p, label, unit_weights)[0] < 0.02
    assert metrics.calibration_error(p + 0.3, label, unit_weights)[0] == pytest.approx(0.3, abs=0.01)


def test_groups_are_resampled_as_units():
    groups = np.repeat(["a", "b", "c"], [2, 3, 1])
    weights = metrics.group_weights(groups, 200, 1)
    assert (weights[0] == 1).all()
    for name in "abc":
        assert (np.ptp(weights[:, groups == name], axis=1) == 0).all()
    counts = weights[1:, [0, 2, 5]]
    assert (counts.sum(axis=1) == 3).all()
    assert np.isnan(metrics.group_weights(np.array(["a", "a"]), 5, 1)[1:]).all(), "a single group has no interval"


def test_intervals_have_nominal_coverage():
    rng = np.random.default_rng(4)
    hits = 0
    for i in range(100):
        groups = np.repeat(np.arange(40), 5).astype(str)
        values = np.repeat(rng.normal(0, 1, 40), 5) + rng.normal(0, 0.3, 200)
        weights = metrics.group_weights(groups, 200, i)
        interval = metrics.resample_interval((weights @ values) / weights.sum(axis=1))
        hits += interval["low"] <= 0 <= interval["high"]
    assert hits >= 86


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), classes=st.integers(2, 5), n=st.integers(10, 120))
def test_class_metrics_match_scikit_learn(seed, classes, n):
    rng = np.random.default_rng(seed)
    true, predicted = rng.integers(0, classes, n), rng.integers(0, classes, n)
    true[:classes] = np.arange(classes)
    weights = np.vstack([np.ones(n), rng.integers(0, 4, n)]).astype(float)
    weights[1, :classes] = 1
    tables = metrics.confusion_tables(true, predicted, classes, weights)
    for row, row_weights in enumerate(weights):
        options = {"sample_weight": row_weights, "labels": np.arange(classes)}
        assert np.allclose(tables[row], confusion_matrix(true, predicted, **options))
        assert metrics.accuracy(tables)[row] == pytest.approx(np.average(true == predicted, weights=row_weights))
        assert metrics.balanced_accuracy(tables)[row] == pytest.approx(
            balanced_accuracy_score(true, predicted, sample_weight=row_weights)
        )
        assert metrics.mcc(tables)[row] == pytest.approx(matthews_corrcoef(true, predicted, sample_weight=row_weights))
        assert np.allclose(metrics.recalls(tables)[row], recall_score(true, predicted, average=None, **options))
        exact = np.nan_to_num(metrics.precisions(tables)[row])
        assert np.allclose(exact, precision_score(true, predicted, average=None, zero_division=0, **options))
        f1 = f1_score(true, predicted, average=None, zero_division=0, **options)
        assert np.allclose([metrics.f1(tables, c)[row] for c in range(classes)], f1)


def test_two_class_scores_match_binary_scores():
    rng = np.random.default_rng(5)
    p, label, unit_weights = rng.random(50), rng.integers(0, 2, 50), np.ones((1, 50))
    both = np.stack([1 - p, p], axis=1)
    assert metrics.brier_of_classes(both, label, unit_weights) == pytest.approx(2 * metrics.brier(p, label, unit_weights))
    assert metrics.log_loss_of_classes(both, label, unit_weights) == pytest.approx(
        metrics.log_loss(p, label.astype(float), unit_weights)
    )
    assert metrics.log_loss_of_classes(both, label, unit_weights)[0] == pytest.approx(log_loss(label, p))


def test_renaming_classes_changes_nothing():
    rng = np.random.default_rng(6)
    true, predicted, unit_weights = rng.integers(0, 3, 60), rng.integers(0, 3, 60), np.ones((1, 60))
    permutation = np.array([2, 0, 1])
    original, renamed = (
        metrics.confusion_tables(true, predicted, 3, unit_weights),
        metrics.confusion_tables(permutation[true], permutation[predicted], 3, unit_weights),
    )
    for metric in (metrics.accuracy, metrics.balanced_accuracy, metrics.mcc):
        assert metric(original) == pytest.approx(metric(renamed))


def test_balanced_accuracy_needs_all_classes():
    weights = np.array([[1, 1, 1], [1, 1, 0.0]])
    accuracy = metrics.balanced_accuracy(metrics.confusion_tables(np.array([0, 1, 2]), np.array([0, 1, 1]), 3, weights))
    assert accuracy[0] == pytest.approx(2 / 3) and np.isnan(accuracy[1])


def test_constant_prediction_is_chance():
    true, unit_weights = np.repeat([0, 1, 2], [5, 3, 2]), np.ones((1, 10))
    table = metrics.confusion_tables(true, np.zeros(10, int), 3, unit_weights)
    assert metrics.balanced_accuracy(table)[0] == pytest.approx(1 / 3)
    assert metrics.mcc(table)[0] == 0 and metrics.f1(table, 1)[0] == 0
