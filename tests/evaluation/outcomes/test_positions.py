"""Top-k accuracy and average precision match their definitions; a weight counts as repeated windows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from readsight.dataset.outcome import UNCOUNTED, Outcome
from readsight.evaluation.outcomes import positions
from readsight.evaluation.predictions import PredictionSubset
from readsight.evaluation.scores import score_model

SITES = Outcome("positions", ("none", "acceptor", "donor"))


def draw_windows(n, length, seed, levels=None, skill=2.0):
    """Targets with rare sites and uncounted bases, and informative probabilities."""
    rng = np.random.default_rng(seed)
    target = rng.choice(4, (n, length), p=[0.8, 0.08, 0.08, 0.04]).astype(np.uint8)
    target[target == 3] = UNCOUNTED
    target[0, :3] = 0, 1, 2
    logits = rng.normal(size=(n, length, 3)) + skill * (target[..., None] == np.arange(3))
    odds = np.exp(logits)
    guess = odds / odds.sum(axis=-1, keepdims=True)
    return target, guess if levels is None else np.round(guess * levels) / levels


def make_subset(guess, target, weights, fold=None):
    n = len(target)
    fold = np.zeros(n, int) if fold is None else fold
    return PredictionSubset(guess, guess, target, fold, np.arange(n).astype(str), np.asarray(weights), SITES)


def compute_top_k(score, truth):
    """By definition: the expected number of sites among the k best, with ties broken at random."""
    k = int(truth.sum())
    border = np.sort(score)[::-1][k - 1]
    above, tied = score > border, score == border
    return (truth[above].sum() + (k - above.sum()) * truth[tied].mean()) / k


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(2, 12), levels=st.sampled_from([None, 5, 50]))
def test_weights_equal_repeated_windows(seed, n, levels):
    target, guess = draw_windows(n, 30, seed, levels)
    weights = np.vstack([np.ones(n), np.random.default_rng(seed).integers(0, 4, n)]).astype(np.uint16)
    weights[1, 0] = 1
    subset = make_subset(guess, target, weights)
    ranked, metrics = positions.rank_sites(subset), positions.compute_metrics(subset)
    for row, counts in enumerate(weights):
        repeated_guess, repeated_target = (
            np.repeat(guess, counts, axis=0).reshape(-1, 3),
            np.repeat(target, counts, axis=0).ravel(),
        )
        repeated_guess, repeated_target = (
            repeated_guess[repeated_target != UNCOUNTED],
            repeated_target[repeated_target != UNCOUNTED],
        )
        tops, areas = [], []
        for site, name in ((1, "acceptor"), (2, "donor")):
            tops.append(compute_top_k(repeated_guess[:, site], repeated_target == site))
            areas.append(average_precision_score(repeated_target == site, repeated_guess[:, site]))
            assert ranked[name]["top_k"][row] == pytest.approx(tops[-1])
            assert ranked[name]["auprc"][row] == pytest.approx(areas[-1])
        assert metrics["top_k"][row] == pytest.approx(np.mean(tops))
        assert metrics["macro_auprc"][row] == pytest.approx(np.mean(areas))
        probabilities = np.clip(repeated_guess[np.arange(len(repeated_target)), repeated_target], 1e-6, 1)
        assert metrics["log_loss"][row] == pytest.approx(-np.log(probabilities).mean())


def test_perfect_and_flat_predictions_bound_top_k():
    target, _ = draw_windows(20, 50, 1)
    perfect = np.eye(3)[np.where(target == UNCOUNTED, 0, target)] * 0.8 + 0.2 / 3
    weights = np.ones((1, 20), np.uint16)
    metrics = positions.compute_metrics(make_subset(perfect, target, weights))
    assert metrics["top_k"] == metrics["macro_auprc"] == 1
    flat = positions.rank_sites(make_subset(np.full((20, 50, 3), 1 / 3), target, weights))
    base_rate = (target == 1).sum() / (target != UNCOUNTED).sum()
    assert flat["acceptor"]["top_k"] == pytest.approx(base_rate) and flat["acceptor"]["auprc"] == pytest.approx(base_rate)


def test_uncounted_bases_do_not_affect_metrics():
    target, guess = draw_windows(10, 40, 2)
    changed_guess = np.where(
        (target == UNCOUNTED)[..., None], np.random.default_rng(0).dirichlet(np.ones(3), target.shape), guess
    )
    weights = np.ones((1, 10), np.uint16)
    before, after = (positions.compute_metrics(make_subset(g, target, weights)) for g in (guess, changed_guess))
    assert all(before[name] == after[name] for name in before)


def test_bases_are_ranked_within_folds_only():
    target, guess = draw_windows(12, 40, 3)
    fold, weights = np.repeat([0, 1], 6), np.ones((1, 12), np.uint16)
    shrunk = np.where(fold[:, None, None] == 1, guess * 0.01, guess)
    before, after = (positions.rank_sites(make_subset(g, target, weights, fold)) for g in (guess, shrunk))
    for name in ("acceptor", "donor"):
        assert after[name]["top_k"] == pytest.approx(before[name]["top_k"])


def test_blocks_and_thinned_thresholds_approximate_exact_scores(monkeypatch):
    target, guess = draw_windows(200, 60, 4)
    weights = np.random.default_rng(1).integers(0, 3, (30, 200)).astype(np.uint16)
    exact = positions.rank_sites(make_subset(guess, target, weights))
    monkeypatch.setattr(positions, "BLOCK", 3000)
    for approximate, reference in zip(
        positions.rank_sites(make_subset(guess, target, weights)).values(), exact.values(), strict=True
    ):
        assert all(np.allclose(approximate[name], reference[name]) for name in reference), "block size must not matter"
    monkeypatch.setattr(positions, "CELLS", 1)
    for approximate, reference in zip(
        positions.rank_sites(make_subset(guess, target, weights)).values(), exact.values(), strict=True
    ):
        assert all(np.abs(approximate[name] - reference[name]).max() < 0.005 for name in reference)


def test_calibration_error_concerns_any_site():
    target, guess = draw_windows(40, 50, 5)
    weights = np.ones((1, 40), np.uint16)
    is_counted = target != UNCOUNTED
    site, truth = 1 - guess[is_counted][:, 0], target[is_counted] > 0
    bin_index = np.minimum((site * 10).astype(int), 9)
    by_hand = sum(abs((site - truth)[bin_index == b].sum()) for b in range(10)) / is_counted.sum()
    assert positions.compute_calibration_error(make_subset(guess, target, weights), "raw") == pytest.approx(by_hand)


def test_site_scores_have_intervals_over_windows():
    target, guess = draw_windows(60, 50, 6)
    weights = np.vstack([np.ones(60), np.random.default_rng(1).multinomial(60, np.full(60, 1 / 60), 200)]).astype(np.uint16)
    scores = score_model([make_subset(guess, target, weights)])
    assert list(scores.per_class) == ["acceptor", "donor"]
    for name in ("top_k", "auprc"):
        cells = [site_cells[name] for site_cells in scores.per_class.values()]
        assert all(c["low"] < c["value"] < c["high"] for c in cells)
    assert scores.cells["top_k"]["value"] == pytest.approx(
        np.mean([site_cells["top_k"]["value"] for site_cells in scores.per_class.values()])
    )
    assert scores.confusion.sum() == (target != UNCOUNTED).sum()
    assert scores.confusion[1].sum() == scores.per_class["acceptor"]["n"] == (target == 1).sum()
