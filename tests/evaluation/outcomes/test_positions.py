"""Sites among bases: top-k accuracy and average precision by their definitions; a weight is so many windows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from readsight.dataset.outcome import UNCOUNTED, Outcome
from readsight.evaluation.outcomes import positions
from readsight.evaluation.predictions import Part
from readsight.evaluation.scores import score

SITES = Outcome("positions", ("none", "acceptor", "donor"))


def windows(n, length, seed, levels=None, skill=2.0):
    """Targets with rare sites and bases that do not count, and probabilities that know something of them."""
    draw = np.random.default_rng(seed)
    target = draw.choice(4, (n, length), p=[0.8, 0.08, 0.08, 0.04]).astype(np.uint8)
    target[target == 3] = UNCOUNTED
    target[0, :3] = 0, 1, 2
    logits = draw.normal(size=(n, length, 3)) + skill * (target[..., None] == np.arange(3))
    odds = np.exp(logits)
    guess = odds / odds.sum(axis=-1, keepdims=True)
    return target, guess if levels is None else np.round(guess * levels) / levels


def part_of(guess, target, weights, fold=None):
    n = len(target)
    fold = np.zeros(n, int) if fold is None else fold
    return Part(guess, guess, target, fold, np.arange(n).astype(str), np.asarray(weights), SITES)


def top_k(score, truth):
    """By its definition: of the k best, ties cut at random, so many are sites in the mean."""
    k = int(truth.sum())
    border = np.sort(score)[::-1][k - 1]
    above, tied = score > border, score == border
    return (truth[above].sum() + (k - above.sum()) * truth[tied].mean()) / k


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(2, 12), levels=st.sampled_from([None, 5, 50]))
def test_weights_are_so_many_windows(seed, n, levels):
    target, guess = windows(n, 30, seed, levels)
    weights = np.vstack([np.ones(n), np.random.default_rng(seed).integers(0, 4, n)]).astype(np.uint16)
    weights[1, 0] = 1
    part = part_of(guess, target, weights)
    ranked, found = positions.each(part), positions.scores(part)
    for row, own in enumerate(weights):
        one, two = np.repeat(guess, own, axis=0).reshape(-1, 3), np.repeat(target, own, axis=0).ravel()
        one, two = one[two != UNCOUNTED], two[two != UNCOUNTED]
        tops, areas = [], []
        for site, name in ((1, "acceptor"), (2, "donor")):
            tops.append(top_k(one[:, site], two == site))
            areas.append(average_precision_score(two == site, one[:, site]))
            assert ranked[name]["top_k"][row] == pytest.approx(tops[-1])
            assert ranked[name]["auprc"][row] == pytest.approx(areas[-1])
        assert found["top_k"][row] == pytest.approx(np.mean(tops))
        assert found["macro_auprc"][row] == pytest.approx(np.mean(areas))
        held = np.clip(one[np.arange(len(two)), two], 1e-6, 1)
        assert found["log_loss"][row] == pytest.approx(-np.log(held).mean())


def test_a_map_that_knows_the_sites_finds_all_and_a_flat_one_its_share():
    target, _ = windows(20, 50, 1)
    known = np.eye(3)[np.where(target == UNCOUNTED, 0, target)] * 0.8 + 0.2 / 3
    one = np.ones((1, 20), np.uint16)
    found = positions.scores(part_of(known, target, one))
    assert found["top_k"] == found["macro_auprc"] == 1
    flat = positions.each(part_of(np.full((20, 50, 3), 1 / 3), target, one))
    share = (target == 1).sum() / (target != UNCOUNTED).sum()
    assert flat["acceptor"]["top_k"] == pytest.approx(share) and flat["acceptor"]["auprc"] == pytest.approx(share)


def test_bases_that_do_not_count_change_nothing():
    target, guess = windows(10, 40, 2)
    other = np.where((target == UNCOUNTED)[..., None], np.random.default_rng(0).dirichlet(np.ones(3), target.shape), guess)
    one = np.ones((1, 10), np.uint16)
    before, after = (positions.scores(part_of(g, target, one)) for g in (guess, other))
    assert all(before[name] == after[name] for name in before)


def test_bases_of_different_folds_are_not_ranked_against_each_other():
    target, guess = windows(12, 40, 3)
    fold, one = np.repeat([0, 1], 6), np.ones((1, 12), np.uint16)
    shrunk = np.where(fold[:, None, None] == 1, guess * 0.01, guess)
    before, after = (positions.each(part_of(g, target, one, fold)) for g in (guess, shrunk))
    for name in ("acceptor", "donor"):
        assert after[name]["top_k"] == pytest.approx(before[name]["top_k"])


def test_thinned_thresholds_and_blocks_change_scores_but_little(monkeypatch):
    target, guess = windows(200, 60, 4)
    weights = np.random.default_rng(1).integers(0, 3, (30, 200)).astype(np.uint16)
    exact = positions.each(part_of(guess, target, weights))
    monkeypatch.setattr(positions, "BLOCK", 3000)
    for own, of in zip(positions.each(part_of(guess, target, weights)).values(), exact.values(), strict=True):
        assert all(np.allclose(own[name], of[name]) for name in of), "blocks change nothing"
    monkeypatch.setattr(positions, "CELLS", 1)
    for own, of in zip(positions.each(part_of(guess, target, weights)).values(), exact.values(), strict=True):
        assert all(np.abs(own[name] - of[name]).max() < 0.005 for name in of)


def test_calibration_error_is_that_of_being_a_site():
    target, guess = windows(40, 50, 5)
    one = np.ones((1, 40), np.uint16)
    told = target != UNCOUNTED
    site, truth = 1 - guess[told][:, 0], target[told] > 0
    place = np.minimum((site * 10).astype(int), 9)
    by_hand = sum(abs((site - truth)[place == b].sum()) for b in range(10)) / told.sum()
    assert positions.calibration_error(part_of(guess, target, one), "raw") == pytest.approx(by_hand)


def test_scores_of_sites_have_intervals_over_windows():
    target, guess = windows(60, 50, 6)
    weights = np.vstack([np.ones(60), np.random.default_rng(1).multinomial(60, np.full(60, 1 / 60), 200)]).astype(np.uint16)
    found = score([part_of(guess, target, weights)])
    assert list(found.per_class) == ["acceptor", "donor"]
    for name in ("top_k", "auprc"):
        cells = [own[name] for own in found.per_class.values()]
        assert all(c["low"] < c["value"] < c["high"] for c in cells)
    assert found.cells["top_k"]["value"] == pytest.approx(np.mean([own["top_k"]["value"] for own in found.per_class.values()]))
    assert found.confusion.sum() == (target != UNCOUNTED).sum()
    assert found.confusion[1].sum() == found.per_class["acceptor"]["n"] == (target == 1).sum()
