"""Imputation and z-score, by their definition, in blocks and in place."""

import numpy as np
import pytest

from readsight.dataset import scaling


@pytest.fixture
def values():
    draw = np.random.default_rng(1)
    table = draw.normal(5, 2, (37, 50)).astype(np.float32)
    table[draw.random(table.shape) < 0.1] = np.nan
    table[:, 7] = 3.25
    table[:, 8] = np.nan
    return table


def by_definition(values, train):
    filled = np.where(np.isnan(train), np.nan_to_num(np.nanmedian(train, axis=0)), train).astype(np.float64)
    new = np.where(np.isnan(values), np.nan_to_num(np.nanmedian(train, axis=0)), values)
    deviation = filled.std(axis=0)
    return np.where(deviation > 1e-9, (new - filled.mean(axis=0)) / np.where(deviation > 1e-9, deviation, 1), 0)


@pytest.mark.filterwarnings("ignore:All-NaN")
@pytest.mark.parametrize("block", [1, 100, 10**6])
@pytest.mark.parametrize("rows", [20, 37])
def test_it_is_what_the_definition_gives(values, rows, block, monkeypatch):
    for name in ("BLOCK", "RUN", "TILE"):
        monkeypatch.setattr(scaling, name, block)
    fitted = scaling.fit(values[:rows])
    np.testing.assert_allclose(scaling.apply(values, fitted), by_definition(values, values[:rows]), rtol=1e-5, atol=1e-5)


def test_training_examples_have_mean_0_and_deviation_1(values):
    scaled = scaling.apply(values, scaling.fit(values)).astype(np.float64)
    told = ~np.isin(np.arange(50), [7, 8])
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(scaled.std(axis=0)[told], 1, atol=1e-6)
    assert not scaled[:, ~told].any(), "a feature that does not vary is 0"


def test_a_feature_that_did_not_vary_in_training_is_0_elsewhere_too(values):
    fitted = scaling.fit(values)
    values[0, 7] = 99
    assert scaling.apply(values, fitted)[0, 7] == 0


def test_a_missing_value_is_the_training_median(values):
    fitted = scaling.fit(values)
    new = values[:2].copy()
    new[0] = np.nan
    new[1] = fitted["median"]
    np.testing.assert_allclose(*scaling.apply(new, fitted), rtol=1e-5, atol=1e-6)


def test_an_odd_value_is_held():
    train = np.random.default_rng(2).normal(size=(50, 3)).astype(np.float32)
    scaled = scaling.apply(np.array([[1e9, -1e9, 0]], np.float32), scaling.fit(train, clip=4))
    assert scaled[0, 0] == 4 and scaled[0, 1] == -4 and abs(scaled[0, 2]) < 1


def test_it_may_work_in_place(values):
    fitted = scaling.fit(values)
    expected = scaling.apply(values, fitted)
    assert expected.dtype == np.float32
    assert scaling.apply(values, fitted, out=values) is values
    np.testing.assert_array_equal(values, expected)


def test_float32_far_from_0_is_summed_in_float64():
    """10⁶ + noise of 1: sums of squares in float32 would know nothing of the noise."""
    table = (1e6 + np.random.default_rng(3).integers(-3, 4, (5000, 2))).astype(np.float32)
    np.testing.assert_allclose(scaling.fit(table)["deviation"], table.astype(np.float64).std(axis=0), rtol=1e-9)


def test_test_examples_change_nothing_on_training_examples(values):
    fitted = scaling.fit(values[:20])
    first = scaling.apply(values, fitted)[:20]
    values[20:] += 50
    np.testing.assert_array_equal(scaling.apply(values, scaling.fit(values[:20]))[:20], first)


def test_no_feature_is_no_error(values):
    assert scaling.apply(values[:, :0], scaling.fit(values[:, :0])).shape == (37, 0)
