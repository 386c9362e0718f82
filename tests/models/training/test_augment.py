"""Augmentation: what is changed of a sequence, and that the truth goes with it."""

import numpy as np
import pytest

import sequenced
from readsight.genome.codes import complement, reverse_complement
from readsight.models.training.augment import augmented, moved, substituted

NOTHING = {"reverse_complement": False, "shift": 0, "substitutions": 0.0, "indels": 0.0}
LENGTH = 60


def about(kind="binary", **more):
    return {"kind": kind, "length": LENGTH, "pair": False, "stranded": False, "bin": 1} | more


def changed(codes, target=None, said=None, **spec):
    target = np.zeros(len(codes), int) if target is None else target
    return augmented(codes, target, said or about(), NOTHING | spec, np.random.default_rng(3))


@pytest.fixture
def codes():
    return sequenced.random(400, LENGTH, 1)


def test_nothing_asked_nothing_changed_and_the_given_codes_never_are(codes):
    held = codes.copy()
    assert np.array_equal(changed(codes)[0], codes)
    changed(codes, reverse_complement=True, shift=3, substitutions=0.1, indels=0.5)
    assert np.array_equal(codes, held)


def test_half_are_turned_over_unless_stranded(codes):
    found, _ = changed(codes, reverse_complement=True)
    turned = (found == reverse_complement(codes)).all(axis=1)
    assert np.array_equal(found[~turned], codes[~turned]) and 0.4 < turned.mean() < 0.6
    assert np.array_equal(changed(codes, said=about(stranded=True), reverse_complement=True)[0], codes)


def test_a_shift_moves_all_bases_and_n_comes_in(codes):
    found, _ = changed(codes, shift=4)
    by = [next(s for s in range(-4, 5) if (row[max(0, -s) : LENGTH - max(0, s)] == old[max(0, s) : LENGTH - max(0, -s)]).all()) for row, old in zip(found, codes, strict=True)]  # fmt: skip
    assert set(by) == set(range(-4, 5))
    assert np.array_equal((found == 4).sum(axis=1), np.abs(by))


def test_substitutions_are_as_many_as_asked_and_always_another_base(codes):
    codes[:, 5] = 4
    found, _ = changed(codes, substitutions=0.1)
    assert (found != codes).mean() == pytest.approx(0.1 * (LENGTH - 1) / LENGTH, abs=0.01)
    assert (found[:, 5] == 4).all() and ((found < 4) | (codes == 4)).all()
    step = (found.astype(int) - codes) % 4
    assert np.bincount(step[found != codes], minlength=4)[1:].min() > 0.3 * (found != codes).sum()


def test_an_indel_takes_or_gives_one_to_three_bases(codes):
    found, _ = changed(codes, indels=1.0)
    kinds = set()
    for row, old in zip(found, codes, strict=True):
        gone = next((d for d in (-3, -2, -1, 1, 2, 3) if _is_indel(row, old, d)), None)
        assert gone is not None
        kinds.add(gone)
    assert kinds == {-3, -2, -1, 1, 2, 3}
    share = np.mean([(row != old).any() for row, old in zip(changed(codes, indels=0.25)[0], codes, strict=True)])
    assert share == pytest.approx(0.25, abs=0.07)


def _is_indel(row, old, size):
    """Whether a row is the old one with `size` bases inserted (or, below 0, deleted) at some place."""
    for at in range(1, LENGTH):
        if not np.array_equal(row[:at], old[:at]):
            return False
        if size > 0 and np.array_equal(row[at + size :], old[at : LENGTH - size]):
            return True
        if size < 0 and np.array_equal(row[at:size], old[at - size :]) and (row[max(at, LENGTH + size) :] == 4).all():
            return True
    return False


def test_the_truth_of_each_base_goes_with_it(codes):
    """Where A or T stands is the target: of whatever is counted afterwards it still holds."""
    target = np.isin(codes, (0, 3)).astype(np.uint8)
    found, told = changed(codes, target, about("positions"), reverse_complement=True, shift=5, indels=0.5)
    counted = told != 255
    assert np.array_equal(told[counted], np.isin(found, (0, 3))[counted]) and 0.9 < counted.mean() < 1
    assert (counted | (found == 4) | (found < 4)).all() and not counted[found == 4].any()


def test_the_signal_of_each_bin_goes_with_it(codes):
    target = np.isin(codes, (0, 3)).reshape(400, -1, 5).sum(axis=2).astype(np.float32)
    found, told = changed(codes, target, about("profile", bin=5), reverse_complement=True, shift=12, indels=1.0)
    own = np.isin(found, (0, 3)).reshape(400, -1, 5).sum(axis=2)
    counted = ~np.isnan(told)
    assert np.array_equal(told[counted], own[counted]) and 0.85 < counted.mean() < 0.99
    assert (found.reshape(400, -1, 5)[~counted] == 4).all()
    assert np.array_equal(changed(codes, target, about("profile", bin=5), shift=4)[0], codes), "less than a bin is no shift"


def test_both_windows_of_a_pair_are_changed_alike(codes):
    other = codes.copy()
    other[:, 30] = (other[:, 30] + 1) % 4
    pairs = np.hstack([codes, other])
    found, _ = changed(pairs, said=about(pair=True), reverse_complement=True, shift=4, substitutions=0.2, indels=0.3)
    reference, alternative = np.split(found, 2, axis=1)
    assert set((reference != alternative).sum(axis=1)) <= {0, 1} and ((reference != alternative).sum(axis=1) == 1).mean() > 0.95
    differing = reference != alternative
    step = (alternative.astype(int) - reference)[differing] % 4
    assert set(step) == {1, 3}, "the variant is the same one, on this strand or the other"


def test_substitutions_spare_the_variant():
    stack = np.zeros((50, 2, LENGTH), np.uint8)
    stack[:, 1, 7] = 2
    found = substituted(stack, 1.0, np.random.default_rng(1))
    assert (found[:, 0, 7] == 0).all() and (found[:, 1, 7] == 2).all()
    assert np.array_equal(np.delete(found[:, 0], 7, axis=1), np.delete(found[:, 1], 7, axis=1)) and found[:, 0, :7].all()


def test_shifts_and_indels_together_keep_the_order_of_bases():
    places = moved(300, LENGTH, 6, 1, 0.8, np.random.default_rng(2))
    for row in places:
        own = row[row >= 0]
        assert (np.diff(own) >= 1).all() and own.max() < LENGTH


def test_the_other_strand_complements():
    assert np.array_equal(complement(np.array([0, 1, 2, 3, 4], np.uint8)), [3, 2, 1, 0, 4])
