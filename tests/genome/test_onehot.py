"""One-hot encoding for any shape, dtype and library."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from readsight.genome.codes import reverse_complement
from readsight.genome.onehot import one_hot, one_hot_last, one_hot_torch

CODES = arrays(np.uint8, array_shapes(min_dims=1, max_dims=3, max_side=9), elements=st.integers(0, 4))


def encode_naively(codes: np.ndarray, unknown: float = 0.0) -> np.ndarray:
    """Base by base."""
    encoded = np.zeros((*codes.shape[:-1], 4, codes.shape[-1]))
    for index in np.ndindex(codes.shape):
        *outer, position = index
        if codes[index] < 4:
            encoded[(*outer, codes[index], position)] = 1
        else:
            encoded[(*outer, slice(None), position)] = unknown
    return encoded


@given(CODES, st.sampled_from([np.float32, np.float64, np.float16, np.int8, np.uint8, np.int64, bool]))
def test_one_hot_matches_naive_in_every_dtype(codes, dtype):
    encoded = one_hot(codes, dtype)
    assert encoded.dtype == dtype and encoded.flags.c_contiguous
    assert np.array_equal(encoded, encode_naively(codes).astype(dtype))


@given(CODES, st.sampled_from([0.0, 0.25]), st.sampled_from([torch.float32, torch.bfloat16, torch.int8]))
def test_torch_gives_the_same(codes, unknown, dtype):
    if dtype is torch.int8:
        unknown = 0.0
    encoded = one_hot_torch(torch.from_numpy(codes), dtype, unknown)
    assert encoded.dtype == dtype and np.array_equal(encoded.double().numpy(), encode_naively(codes, unknown))
    assert np.array_equal(one_hot_torch(torch.from_numpy(codes.astype(np.int64))).numpy(), one_hot(codes))


@given(CODES)
def test_channel_sums_of_bases_and_n(codes):
    assert np.array_equal(one_hot(codes).sum(axis=-2), codes < 4)
    assert np.array_equal(one_hot(codes, unknown=0.25), encode_naively(codes, 0.25).astype(np.float32))
    assert (one_hot(codes, unknown=0.25).sum(axis=-2) == 1).all()


@given(CODES, st.sampled_from([np.float32, np.float64, np.float16, np.int8, np.uint8, bool]), st.sampled_from([0.0, 0.25]))
def test_channels_last_is_the_transpose(codes, dtype, unknown):
    if np.dtype(dtype).kind != "f":
        unknown = 0.0
    encoded = one_hot_last(codes, dtype, unknown)
    assert encoded.dtype == dtype and np.array_equal(np.moveaxis(encoded, -1, -2), one_hot(codes, dtype, unknown))


@given(CODES)
def test_reverse_complement_flips_both_axes(codes):
    assert np.array_equal(one_hot(reverse_complement(codes)), one_hot(codes)[..., ::-1, ::-1])


def test_noncontiguous_codes():
    codes = np.arange(60, dtype=np.uint8).reshape(6, 10) % 5
    assert np.array_equal(one_hot(codes[::2, ::-3]), encode_naively(codes[::2, ::-3]))
    assert np.array_equal(one_hot_torch(torch.from_numpy(codes).T).numpy(), encode_naively(codes.T))


def test_fractional_unknown_needs_a_float_dtype():
    with pytest.raises(ValueError, match="fractions"):
        one_hot(np.array([4], np.uint8), np.int8, unknown=0.25)
