"""Imputation and z-score against their definition, in blocks and in place."""

import numpy as np
import pytest

from readsight.dataset import scaling


@pytest.fixture
def feature_table():
    rng = np.random.default_rng(1)
    table = rng.normal(5, 2, (37, 50)).astype(np.float32)
    table[rng.random(table.shape) < 0.1] = np.nan
    table[:, 7] = 3.25
    table[:, 8] = np.nan
    return table


def scale_by_definition(values, train):
    filled = np.where(np.isnan(train), np.nan_to_num(np.nanmedian(train, axis=0)), train).astype(np.float64)
    new = np.where(np.isnan(values), np.nan_to_num(np.nanmedian(train, axis=0)), values)
    deviation = filled.std(axis=0)
    return np.where(deviation > 1e-9, (new - filled.mean(axis=0)) / np.where(deviation > 1e-9, deviation, 1), 0)


@pytest.mark.filterwarnings("ignore:All-NaN")
@pytest.mark.parametrize("block", [1, 100, 10**6])
@pytest.mark.parametrize("rows", [20, 37])
def test_result_matches_the_definition(feature_table, rows, block, monkeypatch):
    for name in ("BLOCK", "RUN", "TILE"):
        monkeypatch.setattr(scaling, name, block)
    fitted = scaling.fit(feature_table[:rows])
    np.testing.assert_allclose(
        scaling.apply(feature_table, fitted), scale_by_definition(feature_table, feature_table[:rows]), rtol=1e-5, atol=1e-5
    )


def test_training_examples_are_standardised(feature_table):
    scaled = scaling.apply(feature_table, scaling.fit(feature_table)).astype(np.float64)
    is_variable = ~np.isin(np.arange(50), [7, 8])
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(scaled.std(axis=0)[is_variable], 1, atol=1e-6)
    assert not scaled[:, ~is_variable].any(), "a constant feature is 0"


def test_feature_constant_in_training_is_zero_everywhere(feature_table):
    fitted = scaling.fit(feature_table)
    feature_table[0, 7] = 99
    assert scaling.apply(feature_table, fitted)[0, 7] == 0


def test_missing_value_becomes_the_training_median(feature_table):
    fitted = scaling.fit(feature_table)
    new = feature_table[:2].copy()
    new[0] = np.nan
    new[1] = fitted["median"]
    np.testing.assert_allclose(*scaling.apply(new, fitted), rtol=1e-5, atol=1e-6)


def test_outlier_is_clipped():
    train = np.random.default_rng(2).normal(size=(50, 3)).astype(np.float32)
    scaled = scaling.apply(np.array([[1e9, -1e9, 0]], np.float32), scaling.fit(train, clip=4))
    assert scaled[0, 0] == 4 and scaled[0, 1] == -4 and abs(scaled[0, 2]) < 1


def test_scaling_can_work_in_place(feature_table):
    fitted = scaling.fit(feature_table)
    expected = scaling.apply(feature_table, fitted)
    assert expected.dtype == np.float32
    assert scaling.apply(feature_table, fitted, out=feature_table) is feature_table
    np.testing.assert_array_equal(feature_table, expected)


def test_float32_far_from_0_is_summed_in_float64():
    """10⁶ + noise of 1: sums of squares in float32 would lose the noise."""
    table = (1e6 + np.random.default_rng(3).integers(-3, 4, (5000, 2))).astype(np.float32)
    np.testing.assert_allclose(scaling.fit(table)["deviation"], table.astype(np.float64).std(axis=0), rtol=1e-9)


def test_test_examples_do_not_change_training_examples(feature_table):
    fitted = scaling.fit(feature_table[:20])
    first = scaling.apply(feature_table, fitted)[:20]
    feature_table[20:] += 50
    np.testing.assert_array_equal(scaling.apply(feature_table, scaling.fit(feature_table[:20]))[:20], first)


def test_zero_features_are_accepted(feature_table):
    assert scaling.apply(feature_table[:, :0], scaling.fit(feature_table[:, :0])).shape == (37, 0)
