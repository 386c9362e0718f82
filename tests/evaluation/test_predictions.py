"""Resamples are counts, scored block by block: neither changes a score."""

import numpy as np
import pytest

from readsight.dataset.outcome import Outcome
from readsight.evaluation import predictions as module
from readsight.evaluation.predictions import Part
from readsight.evaluation.scores import score
from readsight.stats import metrics
from readsight.stats.confidence_intervals import resamples_of_groups

CLASSES = ("a", "b", "c")


def part_of(kind, n=60, resamples=50):
    draw = np.random.default_rng(1)
    groups = (np.arange(n) // 2).astype(str)
    weights = metrics.group_counts(groups, resamples, 1)
    if kind == "multilabel":
        target, guess = draw.integers(0, 2, (n, 3)), draw.random((n, 3))
    elif kind == "multiclass":
        target, guess = draw.integers(0, 3, n), draw.dirichlet(np.ones(3), n)
    elif kind == "regression":
        target, guess = draw.normal(size=n), draw.normal(size=n)
    elif kind == "profile":
        target, guess = draw.poisson(3, (n, 6)).astype(float), draw.gamma(2, 2, (n, 6))
    else:
        target, guess = draw.integers(0, 2, n), draw.random(n)
    outcome = Outcome(kind, CLASSES[: 2 if kind == "binary" else 3])
    return Part(guess, guess, target, np.arange(n) % 2, groups, weights, outcome)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel", "regression", "profile"])
def test_blocks_change_no_score(monkeypatch, kind):
    part = part_of(kind)
    whole = score([part])
    monkeypatch.setattr(module, "ROOM", 7 * 60)
    found = score([part])
    assert found.values.keys() == whole.values.keys() and len(next(iter(found.values.values()))) == 51
    for name, values in found.values.items():
        np.testing.assert_allclose(values, whole.values[name], rtol=1e-10, equal_nan=True)
    for name, own in found.per_class.items():
        assert own["recall"]["low"] == pytest.approx(whole.per_class[name]["recall"]["low"])


def test_counts_are_those_of_drawn_groups(monkeypatch):
    groups = np.array(["b", "a", "a", "c", "b", "d"])
    by_hand = [np.bincount(rows, minlength=6) for rows in resamples_of_groups(groups, 40, 3)]
    counts = metrics.group_counts(groups, 40, 3)
    assert counts.dtype == np.uint16 and (counts[0] == 1).all() and np.array_equal(counts[1:], by_hand)
    monkeypatch.setattr(metrics, "DRAWN", 9)
    assert np.array_equal(metrics.group_counts(groups, 40, 3), counts), "however many are drawn at a time"
    assert metrics.group_counts(np.array(["a", "a"]), 40, 3).shape == (1, 2), "a lone group has no resamples"


def test_counts_rank_as_numbers_do():
    part = part_of("binary")
    for metric in (metrics.auroc, metrics.auprc):
        own = (metric, part.raw, part.target.astype(float), part.fold)
        np.testing.assert_allclose(metrics.by_fold(*own, part.weights), metrics.by_fold(*own, part.weights.astype(float)))
