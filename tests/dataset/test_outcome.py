"""Targets and predictions of each kind, their columns and their losses."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import gammaln
from scipy.stats import poisson

from readsight.dataset.outcome import UNCOUNTED, Outcome, encode_classes, partial_loss

KINDS = {
    "binary": (Outcome("binary", ("control", "case")), np.array([0, 1, 1, 0]), np.array([0.2, 0.7, 0.9, 0.4])),
    "multiclass": (
        Outcome("multiclass", ("a", "b", "c")),
        np.array([0, 2, 1, 2]),
        np.array([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7], [0.2, 0.6, 0.2], [0.3, 0.3, 0.4]]),
    ),
    "multilabel": (
        Outcome("multilabel", ("er", "her2")),
        np.array([[0, 1], [1, 1], [0, 0], [1, 0]]),
        np.array([[0.1, 0.8], [0.7, 0.6], [0.2, 0.3], [0.9, 0.4]]),
    ),
    "survival": (
        Outcome("survival", ("time", "event")),
        np.array([[3.0, 1], [5.0, 0], [2.0, 1], [7.0, 1]]),
        np.array([0.5, -0.2, 1.0, -1.0]),
    ),
    "regression": (Outcome("regression", ()), np.array([1.5, -2.0, 0.0, 3.0]), np.array([1.0, -1.0, 0.5, 3.0])),
    "positions": (
        Outcome("positions", ("none", "acceptor", "donor")),
        np.array([[0, 1, UNCOUNTED], [0, 2, 0]], np.uint8),
        np.array([[[0.8, 0.1, 0.1], [0.3, 0.6, 0.1], [0.2, 0.2, 0.6]], [[0.9, 0.1, 0], [0.5, 0.2, 0.3], [0.6, 0.2, 0.2]]]),
    ),
    "profile": (Outcome("profile", ()), np.array([[0.0, 3, 1], [2, 2, 5]], np.float32), np.array([[0.5, 2, 1], [2, 3, 4]])),
}


@pytest.mark.parametrize("kind", KINDS)
def test_columns_round_trip(kind):
    outcome, target, predictions = KINDS[kind]
    table = pd.DataFrame(outcome.target_columns(target) | outcome.prediction_columns("raw", predictions))
    np.testing.assert_array_equal(outcome.read_target(table), target)
    np.testing.assert_array_equal(outcome.read_predictions(table, "raw"), predictions)
    assert Outcome.from_dict(outcome.to_dict()) == outcome


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_loss_is_the_mean_negative_log_likelihood(kind):
    outcome, target, predictions = KINDS[kind]
    if kind == "multiclass":
        chances = [row[c] for row, c in zip(predictions, target, strict=True)]
    else:
        chances = np.where(target == 1, predictions, 1 - predictions).ravel()
    assert outcome.compute_loss(predictions, target) == pytest.approx(-np.log(chances).mean())


def test_positional_targets_round_trip_through_a_file(tmp_path):
    for kind in ("positions", "profile"):
        outcome, target, predictions = KINDS[kind]
        pd.DataFrame(outcome.target_columns(target) | outcome.prediction_columns("raw", predictions)).to_parquet(
            tmp_path / "t.parquet"
        )
        table = pd.read_parquet(tmp_path / "t.parquet")
        np.testing.assert_array_equal(outcome.read_target(table), target)
        np.testing.assert_array_equal(outcome.read_predictions(table, "raw"), predictions)


def test_losses_of_numbers_bases_and_signals_match_definitions():
    outcome, target, predictions = KINDS["regression"]
    assert outcome.compute_loss(predictions, target) == pytest.approx((0.25 + 1 + 0.25 + 0) / 4)
    outcome, target, predictions = KINDS["positions"]
    assert outcome.compute_loss(predictions, target) == pytest.approx(-np.log([0.8, 0.6, 0.9, 0.3, 0.6]).mean()), (
        "of counted positions"
    )
    outcome, target, predictions = KINDS["profile"]
    likelihood = poisson.logpmf(target, predictions) + gammaln(target + 1)
    assert outcome.compute_loss(predictions, target) == pytest.approx(-likelihood.mean())


def test_partial_loss_with_ties_matches_definition():
    rng = np.random.default_rng(1)
    time, event, risk = rng.integers(1, 6, 40).astype(float), rng.integers(0, 2, 40), rng.normal(size=40)
    terms = [np.log(np.exp(risk[time >= time[i]]).sum()) - risk[i] for i in range(40) if event[i]]
    assert partial_loss(risk, time, event) == pytest.approx(np.mean(terms))
    assert partial_loss(risk + 3, time, event) == pytest.approx(partial_loss(risk, time, event))
    assert np.isnan(partial_loss(risk, time, np.zeros(40)))


def test_earlier_event_needs_higher_hazard():
    time, event = np.array([1.0, 2, 3, 4]), np.ones(4)
    assert partial_loss(-time, time, event) < partial_loss(time, time, event)


@pytest.mark.parametrize(
    "values, positive, names",
    [
        (["case", "control"], None, ["control", "case"]),
        (["Tumour", "Normal"], None, ["Normal", "Tumour"]),
        (["1", "0"], None, ["0", "1"]),
        (["ALL", "AML"], None, ["ALL", "AML"]),
        (["ALL", "AML"], "ALL", ["AML", "ALL"]),
        (["10", "9", "2"], None, ["2", "9", "10"]),
        (["yes", "no"], None, ["no", "yes"]),
    ],
)
def test_control_is_the_first_of_two_classes(values, positive, names):
    codes, classes = encode_classes(values, positive)
    assert classes == names and [classes[c] for c in codes] == values
