"""Resamples are counts scored in blocks; neither affects a score."""

import numpy as np
import pytest

from readsight.dataset.outcome import Outcome
from readsight.evaluation import predictions as module
from readsight.evaluation.predictions import PredictionSubset
from readsight.evaluation.scores import score_model
from readsight.stats import metrics
from readsight.stats.confidence_intervals import resample_groups

CLASSES = ("a", "b", "c")


def make_subset(kind, n=60, resamples=50):
    rng = np.random.default_rng(1)
    groups = (np.arange(n) // 2).astype(str)
    weights = metrics.group_counts(groups, resamples, 1)
    if kind == "multilabel":
        target, guess = rng.integers(0, 2, (n, 3)), rng.random((n, 3))
    elif kind == "multiclass":
        target, guess = rng.integers(0, 3, n), rng.dirichlet(np.ones(3), n)
    elif kind == "regression":
        target, guess = rng.normal(size=n), rng.normal(size=n)
    elif kind == "profile":
        target, guess = rng.poisson(3, (n, 6)).astype(float), rng.gamma(2, 2, (n, 6))
    else:
        target, guess = rng.integers(0, 2, n), rng.random(n)
    outcome = Outcome(kind, CLASSES[: 2 if kind == "binary" else 3])
    return PredictionSubset(guess, guess, target, np.arange(n) % 2, groups, weights, outcome)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel", "regression", "profile"])
def test_blocks_do_not_change_scores(monkeypatch, kind):
    subset = make_subset(kind)
    expected = score_model([subset])
    monkeypatch.setattr(module, "BLOCK_SIZE", 7 * 60)
    scores = score_model([subset])
    assert scores.values.keys() == expected.values.keys() and len(next(iter(scores.values.values()))) == 51
    for name, values in scores.values.items():
        np.testing.assert_allclose(values, expected.values[name], rtol=1e-10, equal_nan=True)
    for name, class_cells in scores.per_class.items():
        assert class_cells["recall"]["low"] == pytest.approx(expected.per_class[name]["recall"]["low"])


def test_counts_match_resampled_groups(monkeypatch):
    groups = np.array(["b", "a", "a", "c", "b", "d"])
    by_hand = [np.bincount(rows, minlength=6) for rows in resample_groups(groups, 40, 3)]
    counts = metrics.group_counts(groups, 40, 3)
    assert counts.dtype == np.uint16 and (counts[0] == 1).all() and np.array_equal(counts[1:], by_hand)
    monkeypatch.setattr(metrics, "GROUPS_PER_BLOCK", 9)
    assert np.array_equal(metrics.group_counts(groups, 40, 3), counts), "the block size must not matter"
    assert metrics.group_counts(np.array(["a", "a"]), 40, 3).shape == (1, 2), "a single group has no resamples"


def test_integer_and_float_weights_agree():
    subset = make_subset("binary")
    for metric in (metrics.auroc, metrics.auprc):
        arguments = (metric, subset.raw, subset.target.astype(float), subset.fold)
        np.testing.assert_allclose(
            metrics.average_by_fold(*arguments, subset.weights), metrics.average_by_fold(*arguments, subset.weights.astype(float))
        )
