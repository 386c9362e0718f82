"""One-hot is a 1 in the base's channel, whatever the shape, dtype and library."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from readsight.genome.codes import reverse_complement
from readsight.genome.onehot import one_hot, one_hot_last, one_hot_torch

CODES = arrays(np.uint8, array_shapes(min_dims=1, max_dims=3, max_side=9), elements=st.integers(0, 4))


def naive(codes: np.ndarray, unknown: float = 0.0) -> np.ndarray:
    """Base by base."""
    found = np.zeros((*codes.shape[:-1], 4, codes.shape[-1]))
    for at in np.ndindex(codes.shape):
        *above, place = at
        if codes[at] < 4:
            found[(*above, codes[at], place)] = 1
        else:
            found[(*above, slice(None), place)] = unknown
    return found


@given(CODES, st.sampled_from([np.float32, np.float64, np.float16, np.int8, np.uint8, np.int64, bool]))
def test_as_base_by_base_in_every_dtype(codes, dtype):
    found = one_hot(codes, dtype)
    assert found.dtype == dtype and found.flags.c_contiguous
    assert np.array_equal(found, naive(codes).astype(dtype))


@given(CODES, st.sampled_from([0.0, 0.25]), st.sampled_from([torch.float32, torch.bfloat16, torch.int8]))
def test_torch_gives_the_same(codes, unknown, dtype):
    if dtype is torch.int8:
        unknown = 0.0
    found = one_hot_torch(torch.from_numpy(codes), dtype, unknown)
    assert found.dtype == dtype and np.array_equal(found.double().numpy(), naive(codes, unknown))
    assert np.array_equal(one_hot_torch(torch.from_numpy(codes.astype(np.int64))).numpy(), one_hot(codes))


@given(CODES)
def test_each_base_has_mass_one_and_n_none_or_a_quarter_each(codes):
    assert np.array_equal(one_hot(codes).sum(axis=-2), codes < 4)
    assert np.array_equal(one_hot(codes, unknown=0.25), naive(codes, 0.25).astype(np.float32))
    assert (one_hot(codes, unknown=0.25).sum(axis=-2) == 1).all()


@given(CODES, st.sampled_from([np.float32, np.float64, np.float16, np.int8, np.uint8, bool]), st.sampled_from([0.0, 0.25]))
def test_channels_last_are_the_same_turned(codes, dtype, unknown):
    if np.dtype(dtype).kind != "f":
        unknown = 0.0
    found = one_hot_last(codes, dtype, unknown)
    assert found.dtype == dtype and np.array_equal(np.moveaxis(found, -1, -2), one_hot(codes, dtype, unknown))


@given(CODES)
def test_the_reverse_complement_turns_both_axes_over(codes):
    assert np.array_equal(one_hot(reverse_complement(codes)), one_hot(codes)[..., ::-1, ::-1])


def test_codes_that_do_not_lie_in_one_piece():
    codes = np.arange(60, dtype=np.uint8).reshape(6, 10) % 5
    assert np.array_equal(one_hot(codes[::2, ::-3]), naive(codes[::2, ::-3]))
    assert np.array_equal(one_hot_torch(torch.from_numpy(codes).T).numpy(), naive(codes.T))


def test_a_quarter_is_no_whole_number():
    with pytest.raises(ValueError, match="fractions"):
        one_hot(np.array([4], np.uint8), np.int8, unknown=0.25)
