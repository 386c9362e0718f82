"""Augmentation: changes of sequences, and targets that move with them."""

import numpy as np
import pytest

import sequenced
from readsight.genome.codes import complement, reverse_complement
from readsight.models.training.augment import augment_batch, draw_source_positions, substitute_bases

NOTHING = {"reverse_complement": False, "shift": 0, "substitutions": 0.0, "indels": 0.0}
LENGTH = 60


def describe(kind="binary", **overrides):
    return {"kind": kind, "length": LENGTH, "pair": False, "stranded": False, "bin": 1} | overrides


def augment(codes, target=None, description=None, **spec):
    target = np.zeros(len(codes), int) if target is None else target
    return augment_batch(codes, target, description or describe(), NOTHING | spec, np.random.default_rng(3))


@pytest.fixture
def random_codes():
    return sequenced.random_codes(400, LENGTH, 1)


def test_input_codes_are_never_changed(random_codes):
    original = random_codes.copy()
    assert np.array_equal(augment(random_codes)[0], random_codes)
    augment(random_codes, reverse_complement=True, shift=3, substitutions=0.1, indels=0.5)
    assert np.array_equal(random_codes, original)


def test_half_are_reversed_unless_stranded(random_codes):
    augmented, _ = augment(random_codes, reverse_complement=True)
    is_reversed = (augmented == reverse_complement(random_codes)).all(axis=1)
    assert np.array_equal(augmented[~is_reversed], random_codes[~is_reversed]) and 0.4 < is_reversed.mean() < 0.6
    assert np.array_equal(augment(random_codes, description=describe(stranded=True), reverse_complement=True)[0], random_codes)


def test_shift_moves_bases_and_fills_with_n(random_codes):
    augmented, _ = augment(random_codes, shift=4)
    shifts = [next(s for s in range(-4, 5) if (row[max(0, -s) : LENGTH - max(0, s)] == old[max(0, s) : LENGTH - max(0, -s)]).all()) for row, old in zip(augmented, random_codes, strict=True)]  # fmt: skip
    assert set(shifts) == set(range(-4, 5))
    assert np.array_equal((augmented == 4).sum(axis=1), np.abs(shifts))


def test_substitution_rate_is_respected(random_codes):
    random_codes[:, 5] = 4
    augmented, _ = augment(random_codes, substitutions=0.1)
    assert (augmented != random_codes).mean() == pytest.approx(0.1 * (LENGTH - 1) / LENGTH, abs=0.01)
    assert (augmented[:, 5] == 4).all() and ((augmented < 4) | (random_codes == 4)).all()
    step = (augmented.astype(int) - random_codes) % 4
    assert np.bincount(step[augmented != random_codes], minlength=4)[1:].min() > 0.3 * (augmented != random_codes).sum()


def test_indels_have_one_to_three_bases(random_codes):
    augmented, _ = augment(random_codes, indels=1.0)
    kinds = set()
    for row, old in zip(augmented, random_codes, strict=True):
        size = next((d for d in (-3, -2, -1, 1, 2, 3) if _is_indel(row, old, d)), None)
        assert size is not None
        kinds.add(size)
    assert kinds == {-3, -2, -1, 1, 2, 3}
    rate = np.mean([(row != old).any() for row, old in zip(augment(random_codes, indels=0.25)[0], random_codes, strict=True)])
    assert rate == pytest.approx(0.25, abs=0.07)


def _is_indel(row, old, size):
    """Whether `row` is `old` with `size` bases inserted (negative: deleted) at some position."""
    for position in range(1, LENGTH):
        if not np.array_equal(row[:position], old[:position]):
            return False
        if size > 0 and np.array_equal(row[position + size :], old[position : LENGTH - size]):
            return True
        if (
            size < 0
            and np.array_equal(row[position:size], old[position - size :])
            and (row[max(position, LENGTH + size) :] == 4).all()
        ):
            return True
    return False


def test_base_labels_follow_their_bases(random_codes):
    """The target is whether a base is A or T: counted positions must still match afterwards."""
    target = np.isin(random_codes, (0, 3)).astype(np.uint8)
    augmented, moved_target = augment(random_codes, target, describe("positions"), reverse_complement=True, shift=5, indels=0.5)
    is_counted = moved_target != 255
    assert np.array_equal(moved_target[is_counted], np.isin(augmented, (0, 3))[is_counted]) and 0.9 < is_counted.mean() < 1
    assert (is_counted | (augmented == 4) | (augmented < 4)).all() and not is_counted[augmented == 4].any()


def test_bin_signals_follow_their_bins(random_codes):
    target = np.isin(random_codes, (0, 3)).reshape(400, -1, 5).sum(axis=2).astype(np.float32)
    augmented, moved_target = augment(
        random_codes, target, describe("profile", bin=5), reverse_complement=True, shift=12, indels=1.0
    )
    expected = np.isin(augmented, (0, 3)).reshape(400, -1, 5).sum(axis=2)
    is_counted = ~np.isnan(moved_target)
    assert np.array_equal(moved_target[is_counted], expected[is_counted]) and 0.85 < is_counted.mean() < 0.99
    assert (augmented.reshape(400, -1, 5)[~is_counted] == 4).all()
    assert np.array_equal(augment(random_codes, target, describe("profile", bin=5), shift=4)[0], random_codes), (
        "less than a bin is no shift"
    )


def test_pair_windows_change_together(random_codes):
    variant_codes = random_codes.copy()
    variant_codes[:, 30] = (variant_codes[:, 30] + 1) % 4
    pairs = np.hstack([random_codes, variant_codes])
    augmented, _ = augment(
        pairs, description=describe(pair=True), reverse_complement=True, shift=4, substitutions=0.2, indels=0.3
    )
    reference, alternative = np.split(augmented, 2, axis=1)
    assert set((reference != alternative).sum(axis=1)) <= {0, 1} and ((reference != alternative).sum(axis=1) == 1).mean() > 0.95
    differing = reference != alternative
    step = (alternative.astype(int) - reference)[differing] % 4
    assert set(step) == {1, 3}, "the variant is unchanged, on either strand"


def test_substitutions_keep_the_variant():
    stack = np.zeros((50, 2, LENGTH), np.uint8)
    stack[:, 1, 7] = 2
    substituted = substitute_bases(stack, 1.0, np.random.default_rng(1))
    assert (substituted[:, 0, 7] == 0).all() and (substituted[:, 1, 7] == 2).all()
    assert (
        np.array_equal(np.delete(substituted[:, 0], 7, axis=1), np.delete(substituted[:, 1], 7, axis=1))
        and substituted[:, 0, :7].all()
    )


def test_shifts_and_indels_keep_base_order():
    positions = draw_source_positions(300, LENGTH, 6, 1, 0.8, np.random.default_rng(2))
    for row in positions:
        inside = row[row >= 0]
        assert (np.diff(inside) >= 1).all() and inside.max() < LENGTH


def test_codes_are_complemented():
    assert np.array_equal(complement(np.array([0, 1, 2, 3, 4], np.uint8)), [3, 2, 1, 0, 4])
